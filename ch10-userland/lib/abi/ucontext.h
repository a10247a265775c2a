// What a signal's handler gets: who sent it, and what was interrupted. The structures of Linux on
// x86-64.
#ifndef RUNG_LIB_ABI_UCONTEXT_H
#define RUNG_LIB_ABI_UCONTEXT_H

#include "lib/abi/signal.h"

struct signal_info {
    int signal, error, code; // SI_, or what an exception was
    int padding;
    union {
        struct {
            int pid;
            unsigned uid;
            union {
                int status; // SIGCHLD
                uint64_t value; // sigqueue
            };
        };
        void *address; // of a fault
        uint8_t bytes[112];
    };
};

_Static_assert(sizeof(struct signal_info) == 128, "as on Linux");

#define SI_USER 0 // kill
#define SI_KERNEL 0x80
#define SI_TIMER (-2)
#define SI_TKILL (-6)
#define FPE_INTDIV 1
#define FPE_FLTINV 7
#define ILL_ILLOPN 2
#define SEGV_MAPERR 1
#define SEGV_ACCERR 2
#define BUS_ADRALN 1
#define BUS_ADRERR 2
#define TRAP_BRKPT 1
#define TRAP_TRACE 2
#define CLD_EXITED 1
#define CLD_KILLED 2
#define CLD_STOPPED 5
#define CLD_CONTINUED 6

// sigaltstack.
struct signal_stack {
    void *start;
    int flags, padding;
    uint64_t size;
};

#define SS_ONSTACK 1
#define SS_DISABLE 2
#define SS_AUTODISARM (1u << 31)
#define MINSIGSTKSZ 2048

// The registers, in struct ucontext.
struct signal_context {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
    uint64_t rflags;
    uint16_t cs, gs, fs, ss;
    uint64_t error_code, vector, old_mask, cr2;
    uint64_t fpu; // address of what FXSAVE wrote
    uint64_t reserved[8];
};

_Static_assert(sizeof(struct signal_context) == 256, "as on Linux");

struct ucontext {
    uint64_t flags; // UC_
    uint64_t link;
    struct signal_stack stack;
    struct signal_context registers;
    signal_set_t mask; // that comes back with rt_sigreturn
};

#define UC_SIGCONTEXT_SS 2
#define UC_STRICT_RESTORE_SS 4

#endif
