// System calls about the caller's memory.
#ifndef RUNG_KERNEL_SYS_MEMORY_H
#define RUNG_KERNEL_SYS_MEMORY_H

#include "kernel/sys/syscall.h"

int64_t sys_brk(struct trap_frame *frame);
int64_t sys_mmap(struct trap_frame *frame);
int64_t sys_munmap(struct trap_frame *frame);
int64_t sys_mprotect(struct trap_frame *frame);
int64_t sys_mremap(struct trap_frame *frame);
int64_t sys_madvise(struct trap_frame *frame);
int64_t sys_mincore(struct trap_frame *frame);
int64_t sys_msync(struct trap_frame *frame);
int64_t sys_mlock(struct trap_frame *frame);
int64_t sys_munlock(struct trap_frame *frame);
int64_t sys_mlockall(struct trap_frame *frame);
int64_t sys_munlockall(struct trap_frame *frame);

#endif
