// The state of one shell. It is passed along and not global: in chapter 9 all programs share the
// kernel's memory, and a child that is a shell gets a copy.
#ifndef RUNG_USER_SH_SHELL_H
#define RUNG_USER_SH_SHELL_H

#include "user/sh/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// What makes it leave the commands that it is in.
enum shell_leave {
    LEAVE_NOTHING,
    LEAVE_LINE, // an error, or Ctrl-C: back to the prompt; a shell without one ends
};

struct shell {
    struct arena arena; // of the commands under way
    struct variable *variables;
    const char *name; // $0
    char **arguments; // $1 and on
    int argument_count;
    int status; // $?
    pid_t pid; // $$
    pid_t background; // $!, 0: none yet
    int line; // number of the line that is run
    unsigned depth; // of nested functions: see shell_enter
    enum shell_leave leave;
    bool interactive; // it has a prompt, and jobs have groups of their own
    bool child; // a copy of a shell
    uint32_t hidden; // descriptors that are the shell's own: see redirect_hide
    struct job *jobs; // the youngest first
    struct termios *terminal; // how the terminal was set at first; NULL: no prompt, no jobs
    struct history *history; // NULL: not interactive
};

// Says "NAME: LINE: ..." on the standard error.
void shell_error(const struct shell *shell, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

// The same for an error that ends a shell without a prompt, and for others the line: status 2.
void shell_fail(struct shell *shell, const char *text, ...) __attribute__((format(printf, 2, 3)));

// Goes one deeper, or fails and returns false where the stack might not suffice; goes back.
bool shell_enter(struct shell *shell);
void shell_return(struct shell *shell);

// Runs all commands of a text, of a file that is open already (0, or a hidden one, see
// redirect_hide, which it closes). Returns the last one's status.
int shell_run_text(struct shell *shell, const char *text);
int shell_run_file(struct shell *shell, int file);

// Ends the shell.
_Noreturn void shell_exit(struct shell *shell, int status);

#endif
