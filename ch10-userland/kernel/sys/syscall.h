// System calls: numbers, order of arguments and results are those of Linux on x86-64 (System V ABI,
// A.2.1): number in RAX, arguments in RDI, RSI, RDX, R10, R8, R9, result or negative errno in RAX.
#ifndef RUNG_KERNEL_SYS_SYSCALL_H
#define RUNG_KERNEL_SYS_SYSCALL_H

#include "kernel/cpu/trap.h"

// A system call: takes its arguments from the frame, all of them hostile. What it returns gets into
// RAX. It runs with interrupts on, without locks, and may sleep. It may change the frame: execve
// and rt_sigreturn do.
typedef int64_t syscall_function(struct trap_frame *frame);

// Each file of this room has the calls of its family, named sys_ and Linux's name; table.c lists
// them all with their numbers.

// Obeys the option `missing`: then calls that are not there are named on the console. Called once
// by kmain.
void syscall_init(void);

// Called by kernel/cpu/syscall.asm alone, with interrupts off.
void syscall_dispatch(struct trap_frame *frame);

#endif
