// Signals to the shell, and what `trap` does on them.
#ifndef RUNG_USER_SH_TRAP_H
#define RUNG_USER_SH_TRAP_H

#include "user/sh/shell.h"

// With a prompt, Ctrl-C ends the commands under way and not the shell.
void trap_catch_interrupt(void);

// Hold signals back around a fork, and no longer: a child loses none that comes before it has
// forgotten what its parent does about them. trap_unblock without trap_block does nothing.
void trap_block(void);
void trap_unblock(void);

// A signal that has come and asks for something: its number, 0: none.
int trap_pending(const struct shell *shell);

// Waits until news of a child have been collected (true), or a signal is pending, or there is no
// child. However close together they come, none is missed.
bool trap_collect(struct shell *shell);

// Whether there is an action that is still to be done, on a signal or at the end.
bool trap_any(const struct shell *shell);

// Does what signals that have come ask for. Between commands.
void trap_run(struct shell *shell);

// Does what `trap ... EXIT` says, once.
void trap_exit(struct shell *shell);

// In a new child: the actions were its parent's.
void trap_forget(struct shell *shell);

// The builtin: sets actions, or lists them.
int trap_builtin(struct shell *shell, int count, char **arguments);

#endif
