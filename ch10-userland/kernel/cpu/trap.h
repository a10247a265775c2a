// Exceptions and interrupts: what isr.asm pushes, and who handles which vector.
#ifndef RUNG_KERNEL_CPU_TRAP_H
#define RUNG_KERNEL_CPU_TRAP_H

#include "lib/types.h"

// All registers at the moment of the exception or interrupt, lowest address first. A handler may
// change them: the interrupted code goes on with what is here.
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error_code; // error_code is 0 where the processor pushes none
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct trap_frame) == 22 * 8, "isr.asm pushes 22 quadwords");
_Static_assert(offsetof(struct trap_frame, rip) == 17 * 8, "isr.asm copies rip");

// Vectors (Intel SDM vol. 3A, 6.3.1) that have a name in this kernel.
enum trap_vector {
    TRAP_DIVIDE_ERROR = 0, TRAP_NMI = 2, TRAP_BREAKPOINT = 3, TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8, TRAP_GENERAL_PROTECTION = 13, TRAP_PAGE_FAULT = 14,
    TRAP_MACHINE_CHECK = 18, TRAP_EXCEPTION_COUNT = 32, TRAP_COUNT = 256,
};

// The vector in the frame of a system call. Its error_code is then the number asked for: RAX as it
// was.
#define TRAP_SYSCALL 0x100
// The vector of a frame that is wholly loaded on the way back to the program. Of a system call's
// frame RBX, RBP and R12 to R15 are not, since C functions preserve them anyway: who changes these
// there puts this vector.
#define TRAP_LOAD_ALL 0x101

// Registers the handler of a vector; it is called with interrupts off and must not sleep when it
// handles an interrupt. ASSERTs that the vector has none yet. An exception or interrupt without a
// handler panics. The breakpoint (int3) has one from the start: it prints the registers and lets
// the code go on. Any context.
void trap_register(unsigned vector, void (*handler)(struct trap_frame *frame));

// "#PF page fault" and so on for the exceptions, "interrupt" for the vectors above them and what
// is reserved. Any context.
const char *trap_name(unsigned vector);

// Prints a frame in lines of at most 80 columns: vector, its name, error code and CR2, the other
// control registers, all registers. Any context.
void trap_print(const struct trap_frame *frame);

// Hands a frame to its handler. Called by isr.asm alone, interrupts off.
// An exception in a program that has no handler becomes a signal.
void trap_dispatch(struct trap_frame *frame);

// Whether a program was interrupted, and not the kernel.
static inline bool trap_from_user(const struct trap_frame *frame)
{
    return frame->cs & 3;
}

// Asks to be called for each exception in a program: it gets the signal that stands for it, with
// Linux's si_code and si_addr. One callback (ASSERTed). It is called with interrupts off, may turn
// them on and sleep, and may not come back.
void trap_on_user_exception(void (*callback)(struct trap_frame *frame, int signal, int code,
                                             virt_t address));

// Calls that callback: from the handler of an exception that a program is to blame for.
void trap_user_exception(struct trap_frame *frame, int signal, int code, virt_t address);

// Asks to be called before a program goes on after an exception or interrupt (not after a system
// call: syscall_dispatch sees to that). One callback (ASSERTed). It is called with interrupts off,
// may turn them on and sleep, and returns with them off, or not at all. It may change the frame.
void trap_on_user_return(void (*callback)(struct trap_frame *frame));

// Makes a frame harmless that a program is to go on with, whatever is in it: selectors and flags
// become those of user mode, and a RIP that is no address of a program one that is never mapped.
void trap_make_safe(struct trap_frame *frame);

// Leaves the kernel: a program goes on with a frame, which is at the top of the current stack (see
// process_frame). trap_make_safe is called for it. Interrupts off.
_Noreturn void trap_leave(struct trap_frame *frame);

#endif
