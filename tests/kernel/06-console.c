// kernel/dev/console.c with interrupts: one text at a time.
#include "kernel/cpu/cpu.h"
#include "kernel/dev/console.h"
#include "tests/kernel/test.h"

static bool listening, interrupts_off;

static void listen(const char *text, size_t length)
{
    (void)text;
    (void)length;
    if (listening) {
        interrupts_off = !cpu_interrupts_enabled();
    }
}

TEST(console_locked, "a text goes out with interrupts off, which are as before afterwards")
{
    static struct console_sink sink = {.write = listen};

    console_register(&sink);
    listening = true;
    kprintf("one\n");
    listening = false;
    CHECK(interrupts_off);
    CHECK(cpu_interrupts_enabled());
    cpu_disable_interrupts();
    kprintf("two\n");
    CHECK(!cpu_interrupts_enabled());
    cpu_enable_interrupts();
}
