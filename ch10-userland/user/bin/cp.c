// cp: copies files and, with -r, trees.
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE 32768
#define LINK_SIZE 4096

struct cp {
    bool recursive, force, verbose, ask, keep;
    bool preserve, links;
    char *buffer;
    // The directory that this copy made first: it is not copied into itself.
    bool made;
    dev_t device;
    ino_t inode;
    struct output *out;
};

static int copy_bytes(struct cp *cp, int from, int to, const char *source, const char *target)
{
    for (;;) {
        ssize_t length = read(from, cp->buffer, BUFFER_SIZE);
        if (length <= 0) {
            if (length < 0) {
                warn("error reading '%s'", source);
            }
            return length < 0;
        }
        for (ssize_t done = 0, written; done < length; done += written) {
            written = write(to, cp->buffer + done, (size_t)(length - done));
            if (written <= 0) {
                warn("error writing '%s'", target);
                return 1;
            }
        }
    }
}

static int copy_file(struct cp *cp, const char *source, const char *target, mode_t mode)
{
    struct stat there;
    if (lstat(target, &there) == 0 && S_ISLNK(there.st_mode) && stat(target, &there) != 0) {
        warnx("not writing through dangling symlink '%s'", target);
        return 1;
    }
    int from = open(source, O_RDONLY);
    if (from < 0) {
        warn("cannot open '%s' for reading", source);
        return 1;
    }
    int to = open(target, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    if (to < 0 && cp->force && unlink(target) == 0) {
        to = open(target, O_WRONLY | O_CREAT | O_TRUNC, mode & 0777);
    }
    int status = 1;
    if (to < 0) {
        warn("cannot create regular file '%s'", target);
    } else {
        status = copy_bytes(cp, from, to, source, target);
        if (close(to) != 0) {
            warn("error writing '%s'", target);
            status = 1;
        }
    }
    close(from);
    return status;
}

static int copy_link(const char *source, const char *target)
{
    char *text = must_malloc(LINK_SIZE);
    ssize_t length = readlink(source, text, LINK_SIZE - 1);
    int status = 0;
    if (length < 0) {
        warn("cannot read symbolic link '%s'", source);
        status = 1;
    } else {
        text[length] = '\0';
        if (symlink(text, target) != 0 &&
            (errno != EEXIST || unlink(target) != 0 || symlink(text, target) != 0)) {
            warn("cannot create symbolic link '%s'", target);
            status = 1;
        }
    }
    free(text);
    return status;
}

// Makes, or finds, the directory that a directory is copied to.
static int enter(struct cp *cp, const struct walk *walk, const char *target)
{
    struct stat there;
    if (mkdir(target, (walk->stat.st_mode & 0777) | 0700) != 0 &&
        (errno != EEXIST || stat(target, &there) != 0 || !S_ISDIR(there.st_mode))) {
        if (errno == EEXIST) {
            warnx("cannot overwrite non-directory '%s' with directory '%s'", target, walk->path);
        } else {
            warn("cannot create directory '%s'", target);
        }
        return 1;
    }
    if (!cp->made && stat(target, &there) == 0) {
        cp->made = true;
        cp->device = there.st_dev;
        cp->inode = there.st_ino;
    }
    return 0;
}

static bool is_same(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino;
}

// With -p, what is there now gets the times, the mode and the owner of what it is a copy of.
static int preserve(const struct stat *status, const char *target)
{
    const struct timespec times[] = {status->st_atim, status->st_mtim};
    bool link = S_ISLNK(status->st_mode);
    if (utimensat(AT_FDCWD, target, times, AT_SYMLINK_NOFOLLOW) != 0 ||
        lchown(target, status->st_uid, status->st_gid) != 0 ||
        (!link && chmod(target, status->st_mode & 07777) != 0)) {
        warn("preserving '%s'", target);
        return 1;
    }
    return 0;
}

static int copy_one(struct cp *cp, struct walk *walk, enum walk_event event, const char *target)
{
    struct stat there, link;
    if (event == WALK_ERROR) {
        warn("cannot %s '%s'", errno == EACCES ? "access" : "stat", walk->path);
        return 1;
    }
    if (event == WALK_LEAVE) {
        return 0;
    }
    if (event == WALK_ENTER && !cp->recursive) {
        warnx("-r not specified; omitting directory '%s'", walk->path);
        walk_skip(walk);
        return 1;
    }
    if (event == WALK_ENTER && cp->made && walk->stat.st_dev == cp->device &&
        walk->stat.st_ino == cp->inode) {
        warnx("cannot copy a directory, '%s', into itself", walk->path);
        walk_skip(walk);
        return 1;
    }
    bool exists = stat(target, &there) == 0;
    if ((exists && is_same(&there, &walk->stat)) ||
        (lstat(target, &link) == 0 && is_same(&link, &walk->stat))) {
        warnx("'%s' and '%s' are the same file", walk->path, target);
        walk_skip(walk);
        return 1;
    }
    int status;
    if (event == WALK_ENTER) {
        status = enter(cp, walk, target);
        if (status != 0) {
            walk_skip(walk);
        }
    } else if (exists && S_ISDIR(there.st_mode)) {
        warnx("cannot overwrite directory '%s' with non-directory '%s'", target, walk->path);
        status = 1;
    } else if (exists && (cp->keep || (cp->ask && !command_ask("overwrite", target)))) {
        return 0;
    } else if (S_ISLNK(walk->stat.st_mode)) {
        status = copy_link(walk->path, target);
    } else if (cp->recursive && !S_ISREG(walk->stat.st_mode)) {
        warnx("cannot copy special file '%s'", walk->path); // a device does not end
        status = 1;
    } else {
        status = copy_file(cp, walk->path, target, walk->stat.st_mode);
    }
    if (cp->verbose && status == 0) {
        output_text(cp->out, "'");
        output_text(cp->out, walk->path);
        output_text(cp->out, "' -> '");
        output_text(cp->out, target);
        output_text(cp->out, "'\n");
    }
    return status;
}

static int copy(struct cp *cp, const char *source, const char *target)
{
    struct walk walk;
    enum walk_event event;
    int status = 0;
    size_t length = strlen(source);
    cp->made = false;
    bool follow = !cp->recursive;
    follow = follow && !cp->links;
    walk_start(&walk, source, follow);
    while ((event = walk_next(&walk)) != WALK_END) {
        const char *inside = walk.path + length;
        inside += *inside == '/';
        char *path = *inside != '\0' ? path_join(target, inside) : must_strdup(target);
        int failed = copy_one(cp, &walk, event, path);
        status |= failed;
        if (cp->preserve && event != WALK_ERROR && event != WALK_ENTER && !failed) {
            status |= preserve(&walk.stat, path);
        }
        free(path);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct cp cp = {0};
    int option;
    const char *letters = "rRfinv", *usage = "cp [-rfinv] source... target";
    letters = "rRfinvadpP", usage = "cp [-rfinvadpP] source... target";
    while ((option = getopt(argc, argv, letters)) != -1) {
        if (option == '?') {
            command_usage(usage);
        }
        cp.recursive |= option == 'r' || option == 'R';
        cp.ask = option == 'i' || (cp.ask && option != 'n');
        cp.keep = option == 'n' || (cp.keep && option != 'i');
        cp.recursive |= option == 'a';
        cp.preserve |= option == 'p' || option == 'a';
        cp.links |= option == 'a' || option == 'd' || option == 'P';
        cp.force |= option == 'f';
        cp.verbose |= option == 'v';
    }
    bool into = command_target(argc - optind, argv + optind, usage);
    const char *target = argv[argc - 1];
    cp.buffer = must_malloc(BUFFER_SIZE);
    cp.out = output_open(STDOUT_FILENO);
    int status = 0;
    for (int i = optind; i < argc - 1; i++) {
        char *name = path_last(argv[i]);
        char *path = into ? path_join(target, name) : must_strdup(target);
        status |= copy(&cp, argv[i], path);
        free(path);
        free(name);
    }
    free(cp.buffer);
    return status | output_close(cp.out);
}
