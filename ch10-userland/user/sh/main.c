// sh: the shell (POSIX, sh).
#include "user/sh/history.h"
#include "user/sh/jobs.h"
#include "user/sh/options.h"
#include "user/sh/redirect.h"
#include "user/sh/shell.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Opens a script to be read; ends the shell if that can't be.
static int open_script(struct shell *shell, const char *path)
{
    int file = open(path, O_RDONLY);

    if (file >= 0) {
        file = redirect_hide(shell, file);
    }
    if (file < 0) {
        shell_error(shell, "cannot open %s: %s", path,
                    errno == ENOENT ? "No such file" : strerror(errno));
        exit(2);
    }
    return file;
}

// A person at a terminal: a prompt, jobs, a history.
static void begin_interactive(struct shell *shell)
{
    shell->interactive = true;
    jobs_init(shell);
    history_init(shell);
    if (!variable_get(shell, "HOME")) {
        variable_set(shell, "HOME", "/", VARIABLE_EXPORTED);
    }
    if (!variable_get(shell, "PS1")) {
        variable_set(shell, "PS1", "$PWD# ", 0); // there is one user, who may do everything
    }
    history_load(shell);
}

// What is done for every login.
static void run_profile(struct shell *shell)
{
    int file = open("/etc/profile", O_RDONLY);

    if (file >= 0) {
        file = redirect_hide(shell, file);
    }
    if (file >= 0) {
        shell_run_file(shell, file);
        shell->leave = LEAVE_NOTHING;
    }
}

int main(int argc, char **argv)
{
    struct shell *shell = memory_get(sizeof(*shell));
    const char *command = NULL;
    int first = 1, file = STDIN_FILENO;

    *shell = (struct shell){.name = argc > 0 ? argv[0] : "sh", .pid = getpid()};
    variable_init(shell, environ);
    shell->substitution = -1;
    first = options_start(shell, argc, argv);
    if (first < 0) {
        return 2;
    }
    if (first < argc && strcmp(argv[first], "-c") == 0) {
        command = ++first < argc ? argv[first++] : NULL;
        if (!command) {
            shell_error(shell, "-c requires an argument");
            return 2;
        }
        if (first < argc) {
            shell->name = argv[first++];
        }
    } else if (first < argc && strcmp(argv[first], "-s") == 0) {
        first++; // commands from the standard input, though there are arguments
    } else if (first < argc) {
        file = open_script(shell, argv[first]);
        shell->name = argv[first++];
    }
    variable_set_arguments(shell, first < argc ? argc - first : 0, argv + first);
    if (!command && file == STDIN_FILENO && isatty(STDIN_FILENO) && isatty(STDERR_FILENO)) {
        begin_interactive(shell);
    }
    if (options_login(shell)) {
        run_profile(shell);
    }
    if (command) {
        shell->status = shell_run_text(shell, command);
    } else {
        shell->status = shell_run_file(shell, file);
    }
    shell_exit(shell, shell->status);
}
