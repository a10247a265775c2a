// <sys/time.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_TIME_H
#define RUNG_USER_INCLUDE_SYS_TIME_H

#include "lib/abi/time.h"

#include <sys/select.h>
#include <sys/types.h>

// The second argument is ignored: there are no time zones.
int gettimeofday(struct timeval *time, void *zone);
int setitimer(int timer, const struct itimerval *value, struct itimerval *old);
int getitimer(int timer, struct itimerval *value);
int settimeofday(const struct timeval *time, const void *zone);
int utimes(const char *path, const struct timeval times[2]);

#endif
