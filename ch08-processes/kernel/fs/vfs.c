#include "kernel/fs/vfs.h"

#include "kernel/fs/path.h"
#include "kernel/sync/mutex.h"
#include "lib/errno.h"
#include "lib/string.h"

// What reading and writing goes best in pieces of, says stat: a page.
#define STATUS_BLOCK_SIZE 4096

static struct filesystem *root;
static struct mutex unmounting = MUTEX("vfs"); // or syncing: who asks meanwhile waits for the end

struct inode *inode_hold(struct inode *inode)
{
    __atomic_fetch_add(&inode->references, 1, __ATOMIC_RELAXED);
    return inode;
}

void inode_release(struct inode *inode)
{
    if (!inode) {
        return;
    }
    // The last hold is given back under the file system's lock: so nobody finds an inode there that
    // is on its way out.
    unsigned references = __atomic_load_n(&inode->references, __ATOMIC_RELAXED);
    while (references > 1) {
        if (__atomic_compare_exchange_n(&inode->references, &references, references - 1, true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
            return;
        }
    }
    inode->filesystem->operations->release(inode);
}

void vfs_set_root(struct filesystem *filesystem)
{
    root = filesystem;
}

struct inode *vfs_root(void)
{
    return root ? root->root : NULL;
}

// Calls an operation of an inode.
#define CALL(inode, operation, arguments)                                                          \
    ((inode)->operations->operation ? (inode)->operations->operation arguments : -EPERM)

// The directory and the name of a path_parent, as operations want them.
#define NAME(parent) (parent).directory, (parent).name, (parent).name_length

// Finds where a path's last name is, for a change there. dots: the error where it is "." or "..".
static int find_parent(struct inode *base, const char *path, int dots, struct path_parent *parent)
{
    int error = path_find_parent(base, path, parent);
    if (error == 0 && name_dots(parent->name, parent->name_length)) {
        inode_release(parent->directory);
        error = dots;
    }
    return error;
}

// A name with a slash behind it is a directory's: 0 if it is, else -ENOTDIR or -ENOENT. 0 also
// without a slash.
static int check_slash(const struct path_parent *parent)
{
    struct inode *inode;
    int error = parent->slash ? CALL(parent->directory, lookup, (NAME(*parent), &inode)) : 0;
    if (error == 0 && parent->slash) {
        error = S_ISDIR(inode->mode) ? 0 : -ENOTDIR;
        inode_release(inode);
    }
    return error;
}

int vfs_mkdir(struct inode *base, const char *path, uint32_t mode)
{
    struct path_parent parent;
    int error = find_parent(base, path, -EEXIST, &parent);
    if (error == 0) {
        error = CALL(parent.directory, mkdir, (NAME(parent), mode & 07777));
        inode_release(parent.directory);
    }
    return error;
}

int vfs_rmdir(struct inode *base, const char *path)
{
    struct path_parent parent;
    int error = path_find_parent(base, path, &parent);
    if (error) {
        return error;
    }
    while (*path == '/') {
        path++;
    }
    unsigned dots = name_dots(parent.name, parent.name_length);
    if (dots) {
        error = *path == '\0' ? -EBUSY : dots == 1 ? -EINVAL : -ENOTEMPTY;
    } else {
        error = CALL(parent.directory, rmdir, (NAME(parent)));
    }
    inode_release(parent.directory);
    return error;
}

int vfs_unlink(struct inode *base, const char *path)
{
    struct path_parent parent;
    int error = find_parent(base, path, -EISDIR, &parent);
    if (error) {
        return error;
    }
    error = check_slash(&parent);
    if (error == 0) {
        error = CALL(parent.directory, unlink, (NAME(parent)));
    }
    inode_release(parent.directory);
    return error;
}

int vfs_link(struct inode *base, const char *old_path, const char *new_path)
{
    return vfs_link_at(base, old_path, false, base, new_path);
}

int vfs_link_at(struct inode *old_base, const char *old_path, bool follow, struct inode *new_base,
                const char *new_path)
{
    struct path_parent parent;
    struct inode *inode;
    int error = path_find(old_base, old_path, follow, &inode);
    if (error) {
        return error;
    }
    error = find_parent(new_base, new_path, -EEXIST, &parent);
    if (error == 0) {
        if (inode->filesystem != parent.directory->filesystem) {
            error = -EXDEV;
        } else if (check_slash(&parent) == -ENOENT) {
            error = -ENOENT;
        } else {
            error = CALL(parent.directory, link, (NAME(parent), inode));
        }
        inode_release(parent.directory);
    }
    inode_release(inode);
    return error;
}

int vfs_symlink(struct inode *base, const char *target, const char *path)
{
    struct path_parent parent;
    size_t length = strnlen(target, PATH_MAX);
    if (length == 0 || length == PATH_MAX) {
        return length == 0 ? -ENOENT : -ENAMETOOLONG;
    }
    int error = find_parent(base, path, -EEXIST, &parent);
    if (error) {
        return error;
    }
    if (check_slash(&parent) == -ENOENT) {
        error = -ENOENT;
    } else {
        error = CALL(parent.directory, symlink, (NAME(parent), target));
    }
    inode_release(parent.directory);
    return error;
}

int vfs_rename(struct inode *base, const char *old_path, const char *new_path)
{
    return vfs_rename_at(base, old_path, base, new_path, true);
}

int vfs_rename_at(struct inode *old_base, const char *old_path, struct inode *new_base,
                  const char *new_path, bool replace)
{
    struct path_parent old, new;
    int error = path_find_parent(old_base, old_path, &old);
    if (error) {
        return error;
    }
    error = path_find_parent(new_base, new_path, &new);
    if (error == 0) {
        old.slash |= new.slash; // it is a directory, or cannot become one
        if (old.directory->filesystem != new.directory->filesystem) {
            error = -EXDEV;
        } else if (name_dots(old.name, old.name_length) || name_dots(new.name, new.name_length)) {
            error = -EBUSY;
        } else {
            error = check_slash(&old);
        }
        if (error == 0) {
            error = CALL(old.directory, rename, (NAME(old), NAME(new), replace));
        }
        inode_release(new.directory);
    }
    inode_release(old.directory);
    return error;
}

int64_t vfs_readlink(struct inode *base, const char *path, struct io *io)
{
    struct inode *inode;
    int64_t result = path_find(base, path, false, &inode);
    if (result == 0) {
        result = S_ISLNK(inode->mode) ? CALL(inode, readlink, (inode, io)) : -EINVAL;
        inode_release(inode);
    }
    return result;
}

void vfs_status(const struct inode *inode, struct file_status *status)
{
    *status = (struct file_status){.device = inode->filesystem->device,
                                   .number = inode->number,
                                   .mode = inode->mode,
                                   .link_count = inode->link_count,
                                   .uid = inode->uid,
                                   .gid = inode->gid,
                                   .size = inode->size,
                                   .sector_count = inode->sector_count,
                                   .block_size = STATUS_BLOCK_SIZE,
                                   .accessed = inode->accessed,
                                   .modified = inode->modified,
                                   .changed = inode->changed};
}

int vfs_stat(struct inode *base, const char *path, bool follow, struct file_status *status)
{
    struct inode *inode;
    int error = path_find(base, path, follow, &inode);
    if (error == 0) {
        vfs_status(inode, status);
        inode_release(inode);
    }
    return error;
}

int vfs_truncate(struct inode *base, const char *path, uint64_t size)
{
    struct inode *inode;
    int error = path_find(base, path, true, &inode);
    if (error) {
        return error;
    }
    if (S_ISREG(inode->mode)) {
        error = CALL(inode, truncate, (inode, size));
    } else {
        error = S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
    }
    inode_release(inode);
    return error;
}

int vfs_sync(void)
{
    mutex_lock(&unmounting);
    int error = root ? root->operations->sync(root) : 0;
    mutex_unlock(&unmounting);
    return error;
}

int vfs_unmount(void)
{
    mutex_lock(&unmounting);
    struct filesystem *filesystem = root;
    root = NULL; // no path leads there any more
    int error = filesystem ? filesystem->operations->unmount(filesystem) : 0;
    mutex_unlock(&unmounting);
    return error;
}
