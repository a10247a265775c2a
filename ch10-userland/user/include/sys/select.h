// <sys/select.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_SELECT_H
#define RUNG_USER_INCLUDE_SYS_SELECT_H

#include "lib/abi/time.h"

#include <sys/types.h>

#define FD_SETSIZE 1024

typedef struct {
    unsigned long fds_bits[FD_SETSIZE / 64];
} fd_set;

#define FD_ZERO(set) ((void)(*(set) = (fd_set){{0}}))
#define FD_SET(n, set) ((void)((set)->fds_bits[(n) / 64] |= 1ul << (n) % 64))
#define FD_CLR(n, set) ((void)((set)->fds_bits[(n) / 64] &= ~(1ul << (n) % 64)))
#define FD_ISSET(n, set) ((set)->fds_bits[(n) / 64] >> (n) % 64 & 1)

int select(int count, fd_set *restrict read, fd_set *restrict write, fd_set *restrict except,
           struct timeval *restrict timeout);

#endif
