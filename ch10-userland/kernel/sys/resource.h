// System calls about what a process may use and has used.
#ifndef RUNG_KERNEL_SYS_RESOURCE_H
#define RUNG_KERNEL_SYS_RESOURCE_H

#include "kernel/sys/syscall.h"

int64_t sys_getrusage(struct trap_frame *frame);
int64_t sys_times(struct trap_frame *frame);
int64_t sys_prlimit64(struct trap_frame *frame);
int64_t sys_getrlimit(struct trap_frame *frame);
int64_t sys_setrlimit(struct trap_frame *frame);
int64_t sys_getpriority(struct trap_frame *frame);
int64_t sys_setpriority(struct trap_frame *frame);
int64_t sys_sched_getaffinity(struct trap_frame *frame);
int64_t sys_personality(struct trap_frame *frame);

// Writes a struct rusage to the caller, with the processor time given. -EFAULT.
int64_t resource_usage(uint64_t address, uint64_t user_tsc, uint64_t system_tsc);

#endif
