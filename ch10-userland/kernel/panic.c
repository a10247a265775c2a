#include "kernel/panic.h"

#include "kernel/cpu/backtrace.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/trap.h"
#include "kernel/dev/console.h"
#include "kernel/dev/vga.h"
#include "kernel/proc/process.h"
#include "lib/assert.h"

#include <stdarg.h>

// Says who was running, once there are processes.
static void print_process(void)
{
    const struct thread *thread = this_cpu()->thread;

    if (thread != NULL) {
        kprintf("  in %sprocess %d (%s)\n", irq_in_handler() ? "an interrupt of " : "", thread->pid,
                thread->name);
    }
}

// Starts the report. Whatever goes wrong while a panic prints must not start another report: the
// second panic says so, a third is silent.
static void begin(const char *text, va_list arguments)
{
    static unsigned panics;

    cpu_disable_interrupts();
    if (++panics > 2) {
        cpu_halt();
    }
    console_panic_mode();
    vga_keep_rows(0);
    vga_set_color(VGA_WHITE, VGA_RED);
    kprintf(panics == 1 ? "\npanic: " : "\npanic within a panic: ");
    kvprintf(text, arguments);
    kprintf("\n");
    if (panics > 1) {
        cpu_halt();
    }
}

void panic_at(const char *file, int line, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    begin(text, arguments);
    kprintf("  at %s:%d\n", file, line);
    // The caller's frame pointer is the one that our own points to. Its return address lies behind
    // the call of panic, which may be a function's last instruction: one less is in the function.
    const virt_t *frame = __builtin_frame_address(0);

    print_process();
    backtrace_print((virt_t)__builtin_return_address(0) - 1, frame[0]);
    cpu_halt();
}

void panic_trap(const struct trap_frame *frame, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    begin(text, arguments);
    trap_print(frame);
    print_process();
    backtrace_print_trap(frame);
    cpu_halt();
}

void assert_failed(const char *expression, const char *file, int line)
{
    panic_at(file, line, "assertion failed: %s", expression);
}

// What the compiler puts below the return address of each function with arrays, and compares when
// the function returns (-fstack-protector-strong).
uintptr_t __stack_chk_guard;

_Noreturn void __stack_chk_fail(void);

// Called by a function whose guard has changed: something was written beyond the end of an array.
void __stack_chk_fail(void)
{
    panic("stack guard overwritten in the function that %p lies in", __builtin_return_address(0));
}

void stack_guard_init(void)
{
    // Multiplying by 2^64 / golden ratio spreads the few bits that differ from boot to boot.
    uint64_t random = cpu_read_tsc() * 0x9e3779b97f4a7c15;

    __stack_chk_guard = (uintptr_t)(random >> 32 | random << 32) & ~(uintptr_t)0xff;
}
