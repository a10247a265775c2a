// mv: gives files other names and other places.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int move(const char *source, const char *target)
{
    struct stat from, to;
    if (lstat(source, &from) != 0) {
        warn("cannot stat '%s'", source);
        return 1;
    }
    bool exists = lstat(target, &to) == 0;
    if (exists && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
        warnx("'%s' and '%s' are the same file", source, target); // rename would do nothing
    } else if (exists && S_ISDIR(from.st_mode) && !S_ISDIR(to.st_mode)) {
        warnx("cannot overwrite non-directory '%s' with directory '%s'", target, source);
    } else if (exists && !S_ISDIR(from.st_mode) && S_ISDIR(to.st_mode)) {
        warnx("cannot overwrite directory '%s' with non-directory '%s'", target, source);
    } else if (rename(source, target) == 0) {
        return 0;
    } else if (errno == EINVAL && S_ISDIR(from.st_mode)) {
        warnx("cannot move '%s' to a subdirectory of itself, '%s'", source, target);
    } else {
        warn("cannot move '%s' to '%s'", source, target);
    }
    return 1;
}

int main(int argc, char **argv)
{
    const char *usage = "mv [-finv] source... target";
    bool ask = false, keep = false, verbose = false;
    int option;
    while ((option = getopt(argc, argv, "finv")) != -1) {
        if (option == '?') {
            command_usage(usage);
        }
        keep = option == 'n' || (keep && option != 'f' && option != 'i');
        ask = option == 'i' || (ask && option != 'f' && option != 'n');
        verbose |= option == 'v';
    }
    bool into = command_target(argc - optind, argv + optind, usage);
    const char *target = argv[argc - 1];
    struct output *out = output_open(STDOUT_FILENO);
    int status = 0;
    for (int i = optind; i < argc - 1; i++) {
        char *name = path_last(argv[i]);
        char *path = into ? path_join(target, name) : must_strdup(target);
        struct stat there;
        bool exists = lstat(path, &there) == 0;
        if (!exists || (!keep && (!ask || command_ask("overwrite", path)))) {
            int failed = move(argv[i], path);
            status |= failed;
            if (verbose && !failed) {
                output_format(out, "renamed '%.200s' -> '%.200s'\n", argv[i], path);
            }
        }
        free(path);
        free(name);
    }
    return status | output_close(out);
}
