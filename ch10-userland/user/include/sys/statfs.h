// <sys/statfs.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_STATFS_H
#define RUNG_USER_INCLUDE_SYS_STATFS_H

#include "lib/abi/statfs.h"

int statfs(const char *path, struct statfs *status);
int fstatfs(int descriptor, struct statfs *status);

#endif
