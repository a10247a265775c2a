// Chapter 6's show: a prompt. Each word tries something out, most of them what must go wrong.
#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "kernel/layout.h"
#include "kernel/main.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/string.h"

#define LINE_SIZE 72 // with the prompt it fits into a row of the screen
#define CTRL(letter) ((letter)&0x1f)
#define ESC 0x1b
#define DELETE 0x7f

// ---- The words. What goes wrong is a function of its own, so that the report names it. ----

static void demo_panic(const char *argument)
{
    panic("asked for, with \"%s\"", argument);
}

static void demo_divide(const char *argument)
{
    volatile int zero = 0;
    (void)argument;
    kprintf("100 / 0 = %d\n", 100 / zero);
}

// Calls itself until the stack is used up. Work after the call keeps it from becoming a loop.
__attribute__((noinline)) static unsigned overflow_deeper(volatile unsigned *depth)
{
    volatile unsigned here = ++*depth;
    return here == 0 ? 0 : overflow_deeper(depth) + here;
}

static void demo_overflow(const char *argument)
{
    volatile unsigned depth = 0;
    (void)argument;
    kprintf("%u calls\n", overflow_deeper(&depth));
}

// Uses an address in a way that its page does not allow.
static void demo_pagefault(const char *argument)
{
    static char data[] = {(char)0xc3}; // a RET, but data is not executable
    void (*volatile function)(void) = (void (*)(void))(virt_t)data;
    volatile char *volatile pointer = (volatile char *)0xdeadbeef000;
    if (strcmp(argument, "execute") == 0) {
        function();
    }
    if (strcmp(argument, "text") == 0) {
        pointer = kernel_text_start;
    } else if (strcmp(argument, "null") == 0) {
        pointer = NULL;
    }
    *pointer = 1;
}

static void demo_breakpoint(const char *argument)
{
    (void)argument;
    __asm__ volatile("int3");
    kprintf("And on it goes.\n");
}

static void demo_invalid(const char *argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

static void demo_time(const char *argument)
{
    uint64_t start_us = clock_now_ns() / CLOCK_NS_PER_US;
    kprintf("up %lu.%06lu s, %lu ticks\n", start_us / 1000000, start_us % 1000000, clock_ticks());
    if (argument[0] >= '0' && argument[0] <= '9') {
        clock_sleep_ms(1000u * (unsigned)(argument[0] - '0'));
        kprintf("slept %lu us\n", clock_now_ns() / CLOCK_NS_PER_US - start_us);
    }
}

static void demo_memory(const char *argument)
{
    (void)argument;
    kprintf("%zu of %zu pages free\n", pmm_free_pages(), pmm_total_pages());
}

static void demo_keys(const char *argument)
{
    char byte;
    (void)argument;
    kprintf("The bytes that keys send, until Ctrl-C.\n");
    do {
        byte = input_read();
        kprintf("%02x%c", (uint8_t)byte, input_room() == INPUT_QUEUE_SIZE ? '\n' : ' ');
    } while (byte != CTRL('C'));
}

static const struct word {
    const char *name, *help;
    void (*run)(const char *argument);
} words[] = {
    {"time", "since boot; \"time 3\" sleeps 3 s", demo_time},
    {"memory", "free pages", demo_memory},
    {"keys", "shows bytes", demo_keys},
    {"breakpoint", "an exception that returns", demo_breakpoint},
    {"panic", "the kernel gives up", demo_panic},
    {"divide", "by zero", demo_divide},
    {"invalid", "an instruction that there isn't", demo_invalid},
    {"pagefault", "also \"pagefault null\", \"pagefault text\", \"pagefault execute\"",
     demo_pagefault},
    {"overflow", "of the kernel's stack", demo_overflow},
};

// ---- The prompt ----

static void erase(char *line, size_t count)
{
    for (; count > 0; count--) {
        kprintf("\b \b");
        line[strlen(line) - 1] = '\0';
    }
}

// Takes the rest of an arrow key or its like: ESC [ numbers letter, or ESC O letter.
static void skip_sequence(void)
{
    char byte = input_read();
    if (byte == '[' || byte == 'O') {
        do {
            byte = input_read();
        } while (byte < '@');
    }
}

// Reads a line and echoes it: Backspace, Ctrl-U (start again), Ctrl-C (on a new line).
static void read_line(char *line)
{
    *line = '\0';
    kprintf("> ");
    for (char byte; (byte = input_read()) != '\r' && byte != '\n';) {
        size_t length = strlen(line);
        if (byte == ESC) {
            skip_sequence();
        } else if (byte == CTRL('U')) {
            erase(line, length);
        } else if ((byte == DELETE || byte == '\b') && length > 0) {
            erase(line, 1);
        } else if (byte == CTRL('C')) {
            *line = '\0';
            kprintf("^C\n> ");
        } else if (byte >= ' ' && byte < DELETE && length + 1 < LINE_SIZE) {
            line[length] = byte;
            line[length + 1] = '\0';
            kprintf("%c", byte);
        }
    }
    kprintf("\n");
}

void first_program(void)
{
    char line[LINE_SIZE];
    kprintf("%s: ready\n", CHAPTER);
    while (true) {
        read_line(line);
        char *argument = strchr(line, ' ');
        if (argument) {
            *argument++ = '\0';
        }
        size_t i = 0;
        while (i < ARRAY_LENGTH(words) && strcmp(words[i].name, line) != 0) {
            i++;
        }
        if (i < ARRAY_LENGTH(words)) {
            words[i].run(argument ? argument : "");
            continue;
        }
        for (i = 0; line[0] && i < ARRAY_LENGTH(words); i++) { // help, and any other word
            kprintf("  %-10s  %s\n", words[i].name, words[i].help);
        }
    }
}
