// The lines that were typed before.
#ifndef RUNG_USER_SH_HISTORY_H
#define RUNG_USER_SH_HISTORY_H

#include "user/sh/shell.h"

#define HISTORY_MAX 500 // lines kept

struct history {
    char *lines[HISTORY_MAX]; // the oldest first
    int count;
    int first; // number of lines[0]; the very first line is number 1
    char *cut; // what Ctrl-K and the like have taken out of a line last; NULL: nothing
};

// Begins with an empty history, or with what an earlier shell has kept.
void history_init(struct shell *shell);

// Adds a line; false: it is blank, or that before again.
bool history_add(struct shell *shell, const char *line);

// Shows them: all or the last so many.
int history_builtin(struct shell *shell, int count, char **arguments);

#endif
