// rm: removes files and, with -r, trees.
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rm {
    bool recursive, directories, force, verbose, ask;
    struct output *out;
};

static int remove_one(struct rm *rm, struct walk *walk, enum walk_event event)
{
    int failed = -1;
    bool asks = rm->ask && (event == WALK_FILE || (event == WALK_LEAVE && rm->recursive));
    if (asks && !command_ask("remove", walk->path)) {
        return 0;
    }
    if (event == WALK_ENTER) {
        if (rm->recursive) {
            if (rm->ask && !command_ask("descend into directory", walk->path)) {
                walk_skip(walk);
            }
            return 0;
        }
        walk_skip(walk);
        if (rm->directories) {
            return 0; // removed when it is left, if it is empty
        }
        errno = EISDIR;
    } else if (event == WALK_FILE) {
        failed = unlink(walk->path);
    } else if (event == WALK_LEAVE) {
        if (!rm->recursive && !rm->directories) {
            return 0;
        }
        failed = rmdir(walk->path);
    } else if ((errno == ENOENT || errno == ENOTDIR) && rm->force) {
        return 0;
    }
    if (failed != 0) {
        warn("cannot remove '%s'", walk->path);
        return 1;
    }
    if (rm->verbose) {
        output_text(rm->out, event == WALK_LEAVE ? "removed directory '" : "removed '");
        output_text(rm->out, walk->path);
        output_text(rm->out, "'\n");
    }
    return 0;
}

static int remove_tree(struct rm *rm, const char *path)
{
    char *last = path_last(path);
    bool dot = strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
    bool root = strcmp(last, "/") == 0;
    free(last);
    if (dot) {
        warnx("refusing to remove '.' or '..' directory: skipping '%s'", path);
        return 1;
    }
    if (root && rm->recursive) {
        warnx("it is dangerous to operate recursively on '%s'", path);
        return 1;
    }
    struct walk walk;
    enum walk_event event;
    int status = 0;
    walk_start(&walk, path, false);
    while ((event = walk_next(&walk)) != WALK_END) {
        status |= remove_one(rm, &walk, event);
    }
    return status;
}

int main(int argc, char **argv)
{
    struct rm rm = {0};
    int option;
    while ((option = getopt(argc, argv, "rRdfiv")) != -1) {
        if (option == '?') {
            command_usage("rm [-rdfiv] file...");
        }
        rm.recursive |= option == 'r' || option == 'R';
        rm.directories |= option == 'd';
        rm.force = option == 'f' || (rm.force && option != 'i');
        rm.ask = option == 'i' || (rm.ask && option != 'f');
        rm.verbose |= option == 'v';
    }
    if (optind == argc && !rm.force) {
        warnx("missing operand");
        command_usage("rm [-rdfiv] file...");
    }
    rm.out = output_open(STDOUT_FILENO);
    int status = 0;
    for (int i = optind; i < argc; i++) {
        status |= remove_tree(&rm, argv[i]);
    }
    return status | output_close(rm.out);
}
