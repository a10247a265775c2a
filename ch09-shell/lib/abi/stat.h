// What stat tells: the struct of Linux on x86-64, under the names of POSIX's <sys/stat.h>.
#ifndef RUNG_LIB_ABI_STAT_H
#define RUNG_LIB_ABI_STAT_H

#include "lib/abi/mode.h"
#include "lib/abi/time.h"
#include "lib/types.h"

struct stat {
    uint64_t st_dev, st_ino, st_nlink;
    uint32_t st_mode, st_uid, st_gid, unused;
    uint64_t st_rdev; // of a device: major << 8 | minor
    int64_t st_size, st_blksize;
    int64_t st_blocks; // of 512 bytes
    struct timespec st_atim, st_mtim, st_ctim;
    int64_t unused_end[3];
};
_Static_assert(sizeof(struct stat) == 144, "Linux's struct stat");

#endif
