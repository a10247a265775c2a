// The end of the line: a kernel that knows it cannot go on says why, where, and with what values.
#ifndef RUNG_KERNEL_PANIC_H
#define RUNG_KERNEL_PANIC_H

// Prints "panic: " and the formatted message (what was expected, what was found), the place, from
// chapter 6 on a backtrace, and halts for good. Works in any context: interrupts are turned off,
// no lock is taken, devices are polled. A panic within a panic prints one line and halts.
// It names the process too.
#define panic(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void panic_at(const char *file, int line, const char *text, ...)
    __attribute__((format(printf, 3, 4)));

struct trap_frame;

// The same for an exception: the registers and the backtrace are those of the frame, not of the
// handler that found out.
_Noreturn void panic_trap(const struct trap_frame *frame, const char *text, ...)
    __attribute__((format(printf, 2, 3)));

// Picks this boot's stack guard value from the time stamp counter, with a zero byte that string
// overflows cannot write. Called by kmain before anything else: a function that began before would
// find its guard changed when it returns.
void stack_guard_init(void);

#endif
