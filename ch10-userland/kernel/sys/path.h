// What a system call was given to name a file by: a descriptor, or a path and where it starts.
#ifndef RUNG_KERNEL_SYS_PATH_H
#define RUNG_KERNEL_SYS_PATH_H

#include "kernel/fs/descriptor.h"
#include "kernel/fs/file.h"
#include "kernel/proc/process.h"

#define CALL_AT_DIRECTORY ((uint64_t)AT_FDCWD)
#define CALL_PATH_FEW 128 // bytes: most paths are shorter

struct call_path {
    struct inode *base; // where it starts; not held: it stays as long as the call lasts
    const char *text;
    char *memory; // of a long one
    char few[CALL_PATH_FEW];
};

// The file of a descriptor, not held: the caller's table keeps it as long as the call lasts. NULL:
// none (-EBADF).
static inline struct file *call_file(uint64_t descriptor)
{
    return descriptor_file(process_current()->descriptors, (int)descriptor);
}

// Copies a path from the caller's memory, and finds where it starts: at a directory's descriptor,
// or the caller's directory (CALL_AT_DIRECTORY). -EFAULT, -ENAMETOOLONG, -ENOMEM; -EBADF, but not
// for an absolute path. Sleeps.
int call_path_get(struct call_path *path, uint64_t base, uint64_t address);
void call_path_put(struct call_path *path);

// Holds the inode that a path leads to; flags: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. Sleeps.
int call_find(uint64_t base, uint64_t address, uint64_t flags, struct inode **inode);

#endif
