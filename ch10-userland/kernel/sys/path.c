#include "kernel/sys/path.h"

#include "kernel/fs/path.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"

// Where a path starts that is not absolute. NULL: the root.
static int find_base(uint64_t descriptor, struct inode **base)
{
    if ((int)descriptor == AT_FDCWD) {
        *base = process_current()->directory;
        return 0;
    }
    const struct file *file = call_file(descriptor);
    *base = file ? file->inode : NULL;
    return file ? 0 : -EBADF;
}

int call_path_get(struct call_path *path, uint64_t base, uint64_t address)
{
    path->memory = NULL;
    path->base = NULL;
    path->text = path->few;
    int64_t result = copy_string_from_user(path->few, address, sizeof(path->few));
    if (result == -ENAMETOOLONG) {
        path->text = path->memory = kmalloc(PATH_MAX);
        if (!path->memory) {
            return -ENOMEM;
        }
        result = copy_string_from_user(path->memory, address, PATH_MAX);
    }
    if (result >= 0) {
        result = *path->text == '/' ? 0 : find_base(base, &path->base);
    }
    if (result < 0) {
        kfree(path->memory);
    }
    return (int)result;
}

void call_path_put(struct call_path *path)
{
    kfree(path->memory);
}

int call_find(uint64_t base, uint64_t address, uint64_t flags, struct inode **inode)
{
    struct call_path path;

    int error = call_path_get(&path, base, address);
    if (error) {
        return error;
    }
    if (*path.text == '\0' && flags & AT_EMPTY_PATH) {
        struct inode *start = path.base ? path.base : vfs_root();
        *inode = start ? inode_hold(start) : NULL;
        error = start ? 0 : -ENOENT;
    } else {
        error = path_find(path.base, path.text, !(flags & AT_SYMLINK_NOFOLLOW), inode);
    }
    call_path_put(&path);
    return error;
}
