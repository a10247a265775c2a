// Built-in commands about commands: type, command, help.
#include "user/sh/builtin.h"
#include "user/sh/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

// What a name would start: text, and how the shell says it; NULL: nothing.
static const char *describe(struct shell *shell, const char *name, const char **path)
{
    const struct builtin *builtin = builtin_find(name);

    *path = name;
    if (builtin) {
        return builtin->special ? "is a special shell builtin" : "is a shell builtin";
    }
    *path = launch_find(shell, name);
    return *path ? "is" : NULL;
}

int builtin_type(struct shell *shell, int count, char **arguments)
{
    int status = 0;

    for (int i = 1; i < count; i++) {
        const char *path, *what = describe(shell, arguments[i], &path);

        if (!what) {
            status = 127;
        }
        dprintf(STDOUT_FILENO, "%s%s%s%s%s\n", arguments[i], what ? " " : ": not found",
                what ? what : "", what && path != arguments[i] ? " " : "",
                what && path != arguments[i] ? path : "");
    }
    return status;
}

// command: what follows, but no function; -v and -V tell what it would be.
int builtin_command(struct shell *shell, int count, char **arguments)
{
    struct node node = {.kind = NODE_PROGRAM, .line = shell->line};
    const struct builtin *builtin;
    const char *path;

    if (count > 2 && strcmp(arguments[1], "-V") == 0) {
        return builtin_type(shell, 2, arguments + 1);
    }
    if (count > 2 && strcmp(arguments[1], "-v") == 0) {
        if (!describe(shell, arguments[2], &path)) {
            return 127;
        }
        dprintf(STDOUT_FILENO, "%s\n", path);
        return 0;
    }
    if (count > 1 && strcmp(arguments[1], "-p") == 0) {
        count--, arguments++;
    }
    if (count == 1) {
        return 0;
    }
    builtin = builtin_find(arguments[1]);
    if (builtin) {
        return builtin->run(shell, count - 1, arguments + 1);
    }
    for (int i = 1; i < count; i++) {
        parser_add_word(&shell->arena, &node.words, arguments[i]);
    }
    return run_program(shell, &node, 0);
}

// A name in a list of columns.
struct columns {
    size_t at;
};

static void show_name(void *context, const char *name)
{
    struct columns *columns = context;

    if (columns->at + 11 > 78) {
        dprintf(STDOUT_FILENO, "\n");
        columns->at = 0;
    }
    dprintf(STDOUT_FILENO, "%-10s ", name);
    columns->at += strlen(name) > 10 ? strlen(name) + 1 : 11;
}

int builtin_help(struct shell *shell, int count, char **arguments)
{
    struct columns columns = {0};

    (void)count, (void)arguments;
    dprintf(STDOUT_FILENO, "Built into the shell:\n");
    builtin_list(show_name, &columns);
    dprintf(STDOUT_FILENO, "\n\nCommands:\n");
    columns.at = 0;
    launch_list(shell, show_name, &columns);
    dprintf(STDOUT_FILENO,
            "\n\nRedirect with < > >> 2>, connect with |, go on with ; && || &; Tab completes.\n");
    return 0;
}
