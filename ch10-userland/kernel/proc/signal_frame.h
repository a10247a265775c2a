// What a signal's handler finds on its stack, and how its program gets back: struct rt_sigframe of
// Linux on x86-64 (return address, ucontext, siginfo), since the restorer of a C library and its
// handlers know it.
#ifndef RUNG_KERNEL_PROC_SIGNAL_FRAME_H
#define RUNG_KERNEL_PROC_SIGNAL_FRAME_H

#include "kernel/cpu/trap.h"
#include "kernel/proc/signal.h"
#include "lib/abi/ucontext.h"

// Makes the caller's program go on in a handler: saves the frame, the FPU's state and old_mask
// (which gets blocked again by signal_frame_restore) on its stack, or on the one of sigaltstack
// with SA_ONSTACK, and changes the frame. 0; -EFAULT when they can't be written there, or the
// action has no restorer: the frame is as it was. Sleeps; interrupts on.
int signal_frame_push(struct trap_frame *frame, int signal, const struct signal_action *action,
                      const struct signal_information *information, signal_set_t old_mask);

// rt_sigreturn: the reverse, from the stack that the frame says. What the program may have put
// there is harmless: flags, selectors, MXCSR and addresses are made those of user mode. 0, or
// -EFAULT, and the program is to be ended (SIGSEGV). Sleeps.
int signal_frame_restore(struct trap_frame *frame);

// What is known of a signal in the form in which programs are told.
void signal_fill_info(struct signal_info *info, int signal,
                      const struct signal_information *information);

// The stack that sigaltstack set, tells and sets: rsp is the program's. -EPERM while it is in use,
// -EINVAL, -ENOMEM when it is too small.
void signal_stack_get(uint64_t rsp, struct signal_stack *stack);
int signal_stack_set(uint64_t rsp, const struct signal_stack *stack);

#endif
