// Where a shell's lines come from: a file, or somebody at a terminal.
#ifndef RUNG_USER_SH_INPUT_H
#define RUNG_USER_SH_INPUT_H

#include "user/sh/shell.h"

struct input {
    int file;
    bool terminal; // with a prompt and a line editor
    char *bytes; // read, but not asked for yet; NULL: one is read at a time
    size_t position, length;
    int line; // lines given so far
};

// Begins to read a file. If it is the standard input, which commands may want to read on, no byte
// too many is read. The file is the caller's to close, after the end.
void input_begin(struct input *input, int file, bool terminal);
void input_end(struct input *input);

// Appends the next line and its newline; false: there is none. `continued`: it belongs to a command
// that has begun, and has another prompt. With Ctrl-C shell->leave is set.
bool input_line(struct shell *shell, struct input *input, struct buffer *text, bool continued);

#endif
