// What `sh -...` and `set -...` switch, and commands that look at options.
#ifndef RUNG_USER_SH_OPTIONS_H
#define RUNG_USER_SH_OPTIONS_H

#include "user/sh/parser.h"

// The options that are on, as $- shows them, in the arena.
const char *options_letters(struct shell *shell);

// Sets what the first arguments say: the index of the one behind them; -1: there is no such option,
// which has been told.
int options_set(struct shell *shell, int count, char **arguments);

// The same for the shell's own arguments. If there is a -c, or -s, that
// comes last, and is not skipped.
int options_start(struct shell *shell, int count, char **arguments);

// Whether the first argument's first letter, or -l, says that this is a login: it reads
// /etc/profile.
bool options_login(const struct shell *shell);

// Shows a command that is about to be run, with -x.
void options_trace(struct shell *shell, const struct node *ready);

// Ends the shell if the command that was run has failed, with -e.
void options_exit_on_error(struct shell *shell, const struct node *node);

// Built-in commands.
int options_getopts(struct shell *shell, int count, char **arguments);
int options_times(struct shell *shell, int count, char **arguments);

#endif
