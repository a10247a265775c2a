// The console: output only. What is written goes to every registered sink, screen and serial port.
#ifndef RUNG_KERNEL_DEV_CONSOLE_H
#define RUNG_KERNEL_DEV_CONSOLE_H

#include "lib/types.h"

#include <stdarg.h>

// One output device. write must not sleep and must work with interrupts off.
struct console_sink {
    void (*write)(const char *text, size_t length);
    struct console_sink *next;
};

// Adds a sink, which stays for good. Before the first one, output goes nowhere.
void console_register(struct console_sink *sink);

// Writes bytes to all sinks. Any context.
void console_write(const char *text, size_t length);

// printf to the console; see format() for the conversions. Any context. Returns the bytes written.
int kprintf(const char *text, ...) __attribute__((format(printf, 1, 2)));
int kvprintf(const char *text, va_list arguments) __attribute__((format(printf, 1, 0)));

// From now on no lock is taken: only the panicking code runs. Called by panic alone.
void console_panic_mode(void);

// Whether that has been called. Any context.
bool console_in_panic(void);

#endif
