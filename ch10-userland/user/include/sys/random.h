#ifndef RUNG_USER_SYS_RANDOM_H
#define RUNG_USER_SYS_RANDOM_H

#include <sys/types.h>

ssize_t getrandom(void *buffer, size_t size, unsigned flags);

#endif
