// The editor: searching and replacing.
#include "user/edit/edit.h"
#include "user/libc/command.h"
#include "user/libc/pattern.h"
#include "user/libc/screen.h"

#include <string.h>

// What is searched for: small letters stand for large ones too, unless there is a large one.
static struct pattern *compile(const struct edit *edit)
{
    int flags = PATTERN_FIXED | PATTERN_IGNORE_CASE;
    for (const char *byte = edit->search; *byte != '\0'; byte++) {
        flags &= *byte >= 'A' && *byte <= 'Z' ? ~PATTERN_IGNORE_CASE : flags;
    }
    const char *error;
    return pattern_compile(edit->search, flags, &error);
}

// Finds the next match at or behind a place, up to the end of the text.
static bool find(const struct edit *edit, struct pattern *pattern, struct place from,
                 struct place *start, struct place *end)
{
    for (size_t i = from.line; i < edit->text.count; i++) {
        const struct line *line = &edit->text.lines[i];
        size_t column = i == from.line ? from.column : 0;
        start->line = end->line = i;
        if (column <= line->length && pattern_find(pattern, line->bytes, line->length, column,
                                                   &start->column, &end->column)) {
            return true;
        }
    }
    return false;
}

void search_next(struct edit *edit)
{
    if (*edit->search == '\0') {
        search_ask(edit);
        return;
    }
    struct pattern *pattern = compile(edit);
    struct place from = edit->cursor, start, end;
    from.column++;
    if (find(edit, pattern, from, &start, &end)) {
        edit->cursor = start;
    } else if (find(edit, pattern, (struct place){0, 0}, &start, &end)) {
        edit->cursor = start;
        view_say(edit, "Found from the start on");
    } else {
        view_say(edit, "Not found: %.90s", edit->search);
    }
    edit->wanted = view_column(&edit->text.lines[edit->cursor.line], edit->cursor.column);
    pattern_free(pattern);
}

void search_ask(struct edit *edit)
{
    if (view_ask(edit, "Find: ", edit->search) && *edit->search != '\0') {
        search_next(edit);
    }
}

void search_replace(struct edit *edit)
{
    if (!view_ask(edit, "Replace: ", edit->search) || *edit->search == '\0' ||
        !view_ask(edit, "Replace by: ", edit->replacement)) {
        return;
    }
    struct pattern *pattern = compile(edit);
    struct place start, end;
    size_t count = 0, length = strlen(edit->replacement);
    char answer = 0;
    bool first = true;
    while (find(edit, pattern, edit->cursor, &start, &end)) {
        edit->cursor = start;
        if (answer != 'a') {
            answer = view_choose(edit, "Replace this one? (yes, no, all, end) ", "ynae");
        }
        if (answer == 0 || answer == 'e') {
            break;
        }
        edit->cursor = end;
        if (answer == 'n') {
            continue;
        }
        text_remove(&edit->text, start, end);
        if (!first) {
            text_chain(&edit->text); // all are undone at once
        }
        edit->cursor = text_insert(&edit->text, start, edit->replacement, length, false);
        if (length > 0) {
            text_chain(&edit->text);
        }
        first = false;
        count++;
    }
    view_say(edit, "%zu replaced", count);
    edit->wanted = view_column(&edit->text.lines[edit->cursor.line], edit->cursor.column);
    pattern_free(pattern);
}
