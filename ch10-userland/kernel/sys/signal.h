// System calls about signals, and timers that send them.
#ifndef RUNG_KERNEL_SYS_SIGNAL_H
#define RUNG_KERNEL_SYS_SIGNAL_H

#include "kernel/sys/syscall.h"

int64_t sys_kill(struct trap_frame *frame);
int64_t sys_tkill(struct trap_frame *frame);
int64_t sys_tgkill(struct trap_frame *frame);
int64_t sys_rt_sigaction(struct trap_frame *frame);
int64_t sys_rt_sigprocmask(struct trap_frame *frame);
int64_t sys_rt_sigpending(struct trap_frame *frame);
int64_t sys_rt_sigqueueinfo(struct trap_frame *frame);
int64_t sys_rt_sigsuspend(struct trap_frame *frame);
int64_t sys_rt_sigtimedwait(struct trap_frame *frame);
int64_t sys_rt_sigreturn(struct trap_frame *frame);
int64_t sys_sigaltstack(struct trap_frame *frame);
int64_t sys_pause(struct trap_frame *frame);
int64_t sys_alarm(struct trap_frame *frame);
int64_t sys_setitimer(struct trap_frame *frame);
int64_t sys_getitimer(struct trap_frame *frame);

#endif
