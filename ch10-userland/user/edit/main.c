// edit: a full-screen editor for texts. What the keys do is at the bottom of its screen.
#include "user/edit/edit.h"
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct line *line_of(struct edit *edit)
{
    return &edit->text.lines[edit->cursor.line];
}

static bool is_further_byte(const struct line *line, size_t column)
{
    return column < line->length && (line->bytes[column] & 0xc0) == 0x80;
}

static bool is_word(const struct line *line, size_t column)
{
    unsigned char byte = (unsigned char)line->bytes[column];
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter || (byte >= '0' && byte <= '9') || byte == '_' || byte >= 0x80;
}

static bool go_left(struct edit *edit)
{
    if (edit->cursor.column > 0) {
        do {
            edit->cursor.column--;
        } while (edit->cursor.column > 0 && is_further_byte(line_of(edit), edit->cursor.column));
        return true;
    }
    if (edit->cursor.line == 0) {
        return false;
    }
    edit->cursor.line--;
    edit->cursor.column = line_of(edit)->length;
    return true;
}

static bool go_right(struct edit *edit)
{
    if (edit->cursor.column < line_of(edit)->length) {
        do {
            edit->cursor.column++;
        } while (is_further_byte(line_of(edit), edit->cursor.column));
        return true;
    }
    if (edit->cursor.line + 1 == edit->text.count) {
        return false;
    }
    edit->cursor = (struct place){edit->cursor.line + 1, 0};
    return true;
}

static void go_word(struct edit *edit, bool (*step)(struct edit *), bool to_left)
{
    bool inside = false;
    while (step(edit)) {
        size_t column = edit->cursor.column;
        const struct line *line = line_of(edit);
        bool before = to_left ? column > 0 && is_word(line, column - 1)
                              : column < line->length && is_word(line, column);
        bool here = to_left ? column < line->length && is_word(line, column)
                            : column > 0 && is_word(line, column - 1);
        inside |= here;
        if (inside && !before) {
            break;
        }
    }
}

// To another line, as near to the wanted column as it goes.
static void go_to_line(struct edit *edit, size_t line)
{
    edit->cursor.line = line < edit->text.count ? line : edit->text.count - 1;
    edit->cursor.column = view_byte(line_of(edit), edit->wanted);
}

static void insert(struct edit *edit, const char *bytes, size_t length, bool typed)
{
    edit->cursor = text_insert(&edit->text, edit->cursor, bytes, length, typed);
}

// A new line starts with as many blanks as the one before, unless it comes from a clipboard.
static void insert_newline(struct edit *edit)
{
    const struct line *line = line_of(edit);
    size_t blanks = 0;
    while (blanks < edit->cursor.column && strchr(" \t", line->bytes[blanks]) != NULL &&
           line->bytes[blanks] != '\0' && !screen_keys_wait()) {
        blanks++;
    }
    char *text = must_malloc(blanks + 1);
    text[0] = '\n';
    memcpy(text + 1, line->bytes, blanks);
    insert(edit, text, blanks + 1, false);
    free(text);
}

static void delete_back(struct edit *edit)
{
    struct place end = edit->cursor;
    if (go_left(edit)) {
        text_remove(&edit->text, edit->cursor, end);
    }
}

static void delete_here(struct edit *edit)
{
    struct place start = edit->cursor;
    if (go_right(edit)) {
        text_remove(&edit->text, start, edit->cursor);
        edit->cursor = start;
    }
}

// Takes the line into the clipboard, behind those that were just taken; out of the text too if
// told.
static void take_line(struct edit *edit, bool out, bool more)
{
    size_t number = edit->cursor.line, length;
    bool last = number + 1 == edit->text.count;
    struct place start = {number, 0}, end = {number + 1, 0};
    if (last) {
        end = (struct place){number, line_of(edit)->length};
    }
    char *line = text_copy(&edit->text, start, end, &length);
    size_t before = more ? edit->cut_length : 0;
    edit->cut = must_realloc(edit->cut, before + length + 1);
    memcpy(edit->cut + before, line, length);
    edit->cut_length = before + length;
    free(line);
    if (out) {
        text_remove(&edit->text, start, end);
        edit->cursor = start;
        edit->wanted = 0;
    } else {
        view_say(edit, "%s copied", more ? "Lines" : "Line");
        go_to_line(edit, number + 1);
    }
}

static void ask_line(struct edit *edit)
{
    char answer[PROMPT_SIZE] = "";
    int64_t number;
    screen_redraw();
    if (view_ask(edit, "Go to line: ", answer)) {
        if (command_number(answer, &number) && number > 0) {
            go_to_line(edit, (size_t)number - 1);
        } else {
            view_say(edit, "Not a line: %.80s", answer);
        }
    }
}

static bool save(struct edit *edit, bool ask)
{
    char answer[PROMPT_SIZE] = "";
    if (strlen(edit->path) < PROMPT_SIZE) {
        strcpy(answer, edit->path);
    }
    if (ask || *edit->path == '\0') {
        if (!view_ask(edit, "Save as: ", answer) || *answer == '\0') {
            view_say(edit, "Not saved");
            return false;
        }
        bool other = strcmp(answer, edit->path) != 0;
        if (other && access(answer, F_OK) == 0 &&
            view_choose(edit, "There is such a file. Overwrite it? (yes, no) ", "yn") != 'y') {
            view_say(edit, "Not saved");
            return false;
        }
        free(edit->path);
        edit->path = must_strdup(answer);
    }
    return file_save(edit);
}

static void quit(struct edit *edit)
{
    char answer = 'n';
    if (text_is_changed(&edit->text)) {
        answer = view_choose(edit, "Save the changes? (yes, no; Esc goes on editing) ", "yn");
    }
    edit->ended = answer == 'n' || (answer == 'y' && save(edit, false));
}

static void undo(struct edit *edit, bool (*what)(struct text *, struct place *), const char *none)
{
    if (!what(&edit->text, &edit->cursor)) {
        view_say(edit, "%s", none);
    }
}

// Keys that move; false: the key is none of them. Those that go up and down keep the wanted column.
static bool move(struct edit *edit, int key)
{
    size_t line = edit->cursor.line, page = edit->page > 1 ? edit->page - 1 : 1;
    switch (key) {
    case KEY_UP:
    case CONTROL('P'):
        line > 0 ? go_to_line(edit, line - 1) : (void)(edit->cursor.column = 0);
        return true;
    case KEY_DOWN:
    case CONTROL('N'):
        if (line + 1 < edit->text.count) {
            go_to_line(edit, line + 1);
        } else {
            edit->cursor.column = line_of(edit)->length;
        }
        return true;
    case KEY_PAGE_UP:
        edit->top -= page < edit->top ? page : edit->top;
        go_to_line(edit, line > page ? line - page : 0);
        return true;
    case KEY_PAGE_DOWN:
        edit->top += edit->top + 2 * page < edit->text.count ? page : 0;
        go_to_line(edit, line + page);
        return true;
    case KEY_LEFT:
    case CONTROL('B'):
        go_left(edit);
        break;
    case KEY_RIGHT:
        go_right(edit);
        break;
    case KEY_WORD_LEFT:
        go_word(edit, go_left, true);
        break;
    case KEY_WORD_RIGHT:
        go_word(edit, go_right, false);
        break;
    case KEY_HOME:
    case CONTROL('A'):
        edit->cursor.column = 0;
        break;
    case KEY_END:
    case CONTROL('E'):
        edit->cursor.column = line_of(edit)->length;
        break;
    default:
        return false;
    }
    edit->wanted = view_column(line_of(edit), edit->cursor.column);
    return true;
}

static void change(struct edit *edit, int key)
{
    bool was_cutting = edit->cutting;
    edit->cutting = key == CONTROL('K') || key == CONTROL('C');
    switch (key) {
    case '\r':
    case '\n':
        insert_newline(edit);
        break;
    case 0x7f:
    case '\b':
        delete_back(edit);
        break;
    case KEY_DELETE:
    case CONTROL('D'):
        delete_here(edit);
        break;
    case CONTROL('K'):
        take_line(edit, true, was_cutting);
        return;
    case CONTROL('C'):
        take_line(edit, false, was_cutting);
        return;
    case CONTROL('V'):
    case CONTROL('U'):
        insert(edit, edit->cut, edit->cut_length, false);
        break;
    case CONTROL('Z'):
        undo(edit, text_undo, "Nothing to undo");
        break;
    case CONTROL('Y'):
        undo(edit, text_redo, "Nothing to do again");
        break;
    case CONTROL('F'):
    case CONTROL('W'):
        search_ask(edit);
        return;
    case CONTROL('G'):
        search_next(edit);
        return;
    case CONTROL('R'):
        search_replace(edit);
        return;
    case CONTROL('L'):
        ask_line(edit);
        return;
    case CONTROL('S'):
        save(edit, false);
        return;
    case CONTROL('O'):
        save(edit, true);
        return;
    case CONTROL('Q'):
    case CONTROL('X'):
        quit(edit);
        return;
    default:
        if (key == '\t' || (key >= ' ' && key <= 0xff && key != 0x7f)) {
            char byte = (char)key;
            insert(edit, &byte, 1, true);
        } else {
            view_say(edit, "This key means nothing here");
        }
    }
    edit->wanted = view_column(line_of(edit), edit->cursor.column);
}

int main(int argc, char **argv)
{
    struct edit edit = {.path = must_strdup("")};
    const char *usage = "edit [+line] [file]";
    int64_t line = 1;
    int first = 1;
    if (argc > 1 && argv[1][0] == '+' && command_number(argv[1] + 1, &line) && line > 0) {
        first++;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        warnx("invalid option -- '%s'", argv[1] + 1);
        command_usage(usage);
    }
    first += first < argc && strcmp(argv[first], "--") == 0;
    if (argc - first > 1) {
        command_usage(usage);
    }
    if (first < argc) {
        free(edit.path);
        edit.path = must_strdup(argv[first]);
        if (!file_load(&edit, edit.path)) {
            return 1;
        }
    } else {
        text_make(&edit.text, must_malloc(1), 0);
    }
    edit.cut = must_malloc(1);
    screen_open();
    go_to_line(&edit, (size_t)line - 1);
    while (!edit.ended) {
        if (!screen_keys_wait()) {
            view_draw(&edit, NULL, NULL);
        }
        int key = screen_key(-1);
        if (key == KEY_CLOSED) {
            return 1; // the terminal is gone
        }
        if (key == KEY_NONE) {
            continue; // the size of the terminal may have changed
        }
        edit.message[0] = '\0';
        edit.cutting &= key == CONTROL('K') || key == CONTROL('C');
        if (!move(&edit, key)) {
            change(&edit, key);
        }
    }
    return 0;
}
