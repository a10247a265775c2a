// System calls about the system as a whole.
#ifndef RUNG_KERNEL_SYS_INFO_H
#define RUNG_KERNEL_SYS_INFO_H

#include "kernel/sys/syscall.h"

int64_t sys_uname(struct trap_frame *frame);
int64_t sys_sysinfo(struct trap_frame *frame);
int64_t sys_getrandom(struct trap_frame *frame);
int64_t sys_reboot(struct trap_frame *frame);
int64_t sys_syslog(struct trap_frame *frame);
int64_t sys_getcpu(struct trap_frame *frame);

#endif
