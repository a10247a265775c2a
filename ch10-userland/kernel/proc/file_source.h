// A file's contents as the source of regions (see address_space.h): for exec and mmap.
#ifndef RUNG_KERNEL_PROC_FILE_SOURCE_H
#define RUNG_KERNEL_PROC_FILE_SOURCE_H

#include "kernel/fs/vfs.h"
#include "kernel/mm/address_space.h"

// Reads up to size bytes of a file into the kernel's memory; less only at its end. The errors of
// the inode's read. Sleeps.
int64_t file_source_read(struct inode *inode, void *to, size_t size, uint64_t offset);

// A source for one mapping of a file; the one of a program's file, which all processes share that
// run it, and with it the pages they only read: as long as there is one, nobody may write to the
// file (INODE_RUN, which the caller has, too); the one of a file that is mapped to be shared, with
// `writable` by one who has it open for writing. Held once for the caller. They hold the inode.
// NULL without memory.
struct region_source *file_source(struct inode *inode);
struct region_source *program_source(struct inode *inode);
struct region_source *shared_source(struct inode *inode, bool writable);

// What programs write to a file in memory reaches it when its last mapping goes, and by these two:
// for a source, also to the disk if `sync`; for a file, or with NULL for all of them. Both sleep;
// the errors of the inode's write.
int shared_source_save(struct region_source *source, bool sync);
int file_source_save(const struct inode *inode);

// What is done to a file is done to what programs see of it in memory, too, and meanwhile nobody
// else does anything to either: between these two. The first returns whether any file is mapped to
// be shared, which the second wants to know; `cut`: some file may be shorter now. Sleep.
bool shared_files_lock(void);
void shared_files_unlock(bool locked, bool cut);

// Bytes [start, end) of a file are not what they were: who has it mapped is to see that. Sleeps.
void file_source_changed(struct inode *inode, uint64_t start, uint64_t end);

// How many files are mapped to be shared: with none saving and telling of changes do nothing.
extern unsigned file_source_shared_count;

#endif
