// Operations that give and take names. Each is one transaction, and an error leaves nothing of it:
// what can fail comes before the first change that could not be taken back.
//
// What can fail is reading and allocating. Directory blocks that will be changed are held by their
// places; an inode that will be changed is written once as it is, which makes its block a part of
// the transaction: it stays in memory. A new inode that gets no name becomes an orphan, and goes
// the way of all orphans when its last hold is given back.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"
#include "lib/string.h"

// An operation, with what it holds.
struct change {
    struct ext2_inode *directory;
    const char *name;
    size_t name_length;
    uint32_t mode; // of an inode to be made or taken
    const char *target; // of a symbolic link
    struct inode **made; // where to put the new inode; may be NULL
    struct ext2_inode *linked; // the inode to be linked
    struct ext2_inode *new_directory; // for rename
    const char *new_name;
    size_t new_length;
    bool replace; // what has the new name already

    // Held until the end of the transaction.
    struct ext2_inode *inode, *replaced;
    struct ext2_place place, new_place, parent_place;
    int late_error; // of a write that can fail only without a journal
};

// Runs an attempt, which changes at most `credits` blocks of metadata, as a transaction.
static int run(struct change *change, unsigned credits, int (*attempt)(struct change *change))
{
    struct ext2 *ext2 = ext2_of(&change->directory->inode);
    int result;

    mutex_lock(&ext2->lock);
    for (bool last = false;; last = true) {
        result = ext2_begin(ext2, credits);
        if (result == 0) {
            result = attempt(change);
            result = ext2_end(ext2, result ? result : change->late_error);
        }
        if (result == 0 && change->made) {
            *change->made = inode_hold(&change->inode->inode);
        }
        ext2_place_release(ext2, &change->place);
        ext2_place_release(ext2, &change->new_place);
        ext2_place_release(ext2, &change->parent_place);
        struct ext2_inode *held[] = {change->inode, change->replaced};
        change->inode = change->replaced = NULL;
        for (size_t i = 0; i < 2; i++) {
            if (held[i]) {
                ext2_inode_put(held[i]);
            }
        }
        if (result != -ENOSPC || last || !ext2_make_room(ext2)) {
            break;
        }
    }
    mutex_unlock(&ext2->lock);
    return result;
}

static bool is_directory(const struct ext2_inode *inode)
{
    return inode && S_ISDIR(inode->inode.mode);
}

// Has the blocks of two inodes (or NULL) stay in memory, so that changed() cannot fail.
static int pin(struct ext2_inode *inode, struct ext2_inode *other)
{
    int error = inode ? ext2_inode_write(inode) : 0;
    return error || !other ? error : ext2_inode_write(other);
}

// Writes an inode, with new times.
static void changed(struct change *change, struct ext2_inode *inode, bool modified)
{
    ext2_touch(inode, modified);
    int error = inode->inode.link_count == 0 ? ext2_orphan_add(inode) : ext2_inode_write(inode);
    change->late_error = change->late_error ? change->late_error : error;
}

// Counts the ".." of subdirectories; never down to 0, whatever the disk says.
static void count_parent(struct ext2_inode *directory, int subdirectories)
{
    if (subdirectories > 0 || directory->inode.link_count > 2) {
        directory->inode.link_count += (uint32_t)subdirectories;
    }
}

// Takes a name away from an inode: its only one from a directory.
static void lose_name(struct change *change, struct ext2_inode *inode)
{
    inode->inode.link_count = is_directory(inode) ? 0 : inode->inode.link_count - 1;
    changed(change, inode, false);
}

// Whether the names in a directory may change.
static int may_change(const struct ext2_inode *directory, uint32_t forbidden_flags)
{
    if (directory->inode.link_count == 0) {
        return -ENOENT;
    }
    return directory->flags & forbidden_flags ? -EPERM : 0;
}

// Finds the inode that a name stands for.
static int find(struct ext2_inode *directory, const char *name, size_t name_length,
                struct ext2_place *place, struct ext2_inode **inode)
{
    int error = ext2_directory_find(directory, name, name_length, place);
    return error ? error : ext2_place_inode(ext2_of(&directory->inode), place, inode);
}

// Whether an inode may lose its name in a directory.
static int may_go(const struct ext2_inode *directory, const struct ext2_inode *inode)
{
    if (inode->inode.number == EXT2_ROOT_INODE) {
        return -EBUSY;
    }
    if (inode->inode.mounted) {
        return -EBUSY;
    }
    if (inode->flags & (EXT2_FLAG_IMMUTABLE | EXT2_FLAG_APPEND)) {
        return -EPERM;
    }
    return may_change(directory, EXT2_FLAG_IMMUTABLE | EXT2_FLAG_APPEND);
}

// Whether a directory may get a name: it has none like it, and may be changed.
static int may_get(struct change *change)
{
    int error =
        ext2_directory_find(change->directory, change->name, change->name_length, &change->place);
    if (error != -ENOENT) {
        return error ? error : -EEXIST;
    }
    return may_change(change->directory, EXT2_FLAG_IMMUTABLE);
}

static int insert(struct change *change, const struct ext2_inode *inode)
{
    return ext2_directory_insert(change->directory, change->name, change->name_length,
                                 inode->inode.number, inode->inode.mode);
}

// Puts a symbolic link's target into the inode, or into a block of its own.
static int set_target(struct ext2_inode *inode, const char *target)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    size_t length = strlen(target);
    struct buffer *buffer;
    uint32_t block;
    bool allocated;

    if (length < sizeof(inode->block)) {
        memcpy(inode->block, target, length);
    } else {
        int error = ext2_map_allocate(inode, 0, false, &block, &allocated);
        if (error == 0) {
            error = cache_read(ext2->cache, block, &buffer); // it is there, dirty and all zeroes
        }
        if (error) {
            return error;
        }
        memcpy(buffer->data, target, length);
        cache_release(ext2->cache, buffer);
    }
    inode->inode.size = length;
    return 0;
}

#define MAKE_CREDITS (3 + 2 + EXT2_MAP_CREDITS + 1 + EXT2_INSERT_CREDITS + 1 + 2)

static int make(struct change *change)
{
    struct ext2_inode *directory = change->directory;
    struct ext2 *ext2 = ext2_of(&directory->inode);
    bool is_dir = S_ISDIR(change->mode);
    uint32_t number;

    int error = may_get(change);
    if (error == 0 && is_dir && directory->inode.link_count >= EXT2_LINK_MAX) {
        error = -EMLINK;
    }
    if (error == 0 && change->target && strlen(change->target) >= ext2->block_size) {
        error = -ENAMETOOLONG;
    }
    if (error == 0) {
        error = pin(directory, NULL);
    }
    if (error == 0) {
        error = ext2_inode_number_allocate(ext2, directory->inode.number, is_dir, &number);
    }
    if (error) {
        return error;
    }
    error = ext2_inode_new(ext2, number, change->mode, &change->inode);
    if (error) {
        ext2_inode_number_free(ext2, number, is_dir);
        return error;
    }
    struct ext2_inode *inode = change->inode;
    if (is_dir) {
        error = ext2_directory_start(inode, directory->inode.number);
    } else if (change->target) {
        error = set_target(inode, change->target);
    }
    if (error == 0) {
        error = insert(change, inode);
    }
    if (error) {
        ext2_orphan_add(inode);
        return error;
    }
    inode->inode.link_count = is_dir ? 2 : 1;
    changed(change, inode, true);
    count_parent(directory, is_dir);
    changed(change, directory, true);
    return 0;
}

int ext2_create(struct inode *directory, const char *name, size_t name_length, uint32_t mode,
                struct inode **inode)
{
    struct change change = {.directory = ext2_inode_of(directory), .made = inode,
                            .name = name, .name_length = name_length, .mode = mode};
    return run(&change, MAKE_CREDITS, make);
}

int ext2_mkdir(struct inode *directory, const char *name, size_t name_length, uint32_t mode)
{
    struct change change = {.directory = ext2_inode_of(directory), .mode = S_IFDIR | (mode & 07777),
                            .name = name, .name_length = name_length};
    return run(&change, MAKE_CREDITS, make);
}

int ext2_symlink(struct inode *directory, const char *name, size_t name_length, const char *target)
{
    struct change change = {.directory = ext2_inode_of(directory), .mode = S_IFLNK | 0777,
                            .name = name, .name_length = name_length, .target = target};
    return run(&change, MAKE_CREDITS, make);
}

static int add_link(struct change *change)
{
    struct ext2_inode *inode = change->linked;

    int error = may_get(change);
    if (error) {
        return error;
    }
    if (is_directory(inode) || inode->flags & (EXT2_FLAG_IMMUTABLE | EXT2_FLAG_APPEND)) {
        return -EPERM;
    }
    if (inode->inode.link_count == 0 || inode->inode.link_count >= EXT2_LINK_MAX) {
        return inode->inode.link_count == 0 ? -ENOENT : -EMLINK;
    }
    error = pin(change->directory, inode);
    if (error == 0) {
        error = insert(change, inode);
    }
    if (error == 0) {
        inode->inode.link_count++;
        changed(change, inode, false);
        changed(change, change->directory, true);
    }
    return error;
}

int ext2_link(struct inode *directory, const char *name, size_t name_length, struct inode *inode)
{
    struct change change = {.directory = ext2_inode_of(directory), .linked = ext2_inode_of(inode),
                            .name = name, .name_length = name_length};
    return run(&change, EXT2_INSERT_CREDITS + 2, add_link);
}

static int take(struct change *change)
{
    struct ext2_inode *directory = change->directory;

    int error = find(directory, change->name, change->name_length, &change->place, &change->inode);
    struct ext2_inode *inode = change->inode;
    if (error == 0 && is_directory(inode) != S_ISDIR(change->mode)) {
        error = is_directory(inode) ? -EISDIR : -ENOTDIR;
    }
    if (error == 0) {
        error = may_go(directory, inode);
    }
    if (error == 0 && is_directory(inode)) {
        error = ext2_directory_empty(inode);
    }
    if (error == 0) {
        error = pin(directory, inode);
    }
    if (error == 0) {
        ext2_directory_remove(directory, &change->place);
        count_parent(directory, is_directory(inode) ? -1 : 0);
        changed(change, directory, true);
        lose_name(change, inode);
    }
    return error;
}

#define TAKE_CREDITS (1 + 2 + 2)

int ext2_unlink(struct inode *directory, const char *name, size_t name_length)
{
    struct change change = {.directory = ext2_inode_of(directory), .mode = S_IFREG,
                            .name = name, .name_length = name_length};
    return run(&change, TAKE_CREDITS, take);
}

int ext2_rmdir(struct inode *directory, const char *name, size_t name_length)
{
    struct change change = {.directory = ext2_inode_of(directory), .mode = S_IFDIR,
                            .name = name, .name_length = name_length};
    if (name_dots(name, name_length)) {
        return name_length == 1 ? -EINVAL : -ENOTEMPTY;
    }
    return run(&change, TAKE_CREDITS, take);
}

// ---- Renaming ----

// Whether a directory is `outer` or lies below it: 1, 0, or an error.
static int lies_in(struct ext2_inode *directory, const struct ext2_inode *outer)
{
    struct ext2 *ext2 = ext2_of(&directory->inode);
    struct ext2_inode *parent;

    inode_hold(&directory->inode);
    for (uint32_t depth = 0; directory != outer && directory->inode.number != EXT2_ROOT_INODE;
         depth++) {
        struct ext2_place place = {0};
        int error = find(directory, "..", 2, &place, &parent);
        ext2_place_release(ext2, &place);
        ext2_inode_put(directory);
        if (error) {
            return error;
        }
        directory = parent;
        if (depth > ext2->super->inodes_count) {
            ext2_inode_put(directory);
            return ext2_corrupt(ext2, "directory %u lies in itself", outer->inode.number);
        }
    }
    ext2_inode_put(directory);
    return directory == outer;
}

// Finds everything that a rename needs, and out whether it may be. 0 is also the answer where old
// and new name are of the same inode, and nothing is to be done.
static int find_both(struct change *change)
{
    struct ext2_inode *from = change->directory, *to = change->new_directory;

    int error = find(from, change->name, change->name_length, &change->place, &change->inode);
    if (error) {
        return error;
    }
    error = find(to, change->new_name, change->new_length, &change->new_place, &change->replaced);
    if (error && error != -ENOENT) {
        return error;
    }
    struct ext2_inode *inode = change->inode, *replaced = change->replaced;
    if (replaced && !change->replace) {
        return -EEXIST;
    }
    // With the tree's lock held nothing is moved while we look where it is.
    if (from != to && is_directory(inode)) {
        error = lies_in(to, inode);
        if (error) {
            return error < 0 ? error : -EINVAL;
        }
    }
    if (from != to && is_directory(replaced)) {
        error = lies_in(from, replaced);
        if (error) {
            return error < 0 ? error : -ENOTEMPTY;
        }
    }
    if (inode == replaced) {
        return 0;
    }
    error = may_go(from, inode);
    if (error == 0) {
        error = replaced ? may_go(to, replaced) : may_change(to, EXT2_FLAG_IMMUTABLE);
    }
    if (error == 0 && replaced && is_directory(inode) != is_directory(replaced)) {
        error = is_directory(replaced) ? -EISDIR : -ENOTDIR;
    }
    if (error == 0 && is_directory(replaced)) {
        error = ext2_directory_empty(replaced);
    }
    if (error == 0 && is_directory(inode) && !replaced && from != to &&
        to->inode.link_count >= EXT2_LINK_MAX) {
        error = -EMLINK;
    }
    if (error == 0 && is_directory(inode) && from != to) {
        error = ext2_directory_find(inode, "..", 2, &change->parent_place);
    }
    if (error == 0) {
        error = pin(from, to);
    }
    return error ? error : pin(inode, replaced);
}

static int move(struct change *change)
{
    struct ext2_inode *from = change->directory, *to = change->new_directory;

    if (from->inode.link_count == 0 || to->inode.link_count == 0) {
        return -ENOENT;
    }
    int error = find_both(change);
    struct ext2_inode *inode = change->inode, *replaced = change->replaced;
    if (error || inode == replaced) {
        return error;
    }
    if (replaced) {
        ext2_directory_replace(to, &change->new_place, inode->inode.number, inode->inode.mode);
    } else {
        error = ext2_directory_insert(to, change->new_name, change->new_length, inode->inode.number,
                                      inode->inode.mode);
        if (error) {
            return error;
        }
    }
    ext2_directory_remove(from, &change->place);
    if (change->parent_place.buffer) {
        ext2_directory_replace(inode, &change->parent_place, to->inode.number, S_IFDIR);
        count_parent(from, -1);
        count_parent(to, 1);
    }
    if (replaced) {
        count_parent(to, is_directory(replaced) ? -1 : 0);
        lose_name(change, replaced);
    }
    changed(change, from, true);
    changed(change, to, true);
    changed(change, inode, false);
    return 0;
}

int ext2_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                struct inode *new_directory, const char *new_name, size_t new_length, bool replace)
{
    struct change change = {.directory = ext2_inode_of(old_directory), .name = old_name,
                            .name_length = old_length,
                            .new_directory = ext2_inode_of(new_directory),
                            .new_name = new_name, .new_length = new_length,
                            .replace = replace};
    if (name_dots(old_name, old_length) || name_dots(new_name, new_length)) {
        return -EINVAL;
    }
    // The inodes of both directories, of what is moved and what is replaced; the blocks of two
    // entries and a ".."; an orphan.
    return run(&change, EXT2_INSERT_CREDITS + 4 + 3 + 2, move);
}
