// What statfs tells: the struct of Linux on x86-64.
#ifndef RUNG_LIB_ABI_STATFS_H
#define RUNG_LIB_ABI_STATFS_H

#include "lib/types.h"

struct statfs {
    int64_t f_type; // the file system's magic number
    int64_t f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen, f_frsize, f_flags;
    int64_t unused[4];
};
_Static_assert(sizeof(struct statfs) == 120, "Linux's struct statfs");

#define ST_RDONLY 1 // f_flags
#define ST_VALID 0x20 // f_flags mean something

#endif
