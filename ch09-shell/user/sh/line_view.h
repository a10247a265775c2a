// The line editor's line, and how it is shown on the screen.
#ifndef RUNG_USER_SH_LINE_VIEW_H
#define RUNG_USER_SH_LINE_VIEW_H

#include "user/sh/shell.h"

// A line under way. A place on the screen is a number of columns behind the prompt's beginning:
// lines that are too long for the screen go on below.
struct line {
    struct shell *shell;
    char *text;
    size_t length, cursor;
    size_t prompt; // its columns
    size_t columns; // of the screen
    size_t at; // where the screen's cursor is, as a position in the text
    char *draft; // what was typed before the history was looked at
    int old; // line of the history that is shown
    bool tabbed; // the key before was Tab, and led nowhere
    size_t waiting; // bytes of output
    char output[256];
};

// Output, kept until there is much of it, or it is asked for.
void line_put(struct line *line, const char *text);
void line_flush(struct line *line);

// Moves the screen's cursor to a position in the text.
void line_move(struct line *line, size_t to);

// Shows the text from a position on, and moves the cursor to where it belongs. `shorter`: what is
// behind the text on the screen is old.
void line_show(struct line *line, size_t from, bool shorter);

// Shows the prompt where the screen's cursor is.
void line_show_prompt(struct line *line, const char *prompt);

// Shows another prompt (of one of several lines the last), and the text anew, where they are.
void line_restart(struct line *line, const char *prompt);

#endif
