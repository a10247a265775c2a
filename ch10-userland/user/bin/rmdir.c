// rmdir: removes empty directories.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    bool parents = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "p")) != -1) {
        if (option == '?') {
            command_usage("rmdir [-p] directory...");
        }
        parents = true;
    }
    if (optind == argc) {
        warnx("missing operand");
        command_usage("rmdir [-p] directory...");
    }
    for (int i = optind; i < argc; i++) {
        bool removed = false;
        for (char *path = argv[i], *slash; *path != '\0';) {
            if (rmdir(path) != 0) {
                warn("failed to remove %s'%s'", removed ? "directory " : "", path);
                status = 1;
                break;
            }
            removed = true;
            while ((slash = strrchr(path, '/')) != NULL && slash[1] == '\0' && slash > path) {
                *slash = '\0';
            }
            if (!parents || slash == NULL || slash == path) {
                break;
            }
            *slash = '\0';
        }
    }
    return status;
}
