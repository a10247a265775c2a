// How the shell starts a child, and how a child becomes a command. Chapter 9: a kernel process that
// calls the command's main. Chapter 10: fork and execve. The rest of the shell doesn't know which.
#ifndef RUNG_USER_SH_LAUNCH_H
#define RUNG_USER_SH_LAUNCH_H

#include "user/sh/parser.h"

#include <stdbool.h>
#include <sys/types.h>

struct shell;

// What a child is to do, and with what.
struct launch {
    const struct node *node; // the command
    int input, output; // descriptors of pipes that become 0 and 1; -1: as they are
    int unused; // a pipe's other end, which only the parent needs; -1: none
    pid_t group; // process group: an existing one, 0: its own, -1: the shell's
    bool foreground; // its group gets the terminal
};

// Whether the stack allows for more functions within functions, of which there are so many.
bool launch_may_nest(unsigned depth);

// Starts a child that does run(shell, work) with copies of both, of the descriptors and the working
// directory, and ends with the status that this returns. Returns its pid, which is at once free to
// be waited for; -1: it could not be (errno).
pid_t launch_child(struct shell *shell, int (*run)(struct shell *shell, const struct launch *work),
                   const struct launch *work);

// Makes the caller a command: the program with the name arguments[0], which gets the arguments (at
// least one, NULL after the last) and the exported variables. Returns only if there is none: 127,
// or 126 if there is one that can't be started, and has said so ("WHO...").
int launch_program(struct shell *shell, const char *who, char **arguments);

// Finds what launch_program would start: a text to show, in the shell's arena; NULL: nothing.
const char *launch_find(struct shell *shell, const char *name);

// Calls each(context, name) with the name of every command that can be started by name alone.
void launch_list(struct shell *shell, void (*each)(void *context, const char *name), void *context);

#endif
