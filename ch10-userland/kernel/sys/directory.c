// System calls on names, and the process's place among them.
#include "kernel/sys/directory.h"

#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/file_source.h"
#include "kernel/proc/process.h"
#include "kernel/sys/path.h"
#include "lib/errno.h"

#define RIGHTS 07777
#define RENAME_NOREPLACE 1

// ---- Where the process is ----

// Makes an inode, whose hold it takes over, the directory where the caller's paths start.
static int64_t go_to(struct inode *inode)
{
    struct process *self = process_current();
    struct inode *old = self->directory;

    if (!S_ISDIR(inode->mode)) {
        inode_release(inode);
        return -ENOTDIR;
    }
    self->directory = inode; // first: /proc shows it to others
    inode_release(old);
    return 0;
}

int64_t sys_chdir(struct trap_frame *frame)
{
    struct inode *inode;
    int64_t error = call_find(CALL_AT_DIRECTORY, frame->rdi, 0, &inode);
    return error ? error : go_to(inode);
}

int64_t sys_fchdir(struct trap_frame *frame)
{
    const struct file *file = call_file(frame->rdi);
    return file ? go_to(inode_hold(file->inode)) : -EBADF;
}

int64_t sys_getcwd(struct trap_frame *frame)
{
    struct inode *directory = process_current()->directory;
    uint64_t size = frame->rsi;
    char *path = kmalloc(PATH_MAX);

    if (!path) {
        return -ENOMEM;
    }
    int64_t length = vfs_path(directory ? directory : vfs_root(), path, PATH_MAX);
    if (length >= 0) {
        uint64_t needed = (uint64_t)length + 1;
        length = needed > size                                ? -ERANGE
                 : copy_to_user(frame->rdi, path, needed) < 0 ? -EFAULT
                                                              : (int64_t)needed;
    }
    kfree(path);
    return length;
}

int64_t sys_umask(struct trap_frame *frame)
{
    struct process *self = process_current();
    uint32_t before = self->umask;

    self->umask = frame->rdi & 0777;
    return before;
}

// ---- Giving and taking names ----

static int64_t make_directory(const struct call_path *path, uint64_t mode)
{
    return vfs_mkdir(path->base, path->text, mode & RIGHTS & ~process_current()->umask);
}

static int64_t remove_name(const struct call_path *path, uint64_t flags)
{
    if ((unsigned)flags & ~(unsigned)AT_REMOVEDIR) {
        return -EINVAL;
    }
    return flags & AT_REMOVEDIR ? vfs_rmdir(path->base, path->text)
                                : vfs_unlink(path->base, path->text);
}

static int64_t truncate(const struct call_path *path, uint64_t size)
{
    if ((int64_t)size < 0) {
        return -EINVAL;
    }
    bool locked = shared_files_lock();
    int error = vfs_truncate(path->base, path->text, size);
    shared_files_unlock(locked, true);
    return error;
}

// Nothing but files, directories and links can be made here, and of these only a file as a node.
static int64_t make_node(const struct call_path *path, uint64_t mode)
{
    struct file *file;

    if ((mode & S_IFMT) != 0 && !S_ISREG(mode)) {
        return -EPERM;
    }
    mode &= 07777 & ~process_current()->umask;
    int error = file_open(path->base, path->text, O_CREAT | O_EXCL, (uint32_t)mode, &file);
    if (error == 0) {
        file_close(file);
    }
    return error;
}

// Does something with a path.
static int64_t with_path(uint64_t base, uint64_t address,
                         int64_t (*use)(const struct call_path *path, uint64_t argument),
                         uint64_t argument)
{
    struct call_path path;
    int64_t result = call_path_get(&path, base, address);

    if (result == 0) {
        result = use(&path, argument);
        call_path_put(&path);
    }
    return result;
}

int64_t sys_mkdir(struct trap_frame *frame)
{
    return with_path(CALL_AT_DIRECTORY, frame->rdi, make_directory, frame->rsi);
}

int64_t sys_mkdirat(struct trap_frame *frame)
{
    return with_path(frame->rdi, frame->rsi, make_directory, frame->rdx);
}

int64_t sys_rmdir(struct trap_frame *frame)
{
    return with_path(CALL_AT_DIRECTORY, frame->rdi, remove_name, AT_REMOVEDIR);
}

int64_t sys_unlink(struct trap_frame *frame)
{
    return with_path(CALL_AT_DIRECTORY, frame->rdi, remove_name, 0);
}

int64_t sys_unlinkat(struct trap_frame *frame)
{
    return with_path(frame->rdi, frame->rsi, remove_name, frame->rdx);
}

int64_t sys_truncate(struct trap_frame *frame)
{
    return with_path(CALL_AT_DIRECTORY, frame->rdi, truncate, frame->rsi);
}

int64_t sys_mknod(struct trap_frame *frame)
{
    return with_path(CALL_AT_DIRECTORY, frame->rdi, make_node, frame->rsi);
}

int64_t sys_mknodat(struct trap_frame *frame)
{
    return with_path(frame->rdi, frame->rsi, make_node, frame->rdx);
}

// Does something with two paths.
static int64_t
with_paths(uint64_t old_base, uint64_t old_address, uint64_t new_base, uint64_t new_address,
           int (*use)(const struct call_path *old, const struct call_path *new, unsigned flags),
           unsigned flags)
{
    struct call_path old, new;
    int64_t result = call_path_get(&old, old_base, old_address);

    if (result) {
        return result;
    }
    result = call_path_get(&new, new_base, new_address);
    if (result == 0) {
        result = use(&old, &new, flags);
        call_path_put(&new);
    }
    call_path_put(&old);
    return result;
}

static int rename(const struct call_path *old, const struct call_path *new, unsigned flags)
{
    if (flags & ~(unsigned)RENAME_NOREPLACE) {
        return -EINVAL;
    }
    return vfs_rename_at(old->base, old->text, new->base, new->text, !(flags & RENAME_NOREPLACE));
}

static int link(const struct call_path *old, const struct call_path *new, unsigned flags)
{
    if (flags & ~(unsigned)AT_SYMLINK_FOLLOW) {
        return -EINVAL;
    }
    return vfs_link_at(old->base, old->text, flags & AT_SYMLINK_FOLLOW, new->base, new->text);
}

// The target is no path so far, and starts nowhere.
static int symlink(const struct call_path *target, const struct call_path *new, unsigned flags)
{
    (void)flags;
    return vfs_symlink(new->base, target->text, new->text);
}

int64_t sys_rename(struct trap_frame *frame)
{
    return with_paths(CALL_AT_DIRECTORY, frame->rdi, CALL_AT_DIRECTORY, frame->rsi, rename, 0);
}

int64_t sys_renameat(struct trap_frame *frame)
{
    return with_paths(frame->rdi, frame->rsi, frame->rdx, frame->r10, rename, 0);
}

int64_t sys_renameat2(struct trap_frame *frame)
{
    return with_paths(frame->rdi, frame->rsi, frame->rdx, frame->r10, rename, (unsigned)frame->r8);
}

int64_t sys_link(struct trap_frame *frame)
{
    return with_paths(CALL_AT_DIRECTORY, frame->rdi, CALL_AT_DIRECTORY, frame->rsi, link, 0);
}

int64_t sys_linkat(struct trap_frame *frame)
{
    return with_paths(frame->rdi, frame->rsi, frame->rdx, frame->r10, link, (unsigned)frame->r8);
}

int64_t sys_symlink(struct trap_frame *frame)
{
    return with_paths(CALL_AT_DIRECTORY, frame->rdi, CALL_AT_DIRECTORY, frame->rsi, symlink, 0);
}

int64_t sys_symlinkat(struct trap_frame *frame)
{
    return with_paths(CALL_AT_DIRECTORY, frame->rdi, frame->rsi, frame->rdx, symlink, 0);
}

static int64_t read_link(uint64_t base, uint64_t address, uint64_t to, uint64_t size)
{
    struct call_path path;

    if ((int)size <= 0) {
        return -EINVAL;
    }
    int64_t result = call_path_get(&path, base, address);
    if (result) {
        return result;
    }
    size = size < PATH_MAX ? size : PATH_MAX;
    char *target = kmalloc(PATH_MAX);
    result = -ENOMEM;
    if (target) {
        struct io io = io_kernel(target, size);
        result = vfs_readlink(path.base, path.text, &io);
        if (result > 0 && copy_to_user(to, target, (size_t)result)) {
            result = -EFAULT;
        }
        kfree(target);
    }
    call_path_put(&path);
    return result;
}

int64_t sys_readlink(struct trap_frame *frame)
{
    return read_link(CALL_AT_DIRECTORY, frame->rdi, frame->rsi, frame->rdx);
}

int64_t sys_readlinkat(struct trap_frame *frame)
{
    return read_link(frame->rdi, frame->rsi, frame->rdx, frame->r10);
}
