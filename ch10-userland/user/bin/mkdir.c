// mkdir: makes directories.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(const char *path)
{
    dprintf(STDOUT_FILENO, "mkdir: created directory '%s'\n", path);
}

// Makes what leads to a path; what is there already is passed by. The path may be changed
// meanwhile.
static int make_parents(char *path, bool verbose)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/')) != NULL;) {
        if (slash[1] == '\0' || slash[1] == '/') {
            continue;
        }
        *slash = '\0';
        struct stat there;
        bool made = mkdir(path, 0777) == 0;
        if (made && verbose) {
            tell(path);
        }
        made = made || (stat(path, &there) == 0 && S_ISDIR(there.st_mode));
        if (!made) {
            errno = errno == EEXIST ? ENOTDIR : errno;
            warn("cannot create directory '%s'", path);
        }
        *slash = '/';
        if (!made) {
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool parents = false, verbose = false;
    mode_t mode = 0777;
    int option;
    while ((option = getopt(argc, argv, "pm:v")) != -1) {
        char *end = "";
        if (option == 'm') {
            mode = (mode_t)strtol(optarg, &end, 8);
        }
        if (*end != '\0' || mode > 07777) {
            errx(1, "invalid mode '%s'", optarg);
        }
        if (option == '?') {
            command_usage("mkdir [-pv] [-m mode] directory...");
        }
        parents |= option == 'p';
        verbose |= option == 'v';
    }
    if (optind == argc) {
        warnx("missing operand");
        command_usage("mkdir [-pv] [-m mode] directory...");
    }
    int status = 0;
    for (int i = optind; i < argc; i++) {
        struct stat there;
        if (parents && make_parents(argv[i], verbose) != 0) {
            status = 1;
        } else if (mkdir(argv[i], mode) != 0) {
            int error = errno;
            if (!parents || stat(argv[i], &there) != 0 || !S_ISDIR(there.st_mode)) {
                errno = error;
                warn("cannot create directory '%s'", argv[i]);
                status = 1;
            }
        } else if (verbose) {
            tell(argv[i]);
        }
    }
    return status;
}
