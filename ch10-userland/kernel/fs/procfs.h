// /proc: what the kernel knows about itself and its processes, as files in the formats of Linux.
#ifndef RUNG_KERNEL_FS_PROCFS_H
#define RUNG_KERNEL_FS_PROCFS_H

#include "kernel/fs/vfs.h"

// A file's contents as a text. It is made when the file is read from its start, and kept until the
// file is closed.
struct procfs_text {
    char *text;
    size_t length, size;
    bool failed; // without memory
    int number; // of a file in a directory of numbers; -1
};

// printf behind the end of a text.
void procfs_print(struct procfs_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// A file of /proc, or of /proc/PID where per_process says so. The caller keeps it for good.
struct procfs_file {
    const char *name;
    bool per_process;
    bool is_link; // symbolic: the text is its target
    // Makes the text; pid is 0 for what is no process's. 0, -ESRCH when it is gone, -ENOMEM, for a
    // link that leads nowhere -ENOENT.
    int (*make)(struct procfs_text *text, int pid);
    // Where a link leads to: the inode, held. NULL: where its text says.
    int (*follow)(int pid, int number, struct inode **inode);
    // Of a directory, whose files are as told here, but have numbers for names: the lowest number
    // above one, -1: none. NULL: it is no directory.
    int (*next_number)(int pid, int number);
    struct procfs_file *next;
};

// Mounts /proc on the root's directory proc, as devfs_init does /dev, with `self`, and the files of
// procfs_system.c. next_pid gives the lowest pid above one, or 0: the directories there are;
// self_pid the caller's, which `self` leads to. Called once by kmain.
void procfs_init(int (*next_pid)(int pid), int (*self_pid)(void));

// Adds a file; before or after procfs_init, by kmain's calls alone. Processes' files are added by
// kernel/proc/proc_files.c, which stands above this room.
void procfs_add(struct procfs_file *file);

// Adds what this room and those below it know: meminfo, uptime, version, cpuinfo, mounts and
// filesystems (stat and loadavg are kernel/proc's). Called by procfs_init alone.
void procfs_add_system(void);

#endif
