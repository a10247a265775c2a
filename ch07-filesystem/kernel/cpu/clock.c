#include "kernel/cpu/clock.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/pit.h"
#include "kernel/cpu/tsc.h"
#include "kernel/sync/wait.h"
#include "lib/assert.h"

#define DELAY_MAX_US 100

static struct wait_queue tick_queue = WAIT_QUEUE;
static uint64_t ticks;
static uint64_t tick_ns; // length of a tick
static uint64_t uncalibrated; // time by ticks alone, until the TSC takes over; time stays above it
static bool idle;
static uint64_t idle_since, idle_tsc;

static void tick(void)
{
    ticks++;
    if (tsc_hz() == 0) {
        uncalibrated = ticks * tick_ns;
    }
    wait_wake_all(&tick_queue);
}

void clock_init(void)
{
    tick_ns = pit_start_tick(CLOCK_TICK_HZ) * CLOCK_NS_PER_SECOND / PIT_HZ;
    irq_register(IRQ_TIMER, tick);
}

uint64_t clock_ticks(void)
{
    return ticks;
}

uint64_t clock_now_ns(void)
{
    if (tsc_hz() == 0) {
        return uncalibrated;
    }
    // A tick is counted after the time it took, and lost ones not at all, so the ticks lag behind
    // the TSC; but the TSC is known to a fraction of a percent only.
    uint64_t now = tsc_to_ns(tsc_elapsed());
    return now > uncalibrated ? now : uncalibrated;
}

void clock_sleep_ms(uint64_t time_ms)
{
    uint64_t now = clock_now_ns();
    bool endless = time_ms > (UINT64_MAX - now) / CLOCK_NS_PER_MS;
    uint64_t deadline = endless ? UINT64_MAX : now + time_ms * CLOCK_NS_PER_MS;
    wait_until(&tick_queue, clock_now_ns() >= deadline);
}

void clock_delay_us(unsigned time_us)
{
    ASSERT(time_us <= DELAY_MAX_US && tsc_hz() != 0);
    uint64_t start = tsc_elapsed();
    while (tsc_to_ns(tsc_elapsed() - start) < time_us * CLOCK_NS_PER_US) {
        __asm__ volatile("pause");
    }
}

uint64_t clock_idle_tsc(void)
{
    return idle_tsc;
}

void clock_idle(void)
{
    ASSERT(!cpu_interrupts_enabled());
    idle = true;
    idle_since = cpu_read_tsc();
    // STI takes effect after the next instruction, so no interrupt comes between it and HLT and is
    // then waited for in vain (Intel SDM vol. 2B, STI).
    __asm__ volatile("sti; hlt; cli" : : : "memory");
    clock_leave_idle(); // for what wakes without irq.c: an NMI
}

void clock_leave_idle(void)
{
    if (idle) {
        idle_tsc += cpu_read_tsc() - idle_since;
        idle = false;
    }
}
