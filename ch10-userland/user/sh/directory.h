// The working directory: its name is the way that led there, symbolic links and all.
#ifndef RUNG_USER_SH_DIRECTORY_H
#define RUNG_USER_SH_DIRECTORY_H

#include "user/sh/shell.h"

// The name that PWD has, if it is one of the working directory; else its real one, in the arena.
// NULL: it has none (errno).
const char *directory_name(struct shell *shell, bool physical);

// Built-in commands.
int directory_cd(struct shell *shell, int count, char **arguments);
int directory_pwd(struct shell *shell, int count, char **arguments);

#endif
