// <sys/random.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_RANDOM_H
#define RUNG_USER_INCLUDE_SYS_RANDOM_H

#include <sys/types.h>

ssize_t getrandom(void *buffer, size_t size, unsigned flags);

#endif
