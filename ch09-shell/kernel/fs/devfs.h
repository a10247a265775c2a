// /dev: a directory of devices. Each is an inode whose operations a driver gives.
#ifndef RUNG_KERNEL_FS_DEVFS_H
#define RUNG_KERNEL_FS_DEVFS_H

#include "kernel/fs/vfs.h"

#define DEVFS_DEVICE 5 // for stat: the number of a file system without one

// A device's file; the caller keeps it for good. The first members are the caller's to fill in.
struct device {
    const char *name;
    const struct inode_operations *operations; // read, write, ioctl, poll: what it has
    uint32_t number; // for stat: major << 8 | minor, as on Linux
    struct inode inode; // devfs's
    struct device *next;
};

// Makes /dev with null, zero, full, random and urandom, and mounts it on the root's directory dev.
// Where there is no such directory that is said. Called once by kmain, after root_mount.
void devfs_init(void);

// Adds a character device; before or after devfs_init, by kmain's calls alone.
void devfs_add(struct device *device);

#endif
