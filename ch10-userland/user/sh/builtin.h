// Built-in commands: those that change the shell itself, and a few that every script needs.
#ifndef RUNG_USER_SH_BUILTIN_H
#define RUNG_USER_SH_BUILTIN_H

#include "user/sh/shell.h"

struct builtin {
    const char *name;
    int (*run)(struct shell *shell, int count, char **arguments);
    bool special; // assignments before it stay, and an error ends a shell without a prompt
    bool keeps_redirections; // exec
};

// NULL: there is none with that name.
const struct builtin *builtin_find(const char *name);

// Calls each(context, name) for all.
void builtin_list(void (*each)(void *context, const char *name), void *context);

// A number that an argument must be, -1: it is not, which has been told.
int builtin_number(struct shell *shell, const char *name, const char *text);

// Puts a text with the escapes that dash's echo knows; false: it ends with \c.
bool builtin_put_escaped(struct buffer *line, const char *text);

// Writes a text on the standard output; false: an error, which has been told.
bool builtin_write(struct shell *shell, const char *name, const struct buffer *text);

// In files of their own:
int builtin_command(struct shell *shell, int count, char **arguments);
int builtin_help(struct shell *shell, int count, char **arguments);
int builtin_type(struct shell *shell, int count, char **arguments);
int builtin_jobs(struct shell *shell, int count, char **arguments);
int builtin_wait(struct shell *shell, int count, char **arguments);
int builtin_kill(struct shell *shell, int count, char **arguments);
int builtin_fg(struct shell *shell, int count, char **arguments);
int builtin_read(struct shell *shell, int count, char **arguments);
int builtin_printf(struct shell *shell, int count, char **arguments);
int builtin_test(struct shell *shell, int count, char **arguments);
int builtin_bg(struct shell *shell, int count, char **arguments);
int builtin_ulimit(struct shell *shell, int count, char **arguments);

#endif
