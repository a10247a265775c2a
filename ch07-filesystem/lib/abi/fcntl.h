// How a file is opened, and where a position counts from: the values of Linux on x86-64, in which
// the kernel and its programs agree.
#ifndef RUNG_LIB_ABI_FCNTL_H
#define RUNG_LIB_ABI_FCNTL_H

#define O_RDONLY 0
#define O_WRONLY 01
#define O_RDWR 02
#define O_ACCMODE 03
#define O_CREAT 0100
#define O_EXCL 0200
#define O_TRUNC 01000
#define O_APPEND 02000
#define O_SYNC 04010000
#define O_DIRECTORY 0200000
#define O_NOFOLLOW 0400000

enum seek_from { SEEK_SET, SEEK_CUR, SEEK_END };

#endif
