// kernel/panic.c: what a panic survives, and the stack protector, which ends in one.
#include "kernel/dev/console.h"
#include "kernel/panic.h"
#include "tests/kernel/test.h"

extern uintptr_t __stack_chk_guard;

static bool failing;

// A device whose driver finds something wrong just when a panic is to be printed.
static void fail(const char *text, size_t length)
{
    (void)text;
    (void)length;
    if (failing) {
        failing = false;
        panic("the console is broken too");
    }
}

TEST_PANIC(panic_nested, "a panic within a panic is said on one line, and that's the end",
           "panic within a panic: the console is broken too\r?\n\\Z")
{
    static struct console_sink sink = {.write = fail};
    console_register(&sink);
    failing = true;
    panic("the first one");
}

// Not inlined, so that no compiler and no sanitizer sees how large the array is.
__attribute__((noinline)) static void fill(volatile char *array, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        array[i] = 'x';
    }
}

__attribute__((noinline)) static char overflow(size_t size)
{
    volatile char array[16];
    fill(array, size);
    return array[size % 16];
}

TEST_PANIC(stack_guard_overflow, "a function that writes beyond its array does not return",
           "panic: stack guard overwritten")
{
    CHECK_EQUAL(overflow(16), 'x');
    CHECK_EQUAL(overflow(16 + 2 * sizeof(uintptr_t)), 'x');
}

TEST(stack_guard_value, "the guard has a zero byte first, and is no constant that one could know")
{
    CHECK_EQUAL(__stack_chk_guard & 0xff, 0);
    CHECK(__stack_chk_guard != 0);
}
