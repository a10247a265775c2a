#include "user/sh/directory.h"

#include "user/sh/variable.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY_MAX 4096 // bytes of a path

const char *directory_name(struct shell *shell, bool physical)
{
    const char *name = variable_get(shell, "PWD");
    struct stat here, there;

    if (!physical && name && *name == '/' && stat(".", &here) == 0 && stat(name, &there) == 0 &&
        here.st_dev == there.st_dev && here.st_ino == there.st_ino) {
        return name;
    }
    return getcwd(arena_get(&shell->arena, DIRECTORY_MAX), DIRECTORY_MAX);
}

// The path from a directory to a target, without . and .. in it.
static char *resolve(struct arena *arena, const char *from, const char *target)
{
    const char *parts[] = {*target == '/' ? "" : from, target};
    struct buffer path = {.arena = arena};

    for (size_t i = 0; i < 2; i++) {
        for (const char *at = parts[i]; *at;) {
            size_t length = strcspn(at, "/");

            if (length == 2 && strncmp(at, "..", 2) == 0) {
                while (path.length > 0 && path.text[--path.length] != '/') {
                    continue;
                }
            } else if (length > 1 || (length == 1 && *at != '.')) {
                buffer_put(&path, '/');
                buffer_add(&path, at, length);
            }
            at += length + (at[length] == '/');
        }
    }
    if (path.length == 0) {
        buffer_put(&path, '/');
    }
    return buffer_string(&path);
}

// -L and -P: the index of the argument behind them.
static int options(int count, char **arguments, bool *physical)
{
    int i = 1;

    for (; i < count && (!strcmp(arguments[i], "-L") || !strcmp(arguments[i], "-P")); i++) {
        *physical = arguments[i][1] == 'P';
    }
    return i + (i < count && strcmp(arguments[i], "--") == 0);
}

// Changes to a directory and keeps PWD and OLDPWD.
int directory_cd(struct shell *shell, int count, char **arguments)
{
    const char *target, *old = directory_name(shell, false), *path;
    bool physical = false, back;
    int i = options(count, arguments, &physical);

    back = i < count && strcmp(arguments[i], "-") == 0;
    target = back        ? variable_get(shell, "OLDPWD")
             : i < count ? arguments[i]
                         : variable_get(shell, "HOME");
    if (!target) {
        shell_error(shell, back ? "cd: OLDPWD not set" : "cd: HOME not set");
        return 2;
    }
    path = !physical && old ? resolve(&shell->arena, old, target) : *target ? target : ".";
    if (chdir(path) < 0) {
        shell_error(shell, "cd: can't cd to %s", target);
        return 2;
    }
    if (old) {
        variable_set(shell, "OLDPWD", old, VARIABLE_EXPORTED);
    }
    path = physical || !old ? directory_name(shell, true) : path;
    if (path) {
        variable_set(shell, "PWD", path, VARIABLE_EXPORTED);
        if (back) {
            dprintf(STDOUT_FILENO, "%s\n", path);
        }
    }
    return 0;
}

int directory_pwd(struct shell *shell, int count, char **arguments)
{
    bool physical = false;
    const char *path;

    options(count, arguments, &physical);
    path = directory_name(shell, physical);
    if (!path) {
        shell_error(shell, "pwd: %s", strerror(errno));
        return 1;
    }
    dprintf(STDOUT_FILENO, "%s\n", path);
    return 0;
}
