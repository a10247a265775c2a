// ln: gives a file another name, or makes a symbolic link.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *target, const char *path, bool symbolic, bool force)
{
    struct stat one, other;
    if (!symbolic && lstat(target, &one) != 0) {
        warn("failed to access '%s'", target);
        return 1;
    }
    if (!symbolic && S_ISDIR(one.st_mode)) {
        warnx("%s: hard link not allowed for directory", target);
        return 1;
    }
    bool exists = lstat(path, &other) == 0;
    if (force && exists && !symbolic && one.st_dev == other.st_dev && one.st_ino == other.st_ino) {
        warnx("'%s' and '%s' are the same file", target, path);
        return 1;
    }
    if (force && exists && !S_ISDIR(other.st_mode) && unlink(path) != 0) {
        warn("cannot remove '%s'", path);
        return 1;
    }
    if ((symbolic ? symlink : link)(target, path) != 0) {
        if (symbolic) {
            warn("failed to create symbolic link '%s'", path);
        } else if (errno == EEXIST) {
            warn("failed to create hard link '%s'", path);
        } else {
            warn("failed to create hard link '%s' => '%s'", path, target);
        }
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    bool symbolic = false, force = false, plain = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "fns")) != -1) {
        if (option == '?') {
            command_usage("ln [-fns] target... path");
        }
        symbolic |= option == 's';
        force |= option == 'f';
        plain |= option == 'n';
    }
    if (optind == argc) {
        warnx("missing file operand");
        command_usage("ln [-fns] target... path");
    }
    const char *last = argc - optind > 1 ? argv[argc - 1] : ".";
    struct stat there;
    bool into = (plain ? lstat : stat)(last, &there) == 0 && S_ISDIR(there.st_mode);
    if (!into && argc - optind > 2) {
        errno = stat(last, &there) == 0 ? ENOTDIR : errno;
        err(1, "target '%s'", last);
    }
    for (int i = optind; i == optind || i < argc - 1; i++) {
        char *name = path_last(argv[i]);
        char *path = into ? path_join(last, name) : must_strdup(last);
        status |= make(argv[i], path, symbolic, force);
        free(path);
        free(name);
    }
    return status;
}
