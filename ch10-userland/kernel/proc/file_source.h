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
// file (inode->programs). Held once for the caller. They hold the inode. NULL without memory.
struct region_source *file_source(struct inode *inode);
struct region_source *program_source(struct inode *inode);

#endif
