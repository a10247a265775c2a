#ifndef RUNG_USER_SYS_STATFS_H
#define RUNG_USER_SYS_STATFS_H

#include "lib/abi/statfs.h"

int statfs(const char *path, struct statfs *status);
int fstatfs(int descriptor, struct statfs *status);

#endif
