// System calls about time.
#ifndef RUNG_KERNEL_SYS_TIME_H
#define RUNG_KERNEL_SYS_TIME_H

#include "kernel/sys/syscall.h"

int64_t sys_time(struct trap_frame *frame);
int64_t sys_gettimeofday(struct trap_frame *frame);
int64_t sys_settimeofday(struct trap_frame *frame);
int64_t sys_clock_gettime(struct trap_frame *frame);
int64_t sys_clock_settime(struct trap_frame *frame);
int64_t sys_clock_getres(struct trap_frame *frame);
int64_t sys_nanosleep(struct trap_frame *frame);
int64_t sys_clock_nanosleep(struct trap_frame *frame);

// For calls that take a struct timespec: reads a span or time, in nanoseconds (WAIT_FOREVER for
// what is beyond 500 years). -EFAULT, -EINVAL.
int64_t time_from_user(uint64_t address, uint64_t *ns);

// The end of a span that starts now; WAIT_FOREVER if that is never.
uint64_t time_after(uint64_t now_ns, uint64_t span_ns);

// The processor time that the caller has used so far.
uint64_t time_used_ns(void);

#endif
