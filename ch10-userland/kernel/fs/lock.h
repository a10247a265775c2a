// Advisory locks on files, which stop nobody but those who ask for one: of bytes, for a process
// (fcntl), and of a whole file, for an open file (flock). The two kinds do not see each other.
#ifndef RUNG_KERNEL_FS_LOCK_H
#define RUNG_KERNEL_FS_LOCK_H

#include "kernel/fs/vfs.h"

struct file_lock {
    const struct inode *inode; // whose file the owner has open
    const void *owner; // an open file, or a process's table of descriptors
    bool whole; // the kind of an open file
    bool exclusive; // else shared: others may have a shared one, too
    uint64_t start, end; // bytes [start, end)
    int pid; // who asked for it
};

// Takes a lock, in place of all of its kind that the owner has on these bytes, and joins it with
// equal ones beside it, or (`take` false) only gives those back. Where others are in the way:
// -EAGAIN, or with `wait` sleeps until they are not; -EINTR, -ENOMEM, -ENOLCK (too many).
int lock_set(const struct file_lock *lock, bool take, bool wait);

// Finds the lock of somebody else that is in the way, the first of several. False: there is none.
bool lock_find(const struct file_lock *wanted, struct file_lock *found);

// Gives all locks back that an owner has on a file. Any context.
void lock_drop(const struct inode *inode, const void *owner);

#endif
