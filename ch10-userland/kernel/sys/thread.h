// System calls for threads, of which each process has one.
#ifndef RUNG_KERNEL_SYS_THREAD_H
#define RUNG_KERNEL_SYS_THREAD_H

#include "kernel/sys/syscall.h"

int64_t sys_sched_yield(struct trap_frame *frame);
int64_t sys_arch_prctl(struct trap_frame *frame);
int64_t sys_prctl(struct trap_frame *frame);
int64_t sys_set_tid_address(struct trap_frame *frame);
int64_t sys_set_robust_list(struct trap_frame *frame);
int64_t sys_rseq(struct trap_frame *frame);
int64_t sys_futex(struct trap_frame *frame);

#endif
