// tree: directories and what is in them, as a picture.
#include "user/libc/walk.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tree {
    bool all, only_directories;
    unsigned depth_max;
    unsigned long directories, files;
    int status;
    struct output *out;
};

// Prints what is in a directory; prefix is what leads each of its lines.
static void print_inside(struct tree *tree, const char *path, const char *prefix, unsigned depth)
{
    struct names names;
    if (depth >= tree->depth_max) {
        return;
    }
    if (names_read(&names, path) != 0) {
        output_flush(tree->out);
        warn("%s", path);
        tree->status = 1;
        return;
    }
    // What is left out must not be the last one, which has a line of its own form.
    struct stat *stats = must_malloc((names.count + 1) * sizeof(*stats));
    size_t count = 0;
    for (size_t i = 0; i < names.count; i++) {
        char *inside = path_join(path, names.name[i]);
        bool shown = (names.name[i][0] != '.' || tree->all) && lstat(inside, &stats[count]) == 0 &&
                     (S_ISDIR(stats[count].st_mode) || !tree->only_directories);
        free(inside);
        char *name = names.name[i];
        names.name[i] = names.name[count];
        names.name[count] = name;
        count += shown;
    }
    for (size_t i = 0; i < count && !output_failed(tree->out); i++) {
        bool last = i + 1 == count, directory = S_ISDIR(stats[i].st_mode);
        char *inside = path_join(path, names.name[i]);
        output_text(tree->out, prefix);
        output_text(tree->out, last ? "`-- " : "|-- ");
        output_text(tree->out, names.name[i]);
        if (S_ISLNK(stats[i].st_mode)) {
            char target[512];
            ssize_t length = readlink(inside, target, sizeof(target));
            output_text(tree->out, " -> ");
            output_bytes(tree->out, target, length > 0 ? (size_t)length : 0);
        }
        output_char(tree->out, '\n');
        tree->directories += directory;
        tree->files += !directory;
        if (directory) {
            size_t length = strlen(prefix);
            char *next = must_malloc(length + 5);
            memcpy(next, prefix, length);
            memcpy(next + length, last ? "    " : "|   ", 5);
            print_inside(tree, inside, next, depth + 1);
            free(next);
        }
        free(inside);
    }
    free(stats);
    names_free(&names);
}

int main(int argc, char **argv)
{
    struct tree tree = {.depth_max = UINT32_MAX};
    int option;
    while ((option = getopt(argc, argv, "adL:")) != -1) {
        if (option == '?') {
            command_usage("tree [-ad] [-L depth] [directory...]");
        } else if (option == 'L') {
            int64_t depth = command_count(optarg, "level");
            tree.depth_max = depth < UINT32_MAX ? (unsigned)depth : UINT32_MAX;
        }
        tree.all |= option == 'a';
        tree.only_directories |= option == 'd';
    }
    char *here[] = {".", NULL};
    char **paths = optind < argc ? argv + optind : here;
    tree.out = output_open(STDOUT_FILENO);
    for (char **path = paths; *path != NULL; path++) {
        output_text(tree.out, *path);
        output_char(tree.out, '\n');
        tree.directories++;
        print_inside(&tree, *path, "", 0);
    }
    output_format(tree.out, "\n%lu director%s", tree.directories,
                  tree.directories == 1 ? "y" : "ies");
    if (!tree.only_directories) {
        output_format(tree.out, ", %lu file%s", tree.files, tree.files == 1 ? "" : "s");
    }
    output_char(tree.out, '\n');
    return tree.status | output_close(tree.out);
}
