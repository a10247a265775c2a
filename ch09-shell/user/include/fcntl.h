// <fcntl.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_FCNTL_H
#define RUNG_USER_INCLUDE_FCNTL_H

#include "lib/abi/fcntl.h"

#include <sys/types.h>

// The rights of what O_CREAT makes follow as a third argument.
int open(const char *path, int flags, ...);
// The commands take an int, or nothing.
int fcntl(int descriptor, int command, ...);

#endif
