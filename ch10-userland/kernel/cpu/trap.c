// The way from a stub of isr.asm to the handler of its vector, and the report when there is none.
#include "kernel/cpu/trap.h"

#include "kernel/cpu/backtrace.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"
#include "kernel/panic.h"
#include "lib/abi/ucontext.h"
#include "lib/assert.h"

static void breakpoint(struct trap_frame *frame);

static void (*handlers[TRAP_COUNT])(struct trap_frame *frame) = {
    [TRAP_BREAKPOINT] = breakpoint,
};

// Mnemonics and names as in Intel SDM vol. 3A, table 6-1, and AMD APM vol. 2, table 8-1.
static const char *const names[TRAP_EXCEPTION_COUNT] = {
    [TRAP_DIVIDE_ERROR] = "#DE divide error",
    [1] = "#DB debug exception",
    [TRAP_NMI] = "NMI",
    [TRAP_BREAKPOINT] = "#BP breakpoint",
    [4] = "#OF overflow",
    [5] = "#BR bound range exceeded",
    [TRAP_INVALID_OPCODE] = "#UD invalid opcode",
    [7] = "#NM device not available",
    [TRAP_DOUBLE_FAULT] = "#DF double fault",
    [9] = "coprocessor segment overrun",
    [10] = "#TS invalid TSS",
    [11] = "#NP segment not present",
    [12] = "#SS stack-segment fault",
    [TRAP_GENERAL_PROTECTION] = "#GP general protection fault",
    [TRAP_PAGE_FAULT] = "#PF page fault",
    [16] = "#MF x87 floating-point error",
    [17] = "#AC alignment check",
    [TRAP_MACHINE_CHECK] = "#MC machine check",
    [19] = "#XM SIMD floating-point exception",
    [20] = "#VE virtualization exception",
    [21] = "#CP control protection exception",
    [28] = "#HV hypervisor injection exception",
    [29] = "#VC VMM communication exception",
    [30] = "#SX security exception",
};

void trap_register(unsigned vector, void (*handler)(struct trap_frame *frame))
{
    ASSERT(vector < TRAP_COUNT && !handlers[vector]);
    handlers[vector] = handler;
}

const char *trap_name(unsigned vector)
{
    return vector < TRAP_EXCEPTION_COUNT && names[vector] ? names[vector] : "interrupt";
}

void trap_print(const struct trap_frame *frame)
{
    kprintf("vector %lu (%s), error code 0x%lx, CR2 0x%lx\n", frame->vector,
            trap_name(frame->vector), frame->error_code, cpu_read_cr2());
    kprintf("CR0 %016lx  CR3 %016lx  CR4 %016lx\n", cpu_read_cr0(), cpu_read_cr3(), cpu_read_cr4());
    kprintf("RIP %016lx  RSP %016lx  RFLAGS %08lx  CS %02lx  SS %02lx\n", frame->rip, frame->rsp,
            frame->rflags, frame->cs, frame->ss);
    kprintf("RAX %016lx  RBX %016lx  RCX %016lx\n", frame->rax, frame->rbx, frame->rcx);
    kprintf("RDX %016lx  RSI %016lx  RDI %016lx\n", frame->rdx, frame->rsi, frame->rdi);
    kprintf("RBP %016lx  R8  %016lx  R9  %016lx\n", frame->rbp, frame->r8, frame->r9);
    kprintf("R10 %016lx  R11 %016lx  R12 %016lx\n", frame->r10, frame->r11, frame->r12);
    kprintf("R13 %016lx  R14 %016lx  R15 %016lx\n", frame->r13, frame->r14, frame->r15);
}

// What an exception in a program is to it: a signal, and si_code. Those without are handled above,
// or no fault of the program.
static const struct {
    uint8_t signal, code;
} signals[TRAP_EXCEPTION_COUNT] = {
    [TRAP_DIVIDE_ERROR] = {SIGFPE, FPE_INTDIV},
    [1] = {SIGTRAP, TRAP_TRACE},
    [TRAP_BREAKPOINT] = {SIGTRAP, SI_KERNEL},
    [4] = {SIGSEGV, SI_KERNEL},
    [5] = {SIGSEGV, SI_KERNEL},
    [TRAP_INVALID_OPCODE] = {SIGILL, ILL_ILLOPN},
    [7] = {SIGSEGV, SI_KERNEL},
    [9] = {SIGFPE, SI_KERNEL},
    [10] = {SIGSEGV, SI_KERNEL},
    [11] = {SIGBUS, SI_KERNEL},
    [12] = {SIGBUS, SI_KERNEL},
    [TRAP_GENERAL_PROTECTION] = {SIGSEGV, SI_KERNEL},
    [16] = {SIGFPE, FPE_FLTINV},
    [17] = {SIGBUS, BUS_ADRALN},
    [19] = {SIGFPE, FPE_FLTINV},
    [20] = {SIGSEGV, SI_KERNEL},
    [21] = {SIGSEGV, SI_KERNEL},
};

static void (*on_user_exception)(struct trap_frame *, int, int, virt_t);
static void (*on_user_return)(struct trap_frame *);

void trap_on_user_exception(void (*callback)(struct trap_frame *, int, int, virt_t))
{
    ASSERT(!on_user_exception);
    on_user_exception = callback;
}

void trap_on_user_return(void (*callback)(struct trap_frame *))
{
    ASSERT(!on_user_return);
    on_user_return = callback;
}

void trap_user_exception(struct trap_frame *frame, int signal, int code, virt_t address)
{
    if (!on_user_exception) {
        panic_trap(frame, "%s in a program", trap_name(frame->vector));
    }
    on_user_exception(frame, signal, code, address);
}

void trap_make_safe(struct trap_frame *frame)
{
    if (frame->rip >= USER_END) { // not canonical: IRETQ would fault, still in the kernel
        frame->rip = USER_END;
    }
    frame->cs = GDT_USER_CODE;
    frame->ss = GDT_USER_DATA;
    frame->rflags = (frame->rflags & RFLAGS_USER) | RFLAGS_IF | RFLAGS_FIXED;
}

static void return_to_user(struct trap_frame *frame)
{
    if (on_user_return) {
        on_user_return(frame);
    }
    trap_make_safe(frame);
}

static void breakpoint(struct trap_frame *frame)
{
    trap_print(frame);
    backtrace_print_trap(frame);
}

void trap_dispatch(struct trap_frame *frame)
{
    void (*handler)(struct trap_frame *) = handlers[frame->vector];
    if (trap_from_user(frame) && frame->vector < TRAP_EXCEPTION_COUNT &&
        signals[frame->vector].signal) {
        trap_user_exception(frame, signals[frame->vector].signal, signals[frame->vector].code,
                            frame->rip);
        return_to_user(frame);
        return;
    }
    if (!handler) {
        panic_trap(frame, "unexpected %s", trap_name(frame->vector));
    }
    handler(frame);
    if (trap_from_user(frame)) {
        return_to_user(frame);
    }
}
