// What is little more than a call in other words.
#include <errno.h>
#include <limits.h>
#include <paths.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t getpgrp(void)
{
    return getpgid(0);
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

int execv(const char *path, char *const arguments[])
{
    return execve(path, arguments, environ);
}

// A file that is neither ELF nor starts with #! is a script of the shell (POSIX, exec).
static int exec_script(const char *path, char *const arguments[])
{
    size_t count = 0;
    while (arguments[count] != NULL) {
        count++;
    }
    char *shell[count + 3]; // no more than execve has just taken
    shell[0] = "sh";
    shell[1] = (char *)path;
    for (size_t i = 1; i <= count; i++) {
        shell[i + 1] = arguments[i];
    }
    return execv(_PATH_BSHELL, shell);
}

static int exec_file(const char *path, char *const arguments[])
{
    execv(path, arguments);
    return errno == ENOEXEC ? exec_script(path, arguments) : -1;
}

int execvp(const char *name, char *const arguments[])
{
    if (strchr(name, '/') != NULL) {
        return exec_file(name, arguments);
    }
    const char *folder = getenv("PATH"), *next;
    bool denied = false;
    for (folder = folder != NULL ? folder : _PATH_DEFPATH; folder != NULL; folder = next) {
        const char *end = strchrnul(folder, ':');
        next = *end != '\0' ? end + 1 : NULL;
        char path[PATH_MAX];
        int length = snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - folder), folder,
                              end > folder ? "/" : "", name);
        if ((size_t)length >= sizeof(path)) {
            continue;
        }
        exec_file(path, arguments);
        denied |= errno == EACCES;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
            return -1;
        }
    }
    errno = denied ? EACCES : ENOENT;
    return -1;
}

// Calls exec with the arguments as an array: `rest` has all but the first.
static int exec_list(int (*exec)(const char *, char *const *), const char *path, const char *first,
                     va_list rest)
{
    va_list again;
    va_copy(again, rest);
    size_t count = first != NULL;
    while (first != NULL && va_arg(again, char *) != NULL) {
        count++;
    }
    va_end(again);
    char *arguments[count + 1];
    arguments[0] = (char *)first;
    for (size_t i = 1; i <= count; i++) {
        arguments[i] = va_arg(rest, char *);
    }
    return exec(path, arguments);
}

int execl(const char *path, const char *argument, ...)
{
    va_list rest;
    va_start(rest, argument);
    int result = exec_list(execv, path, argument, rest);
    va_end(rest);
    return result;
}

int execle(const char *path, const char *argument, ...)
{
    va_list rest;
    size_t count = 1;
    va_start(rest, argument);
    while (va_arg(rest, char *) != NULL) {
        count++;
    }
    char *const *environment = va_arg(rest, char *const *);
    va_end(rest);
    char *arguments[count + 1];
    arguments[0] = (char *)argument;
    va_start(rest, argument);
    for (size_t i = 1; i <= count; i++) {
        arguments[i] = va_arg(rest, char *);
    }
    va_end(rest);
    return execve(path, arguments, environment);
}

int execlp(const char *name, const char *argument, ...)
{
    va_list rest;
    va_start(rest, argument);
    int result = exec_list(execvp, name, argument, rest);
    va_end(rest);
    return result;
}

int system(const char *command)
{
    if (command == NULL) {
        return access(_PATH_BSHELL, X_OK) == 0;
    }
    // Ctrl-C is for the command alone; nobody else must wait for it.
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, quit;
    sigset_t child = SIGNAL_BIT(SIGCHLD), mask;
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    sigprocmask(SIG_BLOCK, &child, &mask);
    pid_t pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &interrupt, NULL);
        sigaction(SIGQUIT, &quit, NULL);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        execl(_PATH_BSHELL, "sh", "-c", command, NULL);
        _exit(127);
    }
    int status = -1;
    if (pid > 0) {
        while (waitpid(pid, &status, 0) < 0) {
            if (errno != EINTR) {
                status = -1;
                break;
            }
        }
    }
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return status;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_CLK_TCK:
        return 100;
    case _SC_OPEN_MAX:
        return OPEN_MAX;
    case _SC_PAGESIZE:
        return getpagesize();
    case _SC_ARG_MAX:
        return ARG_MAX;
    case _SC_NPROCESSORS_CONF:
    case _SC_NPROCESSORS_ONLN:
        return 1;
    case _SC_PHYS_PAGES:
    case _SC_AVPHYS_PAGES: {
        struct sysinfo info;
        sysinfo(&info);
        unsigned long part = name == _SC_PHYS_PAGES ? info.totalram : info.freeram;
        return (long)(part * info.mem_unit) / getpagesize();
    }
    default:
        errno = EINVAL;
        return -1;
    }
}

int getpagesize(void)
{
    return 4096;
}
