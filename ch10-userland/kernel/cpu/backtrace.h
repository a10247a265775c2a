// Who called whom: a walk along the saved frame pointers, through interrupts too.
#ifndef RUNG_KERNEL_CPU_BACKTRACE_H
#define RUNG_KERNEL_CPU_BACKTRACE_H

#include "lib/types.h"

// Prints rip and the return addresses above frame pointer rbp, with function names, one a line
// ("  #0 ffffffff80101234 demo_divide+0x12"), at most 32; a recursion's repeated address counts
// as one. Stops at the first frame that is not inside a kernel stack or, but for an interrupt, does
// not go up: a damaged stack ends the walk and does no harm. Any context.
void backtrace_print(virt_t rip, virt_t rbp);

struct trap_frame;

// The same from where an exception struck. If that is outside the kernel's text, a jump through a
// wrong pointer led there: then the return address that lies on top of the stack names who called.
// Any context.
void backtrace_print_trap(const struct trap_frame *frame);

// Tells how to recognise kernel stacks other than the boot stack: in_stack says whether
// [address, address + size) lies within one, in any context.
void backtrace_set_stacks(bool (*in_stack)(virt_t address, size_t size));

#endif
