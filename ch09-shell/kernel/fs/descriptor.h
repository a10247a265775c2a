// Descriptors: the small numbers by which a process names its open files.
#ifndef RUNG_KERNEL_FS_DESCRIPTOR_H
#define RUNG_KERNEL_FS_DESCRIPTOR_H

#include "kernel/fs/file.h"

#define DESCRIPTOR_MAX 256 // in one table
#define DESCRIPTORS_FEW 16 // places that it has to begin with

// A process's table. It belongs to one process, which alone uses it: there is no lock, and a file
// found in it stays open until that process itself closes it.
struct descriptors {
    struct file **files; // by number; NULL: free
    unsigned size; // of that
    uint64_t close_on_exec[DESCRIPTOR_MAX / 64];
    struct file *few[DESCRIPTORS_FEW];
};

// Makes an empty table; a copy in which the same files are open once more; -ENOMEM.
int descriptors_create(struct descriptors **table);
int descriptors_copy(const struct descriptors *from, struct descriptors **copy);

// Closes everything. NULL is allowed. Sleeps.
void descriptors_destroy(struct descriptors *table);

// The lowest free number that is at least `lowest`: the next file that is added will get it for
// sure. -EMFILE, -EINVAL, -ENOMEM as below. For those who are to fail before they change anything.
int descriptor_find_free(struct descriptors *table, int lowest);

// Gives a file the lowest free number that is at least `lowest`, and takes over the caller's hold.
// -EMFILE when there is none, -EINVAL for a `lowest` that can't be, -ENOMEM: then the hold remains
// the caller's.
int descriptor_add(struct descriptors *table, struct file *file, int lowest, bool close_on_exec);

// The file that has the number, which is not held for the caller. NULL: none (-EBADF).
static inline struct file *descriptor_file(const struct descriptors *table, int number)
{
    return table && (unsigned)number < table->size ? table->files[number] : NULL;
}

// Takes a number away. -EBADF. Sleeps.
int descriptor_close(struct descriptors *table, int number);

// Makes `to` name the same file as `from`, and returns it; what it named before is closed; if both
// are the same nothing happens. -EBADF, -ENOMEM. Sleeps.
int descriptor_replace(struct descriptors *table, int from, int to, bool close_on_exec);

// Whether a number is closed by exec (-EBADF); sets it.
int descriptor_close_on_exec(const struct descriptors *table, int number);
int descriptor_set_close_on_exec(struct descriptors *table, int number, bool close_on_exec);

// Closes what is to be closed when another program begins. Sleeps.
void descriptors_exec(struct descriptors *table);

#endif
