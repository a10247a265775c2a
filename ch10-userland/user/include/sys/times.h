#ifndef RUNG_USER_SYS_TIMES_H
#define RUNG_USER_SYS_TIMES_H

#include "lib/abi/time.h"

#include <sys/types.h>

clock_t times(struct tms *times);

#endif
