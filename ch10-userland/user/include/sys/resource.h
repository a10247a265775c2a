// <sys/resource.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_RESOURCE_H
#define RUNG_USER_INCLUDE_SYS_RESOURCE_H

#include "lib/abi/resource.h"

#include <sys/types.h>

typedef unsigned long rlim_t;

int getrlimit(int resource, struct rlimit *limit);
int setrlimit(int resource, const struct rlimit *limit);
int getrusage(int who, struct rusage *usage);
int getpriority(int which, id_t who);
int setpriority(int which, id_t who, int priority);

#endif
