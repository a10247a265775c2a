// What a process does wrong is put down to it.
#include "kernel/cpu/clock.h"
#include "kernel/proc/process.h"
#include "tests/kernel/test.h"

__attribute__((noinline)) static unsigned deeper(volatile unsigned *depth)
{
    volatile unsigned here = ++*depth;
    return here == 0 ? 0 : deeper(depth) + here;
}

static int overflow(void *argument)
{
    volatile unsigned depth = 0;
    (void)argument;
    return (int)deeper(&depth);
}

TEST_PANIC(process_overflow, "a stack overflow names the process",
           "panic: kernel stack overflow: .*guard page below the stack(.*\n)+"
           "  in process [0-9]+ \\(deep\\)\n(.*\n)*  #[0-9]+ [0-9a-f]+ overflow\\+.*\n"
           "  #[0-9]+ [0-9a-f]+ process_begin\\+.*\n  #[0-9]+ [0-9a-f]+ process_start\\+0x4\n")
{
    process_wait(process_create("deep", overflow, NULL), NULL);
}

static int write_null(void *argument)
{
    *(volatile int *)argument = 1;
    return 0;
}

TEST_PANIC(process_fault, "a fault names the process",
           "panic: page fault: write to 0x0000000000000008 (.*\n)+"
           "  in process [0-9]+ \\(careless\\)\n")
{
    process_wait(process_create("careless", write_null, (void *)8), NULL);
}

static void fail_in_handler(struct clock_timer *timer)
{
    if (this_cpu()->thread != this_cpu()->idle) { // the test has not gone to sleep yet
        clock_start_timer(timer, 8, fail_in_handler);
        return;
    }
    *(volatile int *)timer->deadline_ns = 1;
}

TEST_PANIC(process_fault_in_interrupt,
           "a fault of an interrupt handler is not put down to a process",
           "panic: page fault: write to 0x0000000000000008 (.*\n)+"
           "  in an interrupt of process [0-9]+ \\(idle\\)\n")
{
    static struct clock_timer timer;
    clock_start_timer(&timer, 8, fail_in_handler);
    clock_sleep_ms(100);
}
