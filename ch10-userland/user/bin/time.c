// time: how long a command takes.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void print(const char *name, int64_t seconds, int64_t microseconds)
{
    dprintf(STDERR_FILENO, "%s\t%lldm%lld.%03llds\n", name, (long long)seconds / 60,
            (long long)seconds % 60, (long long)microseconds / 1000);
}

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "+p")) != -1) {
        if (option == '?') {
            command_usage("time command [argument...]");
        }
    }
    if (optind == argc) {
        command_usage("time command [argument...]");
    }
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child < 0) {
        err(1, "cannot fork");
    }
    if (child == 0) {
        execvp(argv[optind], argv + optind);
        warn("%s", argv[optind]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    struct rusage usage = {0};
    getrusage(RUSAGE_CHILDREN, &usage);
    int64_t ns = (end.tv_sec - start.tv_sec) * 1000000000l + end.tv_nsec - start.tv_nsec;
    print("\nreal", ns / 1000000000, ns % 1000000000 / 1000);
    print("user", usage.ru_utime.tv_sec, usage.ru_utime.tv_usec);
    print("sys", usage.ru_stime.tv_sec, usage.ru_stime.tv_usec);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
