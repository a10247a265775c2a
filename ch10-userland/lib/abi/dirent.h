// A directory's entry as getdents64 gives it: the struct linux_dirent64 of Linux, under the names
// of POSIX's <dirent.h>.
#ifndef RUNG_LIB_ABI_DIRENT_H
#define RUNG_LIB_ABI_DIRENT_H

#include "lib/types.h"

struct dirent {
    uint64_t d_ino;
    int64_t d_off; // the position behind it: for lseek
    uint16_t d_reclen; // bytes to the next entry: a multiple of 8, most often less than the struct
    uint8_t d_type; // DT_
    char d_name[256]; // NUL-terminated
};

#define DT_UNKNOWN 0
#define DT_FIFO 1
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12
#define DT_OF_MODE(mode) ((mode) >> 12 & 017)

#endif
