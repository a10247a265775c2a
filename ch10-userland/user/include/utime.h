// <utime.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_UTIME_H
#define RUNG_USER_INCLUDE_UTIME_H

#include <sys/types.h>

struct utimbuf {
    time_t actime, modtime;
};

int utime(const char *path, const struct utimbuf *times);

#endif
