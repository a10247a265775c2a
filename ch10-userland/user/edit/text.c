#include "user/edit/text.h"
#include "user/libc/command.h"

#include <stdlib.h>
#include <string.h>

static struct line *add_lines(struct text *text, size_t at, size_t count)
{
    if (text->count + count > text->room) {
        text->room = 2 * (text->count + count);
        text->lines = must_realloc(text->lines, text->room * sizeof(*text->lines));
    }
    struct line *line = &text->lines[at];
    memmove(line + count, line, (text->count - at) * sizeof(*line));
    memset(line, 0, count * sizeof(*line));
    text->count += count;
    return line;
}

void text_make(struct text *text, char *bytes, size_t length)
{
    *text = (struct text){.read = bytes};
    for (const char *end = bytes + length;;) {
        const char *newline = length > 0 ? memchr(bytes, '\n', (size_t)(end - bytes)) : NULL;
        struct line *line = add_lines(text, text->count, 1);
        line->bytes = bytes;
        line->length = length > 0 ? (size_t)((newline != NULL ? newline : end) - bytes) : 0;
        if (newline == NULL) {
            return;
        }
        bytes += line->length + 1;
    }
}

// Takes bytes out of a line at a column and makes room for others, whose place is returned.
static char *change_line(struct line *line, size_t column, size_t taken, size_t added)
{
    size_t length = line->length - taken + added;
    if (line->room == 0 || length > line->room) {
        size_t larger = length > line->length ? length : line->length; // it is copied whole
        size_t room = larger + larger / 2 + 16;
        char *bytes = must_malloc(room);
        if (line->length > 0) {
            memcpy(bytes, line->bytes, line->length);
        }
        if (line->room > 0) {
            free(line->bytes);
        }
        line->bytes = bytes;
        line->room = room;
    }
    memmove(line->bytes + column + added, line->bytes + column + taken,
            line->length - column - taken);
    line->length = length;
    return line->bytes + column;
}

static void free_line(struct line *line)
{
    if (line->room > 0) {
        free(line->bytes);
    }
}

// The operations themselves, which nobody remembers.

static struct place insert(struct text *text, struct place at, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    size_t newlines = 0;
    for (const char *byte = bytes; byte < end && (byte = memchr(byte, '\n', (size_t)(end - byte)));
         byte++) {
        newlines++;
    }
    if (newlines == 0) {
        memcpy(change_line(&text->lines[at.line], at.column, 0, length), bytes, length);
        return (struct place){at.line, at.column + length};
    }
    // The line is cut: its end goes behind the last of the new ones.
    struct line *added = add_lines(text, at.line + 1, newlines);
    struct line *first = added - 1;
    const char *newline = memchr(bytes, '\n', length);
    const char *last = bytes + length;
    while (last[-1] != '\n') {
        last--;
    }
    size_t tail = first->length - at.column, last_length = (size_t)(end - last);
    char *place = change_line(&added[newlines - 1], 0, 0, last_length + tail);
    memcpy(place, last, last_length);
    memcpy(place + last_length, first->bytes + at.column, tail);
    size_t first_length = (size_t)(newline - bytes);
    memcpy(change_line(first, at.column, tail, first_length), bytes, first_length);
    for (size_t i = 0; i + 1 < newlines; i++) {
        bytes = newline + 1;
        newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t middle = (size_t)(newline - bytes);
        memcpy(change_line(&added[i], 0, 0, middle), bytes, middle);
    }
    return (struct place){at.line + newlines, last_length};
}

static void take_out(struct text *text, struct place start, struct place end)
{
    struct line *first = &text->lines[start.line], *last = &text->lines[end.line];
    if (first == last) {
        change_line(first, start.column, end.column - start.column, 0);
        return;
    }
    size_t tail = last->length - end.column, taken = first->length - start.column;
    memcpy(change_line(first, start.column, taken, tail), last->bytes + end.column, tail);
    for (struct line *line = first + 1; line <= last; line++) {
        free_line(line);
    }
    memmove(first + 1, last + 1, (text->count - end.line - 1) * sizeof(*first));
    text->count -= end.line - start.line;
}

char *text_copy(const struct text *text, struct place start, struct place end, size_t *length)
{
    size_t total = 0;
    for (size_t i = start.line; i <= end.line; i++) {
        total += (i == end.line ? end.column : text->lines[i].length + 1) -
                 (i == start.line ? start.column : 0);
    }
    char *copy = must_malloc(total), *at = copy;
    for (size_t i = start.line; i <= end.line; i++) {
        const struct line *line = &text->lines[i];
        size_t from = i == start.line ? start.column : 0;
        size_t to = i == end.line ? end.column : line->length;
        memcpy(at, line->bytes + from, to - from);
        at += to - from;
        if (i < end.line) {
            *at++ = '\n';
        }
    }
    *length = total;
    return copy;
}

// ---- What was changed ----

static struct change *remember(struct text *text, const struct change *change)
{
    while (text->change_count > text->done) {
        free(text->changes[--text->change_count].bytes);
    }
    text->never_saved |= text->saved > text->done;
    text->changes = must_grow(text->changes, text->change_count, sizeof(*text->changes));
    text->changes[text->change_count] = *change;
    text->done = ++text->change_count;
    return &text->changes[text->done - 1];
}

struct place text_insert(struct text *text, struct place at, const char *bytes, size_t length,
                         bool typed)
{
    if (length == 0) {
        return at;
    }
    struct place end = insert(text, at, bytes, length);
    struct change *last = text->done > 0 ? &text->changes[text->done - 1] : NULL;
    bool joins = typed && last != NULL && last->typed && text->done == text->change_count &&
                 text->done != text->saved && last->end.line == at.line && *bytes != '\n' &&
                 last->end.column == at.column && last->start.line == at.line;
    if (joins) {
        last->bytes = must_realloc(last->bytes, last->length + length);
        memcpy(last->bytes + last->length, bytes, length);
        last->length += length;
        last->end = end;
    } else {
        char *copy = memcpy(must_malloc(length), bytes, length);
        struct change change = {true, typed, at, end, copy, length, false};
        remember(text, &change);
    }
    return end;
}

void text_remove(struct text *text, struct place start, struct place end)
{
    struct change change = {.start = start, .end = end};
    change.bytes = text_copy(text, start, end, &change.length);
    if (change.length == 0) {
        free(change.bytes);
        return;
    }
    take_out(text, start, end);
    remember(text, &change);
}

void text_chain(struct text *text)
{
    if (text->done > 1) {
        text->changes[text->done - 1].chained = true;
    }
}

bool text_undo(struct text *text, struct place *place)
{
    bool chained = text->done > 0;
    if (!chained) {
        return false;
    }
    while (chained && text->done > 0) {
        const struct change *change = &text->changes[--text->done];
        chained = change->chained;
        if (change->inserted) {
            take_out(text, change->start, change->end);
            *place = change->start;
        } else {
            *place = insert(text, change->start, change->bytes, change->length);
        }
    }
    return true;
}

bool text_redo(struct text *text, struct place *place)
{
    if (text->done == text->change_count) {
        return false;
    }
    do {
        const struct change *change = &text->changes[text->done++];
        if (change->inserted) {
            *place = insert(text, change->start, change->bytes, change->length);
        } else {
            take_out(text, change->start, change->end);
            *place = change->start;
        }
    } while (text->done < text->change_count && text->changes[text->done].chained);
    return true;
}

bool text_is_changed(const struct text *text)
{
    return text->never_saved || text->done != text->saved;
}

void text_was_saved(struct text *text)
{
    text->saved = text->done;
    text->never_saved = false;
}
