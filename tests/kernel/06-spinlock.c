// kernel/sync/spinlock.c: what it does, and what it reports.
#include "kernel/cpu/cpu.h"
#include "kernel/sync/spinlock.h"
#include "tests/kernel/test.h"

static struct spinlock first = SPINLOCK("first"), second = SPINLOCK("second");

TEST(spinlock_interrupts, "a lock turns interrupts off, and back to what they were")
{
    spinlock_acquire(&first);
    CHECK(!cpu_interrupts_enabled());
    CHECK(spinlock_held(&first));
    spinlock_release(&first);
    CHECK(cpu_interrupts_enabled());
    CHECK(!spinlock_held(&first));

    cpu_disable_interrupts();
    spinlock_acquire(&first);
    spinlock_release(&first);
    CHECK(!cpu_interrupts_enabled());
    cpu_enable_interrupts();
}

TEST(spinlock_nested, "interrupts stay off until the outermost lock is given back")
{
    CHECK_EQUAL(spinlock_count(), 0);
    spinlock_acquire(&first);
    spinlock_acquire(&second);
    CHECK_EQUAL(spinlock_count(), 2);
    spinlock_release(&second);
    CHECK(!cpu_interrupts_enabled());
    CHECK(spinlock_held(&first) && !spinlock_held(&second));
    spinlock_release(&first);
    CHECK(cpu_interrupts_enabled());
    CHECK_EQUAL(spinlock_count(), 0);
}

__attribute__((noinline)) static void hold_first(void)
{
    spinlock_acquire(&first);
    __asm__ volatile("");
}

TEST_PANIC(spinlock_twice, "taking a lock twice is reported with the lock and both places",
           "panic: spinlock first: taken again at test_run_spinlock_twice\\+0x[0-9a-f]+, "
           "held by hold_first\\+0x[0-9a-f]+")
{
    hold_first();
    spinlock_acquire(&first);
}

TEST_PANIC(spinlock_not_held, "giving a free lock back is reported with the place",
           "panic: spinlock second: released at test_run_spinlock_not_held\\+0x[0-9a-f]+, "
           "held by nobody")
{
    spinlock_release(&second);
    __asm__ volatile("");
}

TEST_PANIC(spinlock_order, "giving the first of two locks back first is reported",
           "panic: spinlock first: released before locks taken later at test_run_spinlock_order")
{
    spinlock_acquire(&first);
    spinlock_acquire(&second);
    spinlock_release(&first);
    __asm__ volatile("");
}

TEST_PANIC(spinlock_enabled, "turning interrupts on under a lock is reported",
           "panic: spinlock first: released with interrupts on at test_run_spinlock_enabled")
{
    spinlock_acquire(&first);
    cpu_enable_interrupts();
    spinlock_release(&first);
    __asm__ volatile("");
}
