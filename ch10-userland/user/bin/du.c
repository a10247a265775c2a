// du: how much room trees of files take on the disk.
#include "user/libc/walk.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct du {
    bool all, readable;
    int64_t shown; // so deep
    uint64_t total;
    uint64_t *sums; // of the directories that lead to where we are, by depth
    size_t depth;
    struct {
        dev_t device;
        ino_t inode;
    } * seen; // of files with several names, those that were counted
    size_t seen_count;
    struct output *out;
};

static void print(struct du *du, uint64_t blocks, const char *path)
{
    if (du->readable) {
        char text[SIZE_TEXT];
        size_text(text, blocks * 512);
        output_format(du->out, "%s\t", text);
    } else {
        output_format(du->out, "%llu\t", (unsigned long long)(blocks + 1) / 2);
    }
    output_text(du->out, path);
    output_char(du->out, '\n');
}

static bool was_seen(struct du *du, const struct stat *status)
{
    if (status->st_nlink < 2) {
        return false;
    }
    for (size_t i = 0; i < du->seen_count; i++) {
        if (du->seen[i].inode == status->st_ino && du->seen[i].device == status->st_dev) {
            return true;
        }
    }
    du->seen = must_grow(du->seen, du->seen_count, sizeof(*du->seen));
    du->seen[du->seen_count].device = status->st_dev;
    du->seen[du->seen_count++].inode = status->st_ino;
    return false;
}

// Adds what was found so deep to what it is in.
static void add(struct du *du, size_t depth, uint64_t blocks)
{
    *(depth > 0 ? &du->sums[depth - 1] : &du->total) += blocks;
}

static int measure(struct du *du, const char *path)
{
    struct walk walk;
    enum walk_event event;
    int status = 0;
    walk_start(&walk, path, false);
    while ((event = walk_next(&walk)) != WALK_END) {
        uint64_t blocks = event == WALK_ERROR ? 0 : (uint64_t)walk.stat.st_blocks;
        if (event == WALK_ERROR) {
            output_flush(du->out);
            warn("cannot access '%s'", walk.path);
            status = 1;
        } else if (event == WALK_ENTER) {
            du->sums = must_realloc(du->sums, (walk.depth + 2) * sizeof(*du->sums));
            du->sums[walk.depth] = blocks;
        } else if (event == WALK_LEAVE) {
            blocks = du->sums[walk.depth];
            add(du, walk.depth, blocks);
            if ((int64_t)walk.depth <= du->shown) {
                print(du, blocks, walk.path);
            }
        } else if (!was_seen(du, &walk.stat)) {
            add(du, walk.depth, blocks);
            if ((du->all && (int64_t)walk.depth <= du->shown) || walk.depth == 0) {
                print(du, blocks, walk.path);
            }
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    struct du du = {.shown = INT64_MAX};
    bool total = false;
    int option;
    while ((option = getopt(argc, argv, "acd:hks")) != -1) {
        if (option == '?') {
            command_usage("du [-achks] [-d depth] [file...]");
        }
        if (option == 'd' || option == 's') {
            du.shown = option == 'd' ? command_count(optarg, "maximum depth") : 0;
        }
        total |= option == 'c';
        du.all |= option == 'a';
        du.readable = option == 'h' || (du.readable && option != 'k');
    }
    du.out = output_open(STDOUT_FILENO);
    int status = optind == argc ? measure(&du, ".") : 0;
    for (int i = optind; i < argc; i++) {
        status |= measure(&du, argv[i]);
    }
    if (total) {
        print(&du, du.total, "total");
    }
    free(du.sums);
    free(du.seen);
    return status | output_close(du.out);
}
