// kill: sends signals.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NAMED 31 // signals that have a name

static const char *const names[NAMED + 1] = {
    "EXIT", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
};

// A signal by its number or its name, with or without SIG; -1: neither.
static int signal_number(const char *text)
{
    int64_t number;
    if (command_number(text, &number)) {
        return number >= 0 && number <= 64 ? (int)number : -1;
    }
    if (strncasecmp(text, "SIG", 3) == 0) {
        text += 3;
    }
    for (int i = 0; i <= NAMED; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static int list(char **arguments)
{
    struct output *out = output_open(STDOUT_FILENO);
    int status = 0;
    for (int i = 1; i <= NAMED && *arguments == NULL; i++) {
        output_format(out, "%2d %-8s%s", i, names[i], i % 7 == 0 || i == NAMED ? "\n" : "");
    }
    for (; *arguments != NULL; arguments++) {
        int64_t number;
        bool is_number = command_number(*arguments, &number);
        // A status of the shell tells the signal too: 128 more.
        int signal = is_number && number > 128 ? (int)(number - 128) : signal_number(*arguments);
        if (signal < 0 || signal > NAMED) {
            warnx("%s: invalid signal specification", *arguments);
            status = 1;
        } else if (is_number) {
            output_format(out, "%s\n", names[signal]);
        } else {
            output_format(out, "%d\n", signal);
        }
    }
    return status | output_close(out);
}

int main(int argc, char **argv)
{
    const char *usage = "kill [-SIGNAL | -s SIGNAL] pid... | kill -l [SIGNAL...]";
    int signal = SIGTERM, first = 1;
    const char *name = NULL;
    if (argc > 1 && strcmp(argv[1], "-l") == 0) {
        return list(argv + 2);
    }
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        name = argv[2];
        first = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        name = argv[1] + 1;
        first = 2;
    }
    if (name != NULL && (signal = signal_number(name)) < 0) {
        errx(1, "%s: invalid signal specification", name);
    }
    first += first < argc && strcmp(argv[first], "--") == 0;
    if (first >= argc) {
        command_usage(usage);
    }
    int status = 0;
    for (int i = first; i < argc; i++) {
        int64_t pid;
        if (!command_number(argv[i], &pid) || pid > INT32_MAX || pid < -INT32_MAX) {
            warnx("%s: arguments must be process IDs", argv[i]);
            status = 1;
        } else if (kill((pid_t)pid, signal) != 0) {
            warn("(%s)", argv[i]);
            status = 1;
        }
    }
    return status;
}
