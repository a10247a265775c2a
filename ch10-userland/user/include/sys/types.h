// <sys/types.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_TYPES_H
#define RUNG_USER_INCLUDE_SYS_TYPES_H

#include "lib/types.h"

typedef int pid_t;
typedef unsigned uid_t, gid_t, mode_t;
typedef long ssize_t, off_t, time_t, blkcnt_t, blksize_t, suseconds_t;
typedef unsigned long dev_t, ino_t, nlink_t;
typedef int clockid_t;
typedef unsigned useconds_t, id_t;
typedef long clock_t;

// A device's number in st_rdev.
#define makedev(major_number, minor_number) ((dev_t)(major_number) << 8 | (minor_number))
#define major(device) ((unsigned)((device) >> 8 & 0xfff))
#define minor(device) ((unsigned)((device) & 0xff))

#endif
