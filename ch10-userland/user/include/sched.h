// <sched.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SCHED_H
#define RUNG_USER_INCLUDE_SCHED_H

int sched_yield(void);

#endif
