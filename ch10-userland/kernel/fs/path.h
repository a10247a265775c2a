// Paths to inodes.
#ifndef RUNG_KERNEL_FS_PATH_H
#define RUNG_KERNEL_FS_PATH_H

#include "kernel/fs/vfs.h"

#define PATH_LINKS_MAX 40 // symbolic links followed in one resolution

// Finds what a path names and holds it. A relative path starts at base (NULL: the root). A
// symbolic link at the end is followed if `follow` says so, or if there is a slash behind it.
// Errors as vfs.h says. Sleeps.
int path_find(struct inode *base, const char *path, bool follow, struct inode **inode);

// A path's last name, and the directory that it is or is to be in.
struct path_parent {
    struct inode *directory; // held
    char name[NAME_MAX + 1]; // "." where the path is "/" or ends so
    size_t name_length;
    bool slash; // the path ends in a slash: it must be a directory
};

// Finds the directory that a path's last name is in; the name itself need not exist and is not
// followed. Errors as above; -ENOENT for an empty path. Sleeps.
int path_find_parent(struct inode *base, const char *path, struct path_parent *parent);

// Both: finds the last name's directory and, where it exists, its inode (else NULL). If `follow`
// says so a symbolic link at the end is followed, and the parent is that of what it leads to,
// whether that exists or not. A name with a slash behind it (but "." and "..") is not looked for:
// NULL. Errors as above. Sleeps.
int path_find_last(struct inode *base, const char *path, bool follow, struct path_parent *parent,
                   struct inode **inode);

#endif
