// Chapter 6's show: a prompt. Each word tries something out, most of them what must go wrong.
#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "kernel/main.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/string.h"

#define LINE_SIZE 72 // with the prompt it fits into a row of the screen
#define CTRL(letter) ((letter)&0x1f)
#define ESC 0x1b
#define DELETE 0x7f

// ---- The words. What goes wrong is a function of its own, so that the report names it. ----

static void demo_panic(void)
{
    panic("asked for at the prompt");
}

static void demo_divide(void)
{
    volatile int zero = 0;
    kprintf("100 / 0 = %d\n", 100 / zero);
}

static void demo_breakpoint(void)
{
    __asm__ volatile("int3");
    kprintf("And on it goes.\n");
}

static void demo_pagefault(void)
{
    *(volatile char *)0xdeadbeef000 = 1;
}

static void demo_execute(void)
{
    volatile char code[1];
    code[0] = (char)0xc3; // a RET, but the stack is not executable
    ((void (*)(void))(virt_t)code)();
}

// Calls itself until the stack is used up. Work after the call keeps it from becoming a loop.
__attribute__((noinline)) static unsigned overflow_deeper(volatile unsigned *depth)
{
    volatile unsigned here = ++*depth;
    return here == 0 ? 0 : overflow_deeper(depth) + here;
}

static void demo_overflow(void)
{
    volatile unsigned depth = 0;
    kprintf("%u calls\n", overflow_deeper(&depth));
}

static void demo_time(void)
{
    uint64_t now_us = clock_now_ns() / CLOCK_NS_PER_US;
    kprintf("up %lu.%06lu s, %lu ticks\n", now_us / 1000000, now_us % 1000000, clock_ticks());
}

static void demo_sleep(void)
{
    demo_time();
    clock_sleep_ms(1000);
    demo_time();
}

static void demo_memory(void)
{
    kprintf("%zu of %zu pages free\n", pmm_free_pages(), pmm_total_pages());
}

static void demo_keys(void)
{
    char byte;
    kprintf("The bytes that keys send, until Ctrl-C.\n");
    do {
        byte = input_read();
        kprintf("%02x%c", (uint8_t)byte, input_room() == INPUT_QUEUE_SIZE ? '\n' : ' ');
    } while (byte != CTRL('C'));
}

static const struct word {
    const char *name, *help;
    void (*run)(void);
} words[] = {
    {"time", "since boot", demo_time},
    {"sleep", "for a second", demo_sleep},
    {"memory", "free pages", demo_memory},
    {"keys", "shows what they send", demo_keys},
    {"breakpoint", "an exception that returns", demo_breakpoint},
    {"panic", "the kernel gives up", demo_panic},
    {"divide", "by zero", demo_divide},
    {"pagefault", "a write to a wild address", demo_pagefault},
    {"execute", "code on the stack", demo_execute},
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
        } else if (byte == CTRL('U') || byte == DELETE || byte == '\b') {
            erase(line, byte == CTRL('U') ? length : length > 0);
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

// Runs the word, or lists all of them where there is no such word.
static void run(const char *line)
{
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        if (strcmp(words[i].name, line) == 0) {
            words[i].run();
            return;
        }
    }
    if (*line != '\0') {
        kprintf("%s? These are the words:\n", line);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        kprintf("  %-10s  %s\n", words[i].name, words[i].help);
    }
}

void first_program(void)
{
    char line[LINE_SIZE];
    kprintf("%s: ready\n", CHAPTER);
    while (true) {
        read_line(line);
        run(line);
    }
}
