// System calls about processes: what they are, and how they come and go.
#ifndef RUNG_KERNEL_SYS_PROCESS_H
#define RUNG_KERNEL_SYS_PROCESS_H

#include "kernel/sys/syscall.h"

int64_t sys_getpid(struct trap_frame *frame);
int64_t sys_getppid(struct trap_frame *frame);
int64_t sys_gettid(struct trap_frame *frame);
int64_t sys_getuid(struct trap_frame *frame);
int64_t sys_setuid(struct trap_frame *frame);
int64_t sys_setreuid(struct trap_frame *frame);
int64_t sys_setresuid(struct trap_frame *frame);
int64_t sys_getresuid(struct trap_frame *frame);
int64_t sys_getgroups(struct trap_frame *frame);
int64_t sys_setgroups(struct trap_frame *frame);
int64_t sys_setpgid(struct trap_frame *frame);
int64_t sys_getpgid(struct trap_frame *frame);
int64_t sys_getpgrp(struct trap_frame *frame);
int64_t sys_setsid(struct trap_frame *frame);
int64_t sys_getsid(struct trap_frame *frame);
int64_t sys_fork(struct trap_frame *frame);
int64_t sys_vfork(struct trap_frame *frame);
int64_t sys_clone(struct trap_frame *frame);
int64_t sys_execve(struct trap_frame *frame);
int64_t sys_execveat(struct trap_frame *frame);
int64_t sys_exit(struct trap_frame *frame);
int64_t sys_wait4(struct trap_frame *frame);
int64_t sys_waitid(struct trap_frame *frame);

#endif
