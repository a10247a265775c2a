// ulimit: what a process may use at most (POSIX, ulimit).
#include "user/sh/builtin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const struct limit {
    char letter;
    int resource;
    unsigned unit; // what one of its numbers means: bytes, or 1
    const char *name;
} limits[] = {
    {'t', RLIMIT_CPU, 1, "time(seconds)"}, {'f', RLIMIT_FSIZE, 512, "file(blocks)"},
    {'d', RLIMIT_DATA, 1024, "data(kbytes)"}, {'s', RLIMIT_STACK, 1024, "stack(kbytes)"},
    {'c', RLIMIT_CORE, 512, "coredump(blocks)"}, {'m', RLIMIT_RSS, 1024, "memory(kbytes)"},
    {'p', RLIMIT_NPROC, 1, "process"}, {'n', RLIMIT_NOFILE, 1, "nofiles"},
    {'v', RLIMIT_AS, 1024, "vmemory(kbytes)"},
};

#define LIMITS (sizeof(limits) / sizeof(limits[0]))

static void show(const struct limit *limit, bool hard)
{
    struct rlimit both = {RLIM_INFINITY, RLIM_INFINITY};
    rlim_t value;

    getrlimit(limit->resource, &both);
    value = hard ? both.rlim_max : both.rlim_cur;
    if (value == RLIM_INFINITY) {
        dprintf(STDOUT_FILENO, "unlimited\n");
    } else {
        dprintf(STDOUT_FILENO, "%lu\n", (unsigned long)(value / limit->unit));
    }
}

// Sets the soft one, the hard one, or without -S and -H both.
static int set(struct shell *shell, const struct limit *limit, const char *text, bool soft,
               bool hard)
{
    rlim_t value = RLIM_INFINITY;
    struct rlimit both;
    int number;

    if (strcmp(text, "unlimited") != 0) {
        number = builtin_number(shell, "ulimit", text);
        if (number < 0) {
            return 2;
        }
        value = (rlim_t)number * limit->unit;
    }
    getrlimit(limit->resource, &both);
    both.rlim_cur = hard && !soft ? both.rlim_cur : value;
    both.rlim_max = soft && !hard ? both.rlim_max : value;
    if (setrlimit(limit->resource, &both) < 0) {
        shell_error(shell, "ulimit: error setting limit (%s)", strerror(errno));
        return 2;
    }
    return 0;
}

int builtin_ulimit(struct shell *shell, int count, char **arguments)
{
    const struct limit *limit = &limits[1];
    bool soft = false, hard = false, all = false;
    int i = 1;

    for (; i < count && arguments[i][0] == '-' && arguments[i][1]; i++) {
        for (const char *letter = arguments[i] + 1; *letter; letter++) {
            size_t index = 0;

            while (index < LIMITS && limits[index].letter != *letter) {
                index++;
            }
            if (index < LIMITS) {
                limit = &limits[index];
            } else if (strchr("aSH", *letter)) {
                all |= *letter == 'a', soft |= *letter == 'S', hard |= *letter == 'H';
            } else {
                shell_error(shell, "ulimit: Illegal option -%c", *letter);
                return 2;
            }
        }
    }
    if (i + 1 < count || (all && i < count)) {
        shell_error(shell, "ulimit: too many arguments");
        return 2;
    }
    if (i < count) {
        return set(shell, limit, arguments[i], soft, hard);
    }
    for (size_t index = 0; index < LIMITS && all; index++) {
        dprintf(STDOUT_FILENO, "%-20s ", limits[index].name);
        show(&limits[index], hard && !soft);
    }
    if (!all) {
        show(limit, hard && !soft);
    }
    return 0;
}
