// User mode: what a processor has to be told before the first program runs.
#ifndef RUNG_KERNEL_CPU_USER_MODE_H
#define RUNG_KERNEL_CPU_USER_MODE_H

#include "lib/types.h"

// Opens the SYSCALL instruction (Intel SDM vol. 3A, 5.8.8) and the vector of INT3 to programs, and
// where the processor has them closes programs' pages to the kernel (SMEP: it executes nothing
// there; SMAP: it reads and writes there in kernel/cpu/user_copy.asm alone), and to programs what
// tells where the kernel's tables are (UMIP). Called once by kmain, after tss_init.
void user_mode_init(void);

// Sets the bases of FS and GS, addresses below USER_END, and empties the segment registers. Any
// context.
void user_mode_set_bases(uint64_t fs, uint64_t gs);

// Where syscall.asm finds the kernel's stack: see tss_set_stack.
extern virt_t syscall_stack;

#endif
