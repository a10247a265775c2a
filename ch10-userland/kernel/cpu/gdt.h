// The kernel's segments. In long mode they carry rights and modes, no longer bases and limits.
#ifndef RUNG_KERNEL_CPU_GDT_H
#define RUNG_KERNEL_CPU_GDT_H

#include "lib/types.h"

#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10
#define GDT_TSS 0x18
// Programs' selectors, with the privilege level 3 in the lowest bits: those that Linux's programs
// see. The order is SYSRET's (Intel SDM vol. 2B): data first, then 64-bit code. There is no 32-bit
// code segment, so that nobody gets into compatibility mode.
#define GDT_USER_DATA 0x2b
#define GDT_USER_CODE 0x33

#ifndef __ASSEMBLER__

// Loads the kernel's own GDT and all segment registers from it, and no LDT. Called once by kmain.
void gdt_init(void);

// Gives double fault, NMI and machine check a stack of their own (IST 1 to 3: Intel SDM vol. 3A,
// 6.14.5), loads the task register, and lets NMIs and, where the processor has them, machine checks
// come. alloc_stack returns the lowest address of a stack of
// KERNEL_STACK_SIZE bytes, or NULL: then it panics, since a kernel cannot do without. Called once
// by kmain, after idt_init.
void tss_init(void *(*alloc_stack)(void));

// Sets where the stack is, empty, at the next entry into the kernel from a program: its top. Any
// context, interrupts off.
void tss_set_stack(virt_t top);

#endif
#endif
