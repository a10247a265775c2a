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

#define UTIME_NOW 0x3fffffff // for tv_nsec
#define UTIME_OMIT 0x3ffffffe

// statx: what is told, whatever was asked for.
#define STATX_BASIC_STATS 0x7ff

struct statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t unused;
};

struct statx {
    uint32_t stx_mask, stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink, stx_uid, stx_gid;
    uint16_t stx_mode, unused1;
    uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
    struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
    uint64_t unused2[14];
};
_Static_assert(sizeof(struct statx) == 256, "Linux's struct statx");

#endif
