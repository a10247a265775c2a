// The line editor: a line from somebody who types.
#ifndef RUNG_USER_SH_LINE_H
#define RUNG_USER_SH_LINE_H

#include "user/sh/shell.h"

enum line_end { LINE_DONE, LINE_ENDED, LINE_INTERRUPTED }; // Return, Ctrl-D, Ctrl-C

// Shows the prompt and reads a line from the standard input, a terminal, onto the standard error.
// LINE_DONE: it is appended to the text, with a newline.
enum line_end line_read(struct shell *shell, const char *prompt, struct buffer *text);

#endif
