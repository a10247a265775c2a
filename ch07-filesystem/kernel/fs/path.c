#include "kernel/fs/path.h"

#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"
#include "lib/string.h"

// A walk along a path. Each step takes a name off its front; a symbolic link puts its target there.
struct walk {
    struct inode *directory; // where we are: held
    const char *rest; // of the path
    const char *limit; // that it may not reach
    char *memory; // that it lies in, once there was a symbolic link
    const char *name; // the name taken
    size_t name_length;
    bool slash, last; // whether a slash, and whether nothing but slashes, is behind it
    unsigned links; // followed so far
};

static int start(struct walk *walk, struct inode *base, const char *path)
{
    struct inode *directory = *path == '/' || !base ? vfs_root() : base;
    if (*path == '\0' || !directory) {
        return -ENOENT;
    }
    *walk =
        (struct walk){.directory = inode_hold(directory), .rest = path, .limit = path + PATH_MAX};
    return 0;
}

// Takes the next name: "." if there is nothing left but slashes.
static int take_name(struct walk *walk)
{
    if (!S_ISDIR(walk->directory->mode)) {
        return -ENOTDIR;
    }
    while (*walk->rest == '/') {
        walk->rest++;
    }
    walk->name = walk->rest;
    while (*walk->rest != '/' && *walk->rest != '\0') {
        walk->rest++;
    }
    walk->name_length = (size_t)(walk->rest - walk->name);
    if (walk->name_length == 0) {
        walk->name = ".";
        walk->name_length = 1;
    }
    const char *end = walk->rest;
    while (*end == '/') {
        end++;
    }
    walk->slash = end > walk->rest;
    walk->last = *end == '\0';
    return walk->name_length > NAME_MAX || end >= walk->limit ? -ENAMETOOLONG : 0;
}

// Looks the name up and holds its inode. There is nothing above the root.
static int look_up(const struct walk *walk, struct inode **inode)
{
    struct inode *directory = walk->directory;
    unsigned dots = name_dots(walk->name, walk->name_length);

    if (dots == 1 || (dots == 2 && directory == vfs_root())) {
        *inode = inode_hold(directory);
        return 0;
    }
    return directory->operations->lookup(directory, walk->name, walk->name_length, inode);
}

static void go_to(struct walk *walk, struct inode *held)
{
    inode_release(walk->directory);
    walk->directory = held;
}

// Goes on along a symbolic link's target, and then along the rest.
static int follow_link(struct walk *walk, struct inode *link)
{
    size_t rest_size = strlen(walk->rest) + 1, size = link->size;

    if (walk->links++ == PATH_LINKS_MAX) {
        return -ELOOP;
    }
    if (size >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    char *memory = kmalloc(size + rest_size);
    if (!memory) {
        return -ENOMEM;
    }
    struct io io = io_kernel(memory, size);
    int64_t length = link->operations->readlink(link, &io);
    if (length <= 0 || *memory == '\0') {
        kfree(memory);
        return length < 0 ? (int)length : -ENOENT;
    }
    memcpy(memory + strnlen(memory, (size_t)length), walk->rest, rest_size);
    kfree(walk->memory);
    walk->rest = walk->memory = memory;
    walk->limit = memory + size + rest_size;
    if (*memory == '/') {
        struct inode *root = vfs_root();
        if (!root) {
            return -ENOENT; // unmounted meanwhile
        }
        go_to(walk, inode_hold(root));
    }
    return 0;
}

// Walks to the last name and, if inode is not NULL, finds that too, if it exists; but not where the
// parent is wanted as well and there is a slash behind the name.
static int walk_on(struct walk *walk, bool follow, bool parent, struct inode **inode)
{
    for (;;) {
        struct inode *found = NULL;
        int error = take_name(walk);
        if (error) {
            return error;
        }
        bool dots = name_dots(walk->name, walk->name_length);
        if (walk->last && (!inode || (parent && walk->slash && !dots))) {
            return 0;
        }
        error = look_up(walk, &found);
        if (error && !(error == -ENOENT && walk->last)) {
            return error;
        }
        if (found && S_ISLNK(found->mode) && (follow || walk->slash || !walk->last)) {
            error = follow_link(walk, found);
            inode_release(found);
            if (error) {
                return error;
            }
        } else if (walk->last) {
            *inode = found;
            return 0;
        } else {
            go_to(walk, found);
        }
    }
}

static int resolve(struct inode *base, const char *path, bool follow, struct path_parent *parent,
                   struct inode **inode)
{
    struct walk walk;
    int error = start(&walk, base, path);
    if (error) {
        return error;
    }
    if (inode) {
        *inode = NULL;
    }
    error = walk_on(&walk, follow, parent, inode);
    if (error == 0 && parent) {
        parent->directory = inode_hold(walk.directory);
        memcpy(parent->name, walk.name, walk.name_length);
        parent->name[walk.name_length] = '\0';
        parent->name_length = walk.name_length;
        parent->slash = walk.slash;
    } else if (error == 0 && (!*inode || (walk.slash && !S_ISDIR((*inode)->mode)))) {
        error = *inode ? -ENOTDIR : -ENOENT;
        inode_release(*inode);
    }
    inode_release(walk.directory);
    kfree(walk.memory);
    return error;
}

int path_find(struct inode *base, const char *path, bool follow, struct inode **inode)
{
    return resolve(base, path, follow, NULL, inode);
}

int path_find_parent(struct inode *base, const char *path, struct path_parent *parent)
{
    return resolve(base, path, false, parent, NULL);
}

int path_find_last(struct inode *base, const char *path, bool follow, struct path_parent *parent,
                   struct inode **inode)
{
    return resolve(base, path, follow, parent, inode);
}
