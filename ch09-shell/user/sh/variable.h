// Variables, and what stands for the others behind a `$`.
#ifndef RUNG_USER_SH_VARIABLE_H
#define RUNG_USER_SH_VARIABLE_H

#include "user/sh/shell.h"

#define VARIABLE_EXPORTED 1u
#define VARIABLE_READ_ONLY 2u

struct variable {
    struct variable *next;
    char *value; // NULL: not set, but has flags
    unsigned flags;
    char name[];
};

// Takes over the environment; makes those that a shell sets itself.
void variable_init(struct shell *shell, char **environment);

// A variable's value; NULL: not set. It stays until the variable is set again.
const char *variable_get(const struct shell *shell, const char *name);

// Finds a variable by the first `length` bytes of a text; NULL: there is none.
struct variable *variable_find(const struct shell *shell, const char *name, size_t length);

// Sets a variable, adds flags to it; a value of NULL leaves it as it is. False for one that is read
// only: an error, which has been told.
bool variable_set(struct shell *shell, const char *name, const char *value, unsigned flags);

// The same for "name=value".
bool variable_assign(struct shell *shell, const char *text, unsigned flags);

// Takes a variable away. False: it is read-only, which has been told.
bool variable_unset(struct shell *shell, const char *name);

struct variable_saved;

// Remembers in a list what the variable is whose name begins a text, and hides nothing; puts back
// all that the list has.
void variable_save(struct shell *shell, const char *name, size_t length,
                   struct variable_saved **list);
void variable_restore(struct shell *shell, struct variable_saved *list);

// Replaces the positional parameters by copies.
void variable_set_arguments(struct shell *shell, int count, char *const *arguments);

// The value of a parameter ("1", "?", "HOME", ...) other than @ and *; NULL: not set. In the arena,
// or as variable_get.
const char *variable_parameter(struct shell *shell, const char *name, size_t length);

// The exported ones as "name=value", NULL at the end, in the arena.
char **variable_environment(struct shell *shell);

// Copies of all variables and positional parameters, for a child that has its own memory.
void variable_copy_all(struct shell *shell);

// Shows a value between apostrophes; one of its own stands between quotation marks.
void variable_show_value(const char *value);

// Shows all that have any of the flags (0: all that are set) in order, each behind a prefix, in a
// form that can be read back.
void variable_show(struct shell *shell, const char *prefix, unsigned flags);

#endif
