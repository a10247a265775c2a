#include "user/sh/variable.h"

#include "user/sh/directory.h"
#include "user/sh/options.h"
#include "user/sh/parser.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct variable *variable_find(const struct shell *shell, const char *name, size_t length)
{
    for (struct variable *variable = shell->variables; variable; variable = variable->next) {
        if (strncmp(variable->name, name, length) == 0 && variable->name[length] == '\0') {
            return variable;
        }
    }
    return NULL;
}

const char *variable_get(const struct shell *shell, const char *name)
{
    struct variable *variable = variable_find(shell, name, strlen(name));

    return variable ? variable->value : NULL;
}

// The same, but makes it where there is none, at its place in the order.
static struct variable *make(struct shell *shell, const char *name, size_t length)
{
    struct variable *variable = variable_find(shell, name, length);
    struct variable **place = &shell->variables;

    if (variable) {
        return variable;
    }
    variable = memory_get(sizeof(*variable) + length + 1);
    variable->value = NULL;
    variable->flags = 0;
    memcpy(variable->name, name, length);
    variable->name[length] = '\0';
    while (*place && strcmp((*place)->name, variable->name) < 0) {
        place = &(*place)->next;
    }
    variable->next = *place;
    *place = variable;
    return variable;
}

static bool set(struct shell *shell, const char *name, size_t length, const char *value,
                unsigned flags)
{
    struct variable *variable = make(shell, name, length);

    if (value && variable->flags & VARIABLE_READ_ONLY) {
        shell_fail(shell, "%s: is read only", variable->name);
        return false;
    }
    if (value) {
        char *old = variable->value;

        variable->value = memory_string(value); // which may be part of the old one
        free(old);
        if (shell->options & SHELL_EXPORT_ALL) {
            flags |= VARIABLE_EXPORTED;
        }
    }
    variable->flags |= flags;
    return true;
}

bool variable_set(struct shell *shell, const char *name, const char *value, unsigned flags)
{
    return set(shell, name, strlen(name), value, flags);
}

bool variable_assign(struct shell *shell, const char *text, unsigned flags)
{
    const char *equals = strchr(text, '=');

    return set(shell, text, (size_t)(equals - text), equals + 1, flags);
}

bool variable_unset(struct shell *shell, const char *name)
{
    struct variable *variable = variable_find(shell, name, strlen(name));
    struct variable **place = &shell->variables;

    if (!variable) {
        return true;
    }
    if (variable->flags & VARIABLE_READ_ONLY) {
        shell_fail(shell, "unset: %s: is read only", name);
        return false;
    }
    while (*place != variable) {
        place = &(*place)->next;
    }
    *place = variable->next;
    free(variable->value);
    free(variable);
    return true;
}

struct variable_saved {
    struct variable_saved *next;
    char *value; // NULL: not set
    unsigned flags;
    char name[];
};

void variable_save(struct shell *shell, const char *name, size_t length,
                   struct variable_saved **list)
{
    struct variable_saved *saved = memory_get(sizeof(*saved) + length + 1);
    struct variable *variable = variable_find(shell, name, length);

    saved->value = variable && variable->value ? memory_string(variable->value) : NULL;
    saved->flags = variable ? variable->flags : 0;
    memcpy(saved->name, name, length);
    saved->name[length] = '\0';
    saved->next = *list;
    *list = saved;
}

void variable_restore(struct shell *shell, struct variable_saved *list)
{
    while (list) {
        struct variable_saved *saved = list;
        struct variable *variable = make(shell, saved->name, strlen(saved->name));

        list = saved->next;
        free(variable->value);
        variable->value = saved->value;
        variable->flags = saved->flags;
        free(saved);
    }
}

void variable_set_arguments(struct shell *shell, int count, char *const *arguments)
{
    char **old = shell->arguments;
    int old_count = shell->argument_count;

    shell->arguments = memory_get(((size_t)count + 1) * sizeof(char *));
    for (int i = 0; i < count; i++) {
        shell->arguments[i] = memory_string(arguments[i]);
    }
    shell->arguments[count] = NULL;
    shell->argument_count = count;
    for (int i = 0; i < old_count; i++) {
        free(old[i]);
    }
    free(old);
}

static const char *number(struct shell *shell, long value)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%ld", value);
    return arena_string(&shell->arena, digits);
}

static const char *positional(struct shell *shell, const char *name, size_t length)
{
    long index = 0;

    for (size_t i = 0; i < length && index <= shell->argument_count; i++) {
        index = index * 10 + (name[i] - '0');
    }
    if (index == 0) {
        return shell->name;
    }
    return index <= shell->argument_count ? shell->arguments[index - 1] : NULL;
}

const char *variable_parameter(struct shell *shell, const char *name, size_t length)
{
    struct variable *variable;

    switch (name[0]) {
    case '?':
        return number(shell, shell->status);
    case '$':
        return number(shell, shell->pid);
    case '#':
        return number(shell, shell->argument_count);
    case '!':
        return shell->background ? number(shell, shell->background) : NULL;
    case '-':
        if (shell->options) {
            return options_letters(shell);
        }
        return shell->interactive ? "i" : "";
    default:
        if (name[0] >= '0' && name[0] <= '9') {
            return positional(shell, name, length);
        }
        variable = variable_find(shell, name, length);
        return variable ? variable->value : NULL;
    }
}

char **variable_environment(struct shell *shell)
{
    size_t count = 0;
    char **environment;

    for (struct variable *variable = shell->variables; variable; variable = variable->next) {
        count++;
    }
    environment = arena_get(&shell->arena, (count + 1) * sizeof(char *));
    count = 0;
    for (struct variable *variable = shell->variables; variable; variable = variable->next) {
        size_t size = strlen(variable->name) + 2;

        if (!(variable->flags & VARIABLE_EXPORTED) || !variable->value) {
            continue;
        }
        size += strlen(variable->value);
        environment[count] = arena_get(&shell->arena, size);
        snprintf(environment[count++], size, "%s=%s", variable->name, variable->value);
    }
    return environment;
}

void variable_copy_all(struct shell *shell)
{
    int count = shell->argument_count;
    char **arguments = shell->arguments;
    struct variable *from = shell->variables, **last = &shell->variables;

    for (; from; from = from->next, last = &(*last)->next) {
        size_t size = sizeof(*from) + strlen(from->name) + 1;

        *last = memcpy(memory_get(size), from, size);
        if (from->value) {
            (*last)->value = memory_string(from->value);
        }
    }
    *last = NULL;
    shell->name = memory_string(shell->name);
    shell->argument_count = 0; // those that it has are another's to free
    shell->arguments = NULL;
    variable_set_arguments(shell, count, arguments);
}

void variable_show_value(const char *value)
{
    char mark = '\'';

    if (!*value) {
        dprintf(STDOUT_FILENO, "''");
    }
    while (*value) {
        size_t length = strcspn(value, "'");

        mark = length > 0 ? '\'' : '"';
        if (length == 0) {
            length = strspn(value, "'");
        }
        dprintf(STDOUT_FILENO, "%c%.*s%c", mark, (int)length, value, mark);
        value += length;
    }
}

void variable_show(struct shell *shell, const char *prefix, unsigned flags)
{
    for (struct variable *variable = shell->variables; variable; variable = variable->next) {
        if (flags ? !(variable->flags & flags) : !variable->value) {
            continue;
        }
        dprintf(STDOUT_FILENO, "%s%s", prefix, variable->name);
        if (variable->value) {
            dprintf(STDOUT_FILENO, "=");
            variable_show_value(variable->value);
        }
        dprintf(STDOUT_FILENO, "\n");
    }
}

void variable_init(struct shell *shell, char **environment)
{
    struct arena_mark mark = arena_mark(&shell->arena);
    const char *directory;

    for (; environment && *environment; environment++) {
        size_t name = lexer_name(*environment);

        if (name > 0 && (*environment)[name] == '=') {
            variable_assign(shell, *environment, VARIABLE_EXPORTED);
        }
    }
    variable_set(shell, "IFS", " \t\n", 0);
    variable_set(shell, "OPTIND", "1", 0);
    if (!variable_get(shell, "PATH")) {
        variable_set(shell, "PATH", "/bin", VARIABLE_EXPORTED);
    }
    directory = directory_name(shell, false);
    if (directory) {
        variable_set(shell, "PWD", directory, VARIABLE_EXPORTED);
    }
    variable_set(shell, "PPID", number(shell, getppid()), 0);
    variable_set(shell, "PS2", "> ", 0);
    variable_set(shell, "PS4", "+ ", 0);
    arena_release(&shell->arena, mark);
}
