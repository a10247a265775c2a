#include "user/sh/line_view.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void line_flush(struct line *line)
{
    size_t done = 0;

    while (done < line->waiting) {
        ssize_t written = write(STDERR_FILENO, line->output + done, line->waiting - done);

        if (written <= 0) {
            break;
        }
        done += (size_t)written;
    }
    line->waiting = 0;
}

static void put(struct line *line, const char *text, size_t length)
{
    while (length-- > 0) {
        if (line->waiting == sizeof(line->output)) {
            line_flush(line);
        }
        line->output[line->waiting++] = *text++;
    }
}

void line_put(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

// ESC [ number letter, for a number above 0.
static void put_sequence(struct line *line, size_t number, char letter)
{
    char text[32];

    if (number > 0) {
        put(line, text, (size_t)snprintf(text, sizeof(text), "\033[%zu%c", number, letter));
    }
}

void line_move(struct line *line, size_t to)
{
    size_t from_row = (line->prompt + line->at) / line->columns;
    size_t to_row = (line->prompt + to) / line->columns;
    size_t column = (line->prompt + to) % line->columns;

    if (to_row == from_row && to <= line->at && line->at - to < 4) {
        put(line, "\b\b\b", line->at - to);
    } else {
        put_sequence(line, from_row > to_row ? from_row - to_row : 0, 'A');
        put_sequence(line, to_row > from_row ? to_row - from_row : 0, 'B');
        line_put(line, "\r");
        put_sequence(line, column, 'C');
    }
    line->at = to;
}

void line_show(struct line *line, size_t from, bool shorter)
{
    line_move(line, from);
    for (size_t i = from; i < line->length; i++) {
        char c = line->text[i];

        put(line, (unsigned char)c < ' ' || c == 127 ? "?" : &c, 1);
    }
    line->at = line->length;
    // At the end of a row some screens go on to the next only with the next character.
    if (line->length > from && (line->prompt + line->at) % line->columns == 0) {
        line_put(line, " \r");
    }
    if (shorter) {
        line_put(line, "\033[J");
    }
    line_move(line, line->cursor);
}

void line_show_prompt(struct line *line, const char *prompt)
{
    const char *last = strrchr(prompt, '\n');

    line_put(line, prompt);
    line->prompt = 0;
    for (last = last ? last + 1 : prompt; *last; last++) {
        if (*last != '\033') {
            line->prompt++;
            continue;
        }
        last += strcspn(last, "mHJK"); // colours and the like take no room
        if (!*last) {
            break;
        }
    }
    if (line->prompt > 0 && line->prompt % line->columns == 0) {
        line_put(line, " \r");
    }
    line->at = 0;
}

void line_restart(struct line *line, const char *prompt)
{
    const char *last = strrchr(prompt, '\n');

    line_move(line, 0);
    put_sequence(line, line->prompt / line->columns, 'A');
    line_put(line, "\r\033[J");
    line_show_prompt(line, last ? last + 1 : prompt);
    line_show(line, 0, false);
}
