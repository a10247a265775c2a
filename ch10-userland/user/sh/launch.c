#include "user/sh/launch.h"

#include "user/sh/shell.h"
#include "user/sh/trap.h"
#include "user/sh/variable.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 1000

bool launch_may_nest(unsigned depth)
{
    return depth < DEPTH_MAX;
}

pid_t launch_child(struct shell *shell, int (*run)(struct shell *shell, const struct launch *work),
                   const struct launch *work)
{
    pid_t pid;

    // Signals wait until the child has its own way with them. Where it has none they must not: one
    // that ends the shell and all its like would not reach a child that is just being made.
    if (shell->interactive || trap_any(shell)) {
        trap_block();
    }
    pid = fork();
    if (pid == 0) {
        exit(run(shell, work));
    }
    trap_unblock();
    return pid;
}

// Calls each(context, path) with a name in every folder of PATH, until it returns true.
static bool each_path(struct shell *shell, const char *name,
                      bool (*each)(void *context, const char *path), void *context)
{
    const char *folders = variable_get(shell, "PATH");

    while (folders) {
        size_t length = strcspn(folders, ":");
        struct buffer path = {.arena = &shell->arena};

        buffer_add(&path, folders, length);
        if (length > 0) {
            buffer_put(&path, '/');
        }
        buffer_add(&path, name, strlen(name));
        if (each(context, buffer_string(&path))) {
            return true;
        }
        folders = folders[length] ? folders + length + 1 : NULL;
    }
    return false;
}

// A path to try, and what came of it.
struct attempt {
    struct shell *shell;
    char **arguments, **environment;
    const char *path;
    int error;
};

// A text file that is no program is a script for this shell.
static void run_script(struct attempt *attempt)
{
    size_t count = 0;
    char **arguments;

    while (attempt->arguments[count]) {
        count++;
    }
    arguments = arena_get(&attempt->shell->arena, (count + 2) * sizeof(char *));
    memcpy(arguments + 1, attempt->arguments, (count + 1) * sizeof(char *));
    arguments[0] = "sh";
    arguments[1] = (char *)attempt->path;
    execve("/bin/sh", arguments, attempt->environment);
}

static bool try(void *context, const char *path)
{
    struct attempt *attempt = context;

    attempt->path = path;
    execve(path, attempt->arguments, attempt->environment);
    if (errno == ENOEXEC) {
        run_script(attempt);
    } else if (errno == ENOENT || errno == ENOTDIR) {
        return false;
    }
    attempt->error = errno;
    return attempt->error != EACCES; // there may be one elsewhere
}

int launch_program(struct shell *shell, const char *who, char **arguments)
{
    struct attempt attempt = {shell, arguments, variable_environment(shell), NULL, ENOENT};
    const char *name = arguments[0];

    if (strchr(name, '/')) {
        try(&attempt, name);
    } else if (*name) {
        each_path(shell, name, try, &attempt);
    }
    shell_error(shell, "%s%s: %s", who, name,
                attempt.error == ENOENT ? "not found" : strerror(attempt.error));
    return attempt.error == ENOENT ? 127 : 126;
}

static bool is_program(void *context, const char *path)
{
    struct attempt *attempt = context;
    struct stat status;

    attempt->path = path;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

const char *launch_find(struct shell *shell, const char *name)
{
    struct attempt attempt = {.shell = shell};

    if (strchr(name, '/') ? is_program(&attempt, arena_string(&shell->arena, name))
                          : *name && each_path(shell, name, is_program, &attempt)) {
        return attempt.path;
    }
    return NULL;
}

struct listing {
    void (*each)(void *context, const char *name);
    void *context;
};

static bool list_folder(void *context, const char *path)
{
    struct listing *listing = context;
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            listing->each(listing->context, entry->d_name);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return false;
}

void launch_list(struct shell *shell, void (*each)(void *context, const char *name), void *context)
{
    struct listing listing = {each, context};

    each_path(shell, "", list_folder, &listing);
}
