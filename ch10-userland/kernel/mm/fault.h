// Page faults, and the double faults that come of them: what the address means.
#ifndef RUNG_KERNEL_MM_FAULT_H
#define RUNG_KERNEL_MM_FAULT_H

#include "kernel/cpu/trap.h"

// Registers the handlers of page faults and of double faults, and tells backtraces which stacks
// there are. Both handlers panic with the access, the address, what is there and why it failed; a
// fault in the guard page below a stack is reported as a kernel stack overflow. Called once by
// kmain, after tss_init: a stack overflow needs the stack that a double fault switches to.
void fault_init(void);

#endif
