// The editor: what is on the screen.
#include "user/edit/edit.h"
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TAB 8
#define ROWS_AROUND 4 // title, message, two of help

static const char *const help[2][8] = {
    {"^S Save", "^F Find", "^K Cut line", "^Z Undo", "^A Start", "^L Line", "^O Save as",
     ""},
    {"^Q Quit", "^G Find next", "^V Paste", "^Y Redo", "^E End", "^R Replace", "^C Copy line",
     ""},
};
#define HELP_WIDTH 13

// Columns that a byte takes when it is shown at a column. A character of UTF-8 takes one, with its
// first byte.
static size_t width(unsigned char byte, size_t column)
{
    if (byte == '\t') {
        return TAB - column % TAB;
    }
    return byte < ' ' || byte == 0x7f ? 2 : (byte & 0xc0) == 0x80 ? 0 : 1;
}

size_t view_column(const struct line *line, size_t column)
{
    size_t at = 0;
    for (size_t i = 0; i < column; i++) {
        at += width((unsigned char)line->bytes[i], at);
    }
    return at;
}

size_t view_byte(const struct line *line, size_t wanted)
{
    size_t at = 0, i = 0;
    for (; i < line->length; i++) {
        size_t next = at + width((unsigned char)line->bytes[i], at);
        if (next > wanted) {
            break;
        }
        at = next;
    }
    return i;
}

static void draw_line(const struct edit *edit, const struct line *line, unsigned columns)
{
    size_t at = 0, end = edit->left + columns;
    bool marked = false; // special characters look special
    for (size_t i = 0; i < line->length && at < end; i++) {
        unsigned char byte = (unsigned char)line->bytes[i];
        size_t next = at + width(byte, at);
        bool special = byte != '\t' && (byte < ' ' || byte >= 0x7f);
        if (special != marked) {
            screen_style(special ? "33" : "");
            marked = special;
        }
        char shown[2] = {(char)byte, 0};
        if (special) {
            shown[0] = byte >= 0x80 ? '?' : '^';
            shown[1] = (char)(byte ^ 0x40);
        }
        for (size_t cell = at; cell < next; cell++) {
            if (cell >= edit->left && cell < end) {
                screen_put(byte == '\t' ? ' ' : shown[cell - at]);
            }
        }
        at = next;
    }
    screen_style("");
}

// Moves what is shown so that the cursor is in it.
static void scroll(struct edit *edit, size_t column, unsigned columns)
{
    if (edit->cursor.line < edit->top) {
        edit->top = edit->cursor.line;
    }
    if (edit->cursor.line >= edit->top + edit->page) {
        edit->top = edit->cursor.line - edit->page + 1;
    }
    if (column < edit->left || column >= edit->left + columns - 1) {
        edit->left = column >= columns - 1 ? column - columns / 2 : 0;
    }
}

static void draw_help(unsigned row, const char *const keys[8])
{
    screen_row(row);
    for (unsigned i = 0; keys[i][0] != '\0'; i++) {
        if ((i + 1) * HELP_WIDTH > screen_columns() + 1) {
            break;
        }
        screen_fill(i * HELP_WIDTH);
        screen_style("7");
        screen_put(keys[i][0]);
        screen_put(keys[i][1]);
        screen_style("");
        screen_format("%.*s", HELP_WIDTH - 3, keys[i] + 2);
    }
}

void view_draw(struct edit *edit, const char *prompt, const char *answer)
{
    screen_begin();
    unsigned rows = screen_rows(), columns = screen_columns();
    const struct line *lines = edit->text.lines;
    edit->page = rows > ROWS_AROUND ? rows - ROWS_AROUND : 1;
    size_t column = view_column(&lines[edit->cursor.line], edit->cursor.column);
    scroll(edit, column, columns);
    screen_row(0);
    screen_style("7");
    screen_format(" %s%s", *edit->path != '\0' ? edit->path : "(no name)",
                  text_is_changed(&edit->text) ? " *" : "");
    char place[64];
    int length = snprintf(place, sizeof(place), " line %zu of %zu, column %zu ",
                          edit->cursor.line + 1, edit->text.count, column + 1);
    screen_fill(columns > (unsigned)length ? columns - (unsigned)length : 0);
    screen_text(place);
    for (size_t i = 0; i < edit->page; i++) {
        screen_row((unsigned)i + 1);
        if (edit->top + i < edit->text.count) {
            draw_line(edit, &lines[edit->top + i], columns);
        }
    }
    unsigned bottom = rows > ROWS_AROUND ? rows - 3 : rows - 1;
    screen_row(bottom);
    screen_style(prompt != NULL ? "1" : "");
    screen_text(prompt != NULL ? prompt : edit->message);
    screen_style("");
    if (prompt != NULL) {
        screen_text(answer);
    }
    if (rows > ROWS_AROUND) {
        draw_help(rows - 2, help[0]);
        draw_help(rows - 1, help[1]);
    }
    if (prompt != NULL) {
        size_t end = strlen(prompt) + strlen(answer);
        screen_show(bottom, end < columns ? (unsigned)end : columns - 1);
    } else {
        screen_show((unsigned)(edit->cursor.line - edit->top) + 1, (unsigned)(column - edit->left));
    }
}

bool view_ask(struct edit *edit, const char *prompt, char answer[PROMPT_SIZE])
{
    size_t length = strlen(answer);
    bool proposed = true; // the first key replaces what is proposed
    while (true) {
        view_draw(edit, prompt, answer);
        int key = screen_key(-1);
        if (key == '\r' || key == '\n') {
            return true;
        }
        if (key == KEY_ESCAPE || key == CONTROL('C') || key == KEY_CLOSED) {
            return false;
        }
        bool typed = key == '\t' || (key >= ' ' && key < 0x7f) || (key >= 0x80 && key <= 0xff);
        if (key == CONTROL('U') || (typed && proposed)) {
            length = 0;
        }
        if ((key == 0x7f || key == '\b') && length > 0) {
            length--;
        }
        if (typed && length + 1 < PROMPT_SIZE) {
            answer[length++] = (char)key;
        }
        proposed &= key == KEY_NONE;
        answer[length] = '\0';
    }
}

char view_choose(struct edit *edit, const char *prompt, const char *letters)
{
    while (true) {
        view_draw(edit, prompt, "");
        int key = screen_key(-1);
        if (key == KEY_ESCAPE || key == CONTROL('C') || key == KEY_CLOSED) {
            return 0;
        }
        key = key >= 'A' && key <= 'Z' ? key | 0x20 : key;
        if (key > 0 && key < 0x7f && strchr(letters, key) != NULL) {
            return (char)key;
        }
    }
}

void view_say(struct edit *edit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(edit->message, sizeof(edit->message), format, arguments);
    va_end(arguments);
}
