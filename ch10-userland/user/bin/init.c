// init: process 1, which the kernel starts. It runs the script /etc/rc, if there is one, and then a
// shell on the console, and another one whenever that ends.
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHELL "/bin/sh"
#define SCRIPT "/etc/rc"
#define AGAIN_SECONDS 1 // before the next try when a shell did not start or was killed

// Starts a program as the first of a session of its own, whose terminal the console is.
static pid_t start(char *const arguments[])
{
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        ioctl(STDIN_FILENO, TIOCSCTTY, 1); // from whoever has it
        execv(arguments[0], arguments);
        err(127, "%s", arguments[0]);
    }
    return pid;
}

// Starts a program and waits until it has ended, and for whoever else ends meanwhile. Returns how:
// its wait status, or -1 if it could not be started.
static int run(char *const arguments[])
{
    int status = -1;
    pid_t child = start(arguments), ended;
    if (child < 0) {
        warn("cannot start %s", arguments[0]);
        return -1;
    }
    do {
        ended = wait(&status);
    } while (ended != child && (ended >= 0 || errno == EINTR));
    return status;
}

int main(void)
{
    char *const script[] = {SHELL, SCRIPT, NULL};
    char *const shell[] = {SHELL, NULL};
    if (getpid() != 1) {
        errx(1, "this is for the kernel to start, as process 1");
    }
    if (access(SCRIPT, R_OK) == 0) {
        run(script);
    }
    while (true) {
        int status = run(shell);
        if (status >= 0 && WIFSIGNALED(status)) {
            warnx("the shell was ended by signal %d", WTERMSIG(status));
        }
        if (status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
            sleep(AGAIN_SECONDS);
        }
    }
}
