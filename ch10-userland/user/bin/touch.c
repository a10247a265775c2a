// touch: sets the times of files, and makes those that are not there.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *usage = "touch [-acm] [-d date | -r file] file...";
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    bool create = true, access_only = false, change_only = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "acmd:r:")) != -1) {
        struct stat model;
        int64_t seconds;
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'd') {
            if (!command_date(optarg, &seconds)) {
                errx(1, "invalid date format '%s'", optarg);
            }
            times[0] = times[1] = (struct timespec){.tv_sec = seconds};
        } else if (option == 'r') {
            if (stat(optarg, &model) != 0) {
                err(1, "failed to get attributes of '%s'", optarg);
            }
            times[0] = model.st_atim;
            times[1] = model.st_mtim;
        }
        create &= option != 'c';
        access_only |= option == 'a';
        change_only |= option == 'm';
    }
    if (optind == argc) {
        warnx("missing file operand");
        command_usage(usage);
    }
    if (access_only != change_only) {
        times[access_only].tv_nsec = UTIME_OMIT;
    }
    for (int i = optind; i < argc; i++) {
        int descriptor = -1;
        if (create && access(argv[i], F_OK) != 0) {
            descriptor = open(argv[i], O_WRONLY | O_CREAT | O_NOCTTY, 0666);
            if (descriptor < 0) {
                warn("cannot touch '%s'", argv[i]);
                status = 1;
                continue;
            }
            close(descriptor);
        }
        if (utimensat(AT_FDCWD, argv[i], times, 0) != 0 && (create || errno != ENOENT)) {
            warn("setting times of '%s'", argv[i]);
            status = 1;
        }
    }
    return status;
}
