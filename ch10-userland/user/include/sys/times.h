// <sys/times.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_TIMES_H
#define RUNG_USER_INCLUDE_SYS_TIMES_H

#include "lib/abi/time.h"

#include <sys/types.h>

clock_t times(struct tms *times);

#endif
