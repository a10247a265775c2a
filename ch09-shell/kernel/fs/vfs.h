// What is common to all file systems: inodes, the operations on them, and the tree's root.
#ifndef RUNG_KERNEL_FS_VFS_H
#define RUNG_KERNEL_FS_VFS_H

#include "kernel/fs/io.h"
#include "lib/abi/mode.h"
#include "lib/types.h"

#define NAME_MAX 255 // bytes in a name
#define PATH_MAX 4096 // bytes in a path, with its NUL

struct inode;
struct filesystem;

// One entry of a directory, as readdir gives it. The name is not NUL-terminated.
struct directory_entry {
    uint32_t number; // of the inode
    uint16_t type; // S_IFREG and so on, 0 if not known
    uint8_t name_length;
    const char *name;
    uint64_t next; // the position behind it
};

// What a file system does. Names are name_length (1 to NAME_MAX) bytes without '/' and NUL, not
// terminated; "." and ".." only where an operation says so. Each operation is whole: it takes the
// file system's lock itself, and what it changes happens together or, also in a crash, not at all
// (but for write and truncate, of which a part may happen). `directory` has been checked to be one.
// Results are 0, or -EIO, -ENOMEM, -EUCLEAN (the disk's contents make no sense), -EROFS, and what
// is named. An operation that a file system does not have is NULL; the VFS then answers -EPERM, or
// what vfs.c's callers document. All of them may sleep.
struct inode_operations {
    // Finds a name ("." and ".." too) and holds its inode. -ENOENT.
    int (*lookup)(struct inode *directory, const char *name, size_t name_length,
                  struct inode **inode);

    // Makes a regular file (or what type of mode says, but a directory) and holds it. -EEXIST,
    // -ENOSPC.
    int (*create)(struct inode *directory, const char *name, size_t name_length, uint32_t mode,
                  struct inode **inode);
    int (*mkdir)(struct inode *directory, const char *name, size_t name_length, uint32_t mode);
    int (*symlink)(struct inode *directory, const char *name, size_t name_length,
                   const char *target);

    // Another name for an inode. -EEXIST, -EMLINK, -EPERM for a directory.
    int (*link)(struct inode *directory, const char *name, size_t name_length, struct inode *inode);

    // Takes a name away, and with the last name and the last hold the inode. -ENOENT; -EISDIR;
    // rmdir: -ENOTDIR, -ENOTEMPTY, -EINVAL for ".", -ENOTEMPTY for "..".
    int (*unlink)(struct inode *directory, const char *name, size_t name_length);
    int (*rmdir)(struct inode *directory, const char *name, size_t name_length);

    // Renames, over an existing file or empty directory too, as POSIX has it, but without `replace`
    // (-EEXIST): -ENOENT, -EISDIR, -ENOTDIR, -ENOTEMPTY, -EINVAL (into itself, "." or ".."). Both
    // directories are of this file system.
    int (*rename)(struct inode *old_directory, const char *old_name, size_t old_length,
                  struct inode *new_directory, const char *new_name, size_t new_length,
                  bool replace);

    // Copies a link's target, not terminated, cut to size; returns its length.
    int64_t (*readlink)(struct inode *inode, struct io *io);

    // Gives entries from a position (0: the first) on to emit, until it returns false. A position
    // is what an entry's `next` said, or anything: nonsense gives some entries or none. Entries
    // that are there all the time are given once. emit is called with the file system's lock held
    // and must not call into it. -ENOENT when the directory has been removed.
    int (*readdir)(struct inode *directory, uint64_t position,
                   bool (*emit)(void *context, const struct directory_entry *entry), void *context);

    // Reads and writes at an offset in bytes: how many, less than asked for at the end of the file,
    // or where an error came after some. write beyond the end leaves a hole. -EFAULT, -EFBIG,
    // -ENOSPC. *append, if append is not NULL, is set to the offset where it began: the end.
    int64_t (*read)(struct inode *inode, struct io *io, uint64_t offset);
    int64_t (*write)(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append);
    int (*truncate)(struct inode *inode, uint64_t size);

    // Everything about this inode (data and metadata) is safe on the disk when it returns 0.
    int (*sync)(struct inode *inode);

    // What files that have no place on a disk do besides; NULL: nothing. open: a struct file has
    // been made (or is about to be: an error takes it back); close: its last hold was given back.
    // The flags are those of file_open. Their reads and writes may wait, interruptibly (-EINTR),
    // and obey io->nonblocking; the offset may be ignored.
    int (*open)(struct inode *inode, unsigned flags);
    void (*close)(struct inode *inode, unsigned flags);

    // Device control: argument is an io over the caller's memory (64 bytes: what the request says
    // is copied in or out). -ENOTTY.
    int (*ioctl)(struct inode *inode, unsigned request, struct io *argument);
};

struct filesystem_statistics {
    uint32_t block_size;
    uint64_t block_count, free_blocks;
    uint64_t inode_count, free_inodes;
};

struct filesystem_operations {
    const char *name; // of this kind of file system
    uint32_t magic; // its number, for statfs
    // Gives an inode's last hold back: deletes it when it has no name left.
    void (*release)(struct inode *inode);
    // All changes so far are safe on the disk when it returns 0.
    int (*sync)(struct filesystem *filesystem);
    // The same, and leaves a file system that says it is clean. It can no longer be used, except
    // to release inodes.
    int (*unmount)(struct filesystem *filesystem);
    void (*statistics)(struct filesystem *filesystem, struct filesystem_statistics *statistics);
};

// A mounted file system: the first member of whatever its implementation keeps.
struct filesystem {
    const struct filesystem_operations *operations;
    struct inode *root; // held
    uint32_t device; // number for stat
    bool read_only;
    // Filled in by vfs.c alone, as long as it is mounted.
    const char *path; // where
    struct inode *covered; // the directory that leads to the root, held; NULL: the tree's root
    struct filesystem *next; // mounted after it
};

struct timestamp {
    int64_t seconds; // since 1970-01-01 00:00 UTC
    uint32_t nanoseconds;
};

// A file, directory or link in memory: the first member of whatever its file system keeps. Filled
// in and changed by the file system alone, with its lock held; read by anybody.
struct inode {
    const struct inode_operations *operations;
    struct filesystem *filesystem;
    uint32_t number;
    unsigned references; // holds: changed by inode_hold and inode_release alone
    uint32_t mode;
    uint32_t uid, gid;
    uint32_t link_count;
    uint64_t size; // bytes
    uint64_t sector_count; // of 512 bytes, that it takes on the disk
    struct timestamp accessed, modified, changed;
    uint32_t device_number; // of a device: major << 8 | minor
    struct inode *mounted; // the root that a path leads to instead; NULL: nothing is mounted here
};

// What stat tells.
struct file_status {
    uint32_t device, number, mode, link_count, uid, gid;
    uint64_t size, sector_count;
    uint32_t block_size;
    struct timestamp accessed, modified, changed;
    uint32_t device_number;
};

// 1 for the name ".", 2 for "..", 0 for any other.
static inline unsigned name_dots(const char *name, size_t name_length)
{
    bool dots = name_length <= 2 && name[0] == '.' && name[name_length - 1] == '.';
    return dots ? (unsigned)name_length : 0;
}

// Holds an inode once more, any context; gives a hold back, which may sleep. NULL may be released.
struct inode *inode_hold(struct inode *inode);
void inode_release(struct inode *inode);

// The functions below are the system calls of a file system, for callers in the kernel. A path is
// absolute, or starts at `base`, a held directory (NULL: the root). Errors besides those of
// inode_operations: -ENOENT, -ENOTDIR, -ELOOP (40 symbolic links), -ENAMETOOLONG, -EXDEV, -EBUSY
// (the root, and renaming "." or ".."), -EROFS, -EPERM. They sleep.

// Makes a file system's root the root of the tree. Called once.
void vfs_set_root(struct filesystem *filesystem);
struct inode *vfs_root(void); // not held for the caller

// Give and take names, as POSIX has it, with the errors of Linux where several are right. mode: the
// rights of the directory (07777). vfs_link does not follow a link at the end of old_path; a target
// is taken as it is.
int vfs_mkdir(struct inode *base, const char *path, uint32_t mode);
int vfs_rmdir(struct inode *base, const char *path);
int vfs_unlink(struct inode *base, const char *path);
int vfs_link(struct inode *base, const char *old_path, const char *new_path);
int vfs_symlink(struct inode *base, const char *target, const char *path);
int vfs_rename(struct inode *base, const char *old_path, const char *new_path);

// The same for paths with a base each; `follow` says whether a link at the end of old_path is,
// `replace` whether what has the new name already is replaced: else -EEXIST.
int vfs_link_at(struct inode *old_base, const char *old_path, bool follow, struct inode *new_base,
                const char *new_path);
int vfs_rename_at(struct inode *old_base, const char *old_path, struct inode *new_base,
                  const char *new_path, bool replace);

// Reads a link's target: its length, cut to the io's.
int64_t vfs_readlink(struct inode *base, const char *path, struct io *io);

// Tells about a file, or with follow false about a symbolic link itself.
int vfs_stat(struct inode *base, const char *path, bool follow, struct file_status *status);
void vfs_status(const struct inode *inode, struct file_status *status);

// Cuts a file, or lengthens it by a hole. -EISDIR, -EINVAL for what else is no file.
int vfs_truncate(struct inode *base, const char *path, uint64_t size);

// Lets a path that leads to the directory `path` lead to a file system's root instead; the path is
// absolute and kept for vfs_filesystems. -EBUSY when one is mounted there already. Called by
// kmain's calls alone. The file system stays until vfs_unmount.
int vfs_mount(const char *path, struct filesystem *filesystem);

// What is mounted: the tree's root, and the others by `next`. NULL: nothing.
struct filesystem *vfs_filesystems(void);

// The absolute path of a directory, of which -ERANGE if it does not fit into size bytes with its
// NUL; -ENOENT when it has been removed. Returns the length without the NUL.
int vfs_path(struct inode *directory, char *path, size_t size);

// Makes all changes so far safe.
int vfs_sync(void);

// Unmounts everything, for shutdown: 0, or the first error (the rest is tried none the less).
int vfs_unmount(void);

#endif
