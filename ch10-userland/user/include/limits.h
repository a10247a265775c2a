// <limits.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_LIMITS_H
#define RUNG_USER_INCLUDE_LIMITS_H

#include_next <limits.h>

#define NAME_MAX 255
#define PATH_MAX 4096
#define PIPE_BUF 4096
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#define ARG_MAX 0x20000
#define HOST_NAME_MAX 64
#define LINE_MAX 2048
#define OPEN_MAX 256
#define IOV_MAX 1024

#endif
