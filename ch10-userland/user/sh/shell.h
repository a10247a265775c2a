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
    LEAVE_LOOP, // break: `leave_count` loops
    LEAVE_TURN, // continue: leave_count - 1 loops, and the turn of the one around them
    LEAVE_FUNCTION, // return: the function, or the file of a `.`
};

// What `set` switches; the letters are in builtin_set.
#define SHELL_EXIT_ON_ERROR 1u // -e
#define SHELL_NO_GLOB 2u // -f
#define SHELL_NO_RUN 4u // -n
#define SHELL_UNSET_IS_ERROR 8u // -u
#define SHELL_TRACE 16u // -x
#define SHELL_NO_CLOBBER 32u // -C
#define SHELL_EXPORT_ALL 64u // -a
#define SHELL_VERBOSE 128u // -v
#define SHELL_LOGIN 256u // -l

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
    unsigned options; // SHELL_
    unsigned tested; // in so many conditions: -e does not count there
    unsigned leave_count;
    unsigned loops, functions; // so many of them are under way
    struct function *function_list;
    struct variable_saved *locals; // what the functions under way have hidden
    struct trap *traps;
    struct alias *aliases;
    size_t option_at; // getopts: the next letter in the argument that it looks at, 0: a new one
    int option_index; // of that argument
    int substitution; // status of the last $(...); -1: none
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
