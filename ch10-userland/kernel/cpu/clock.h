// Monotonic time since boot, sleeping, and an account of idle time.
#ifndef RUNG_KERNEL_CPU_CLOCK_H
#define RUNG_KERNEL_CPU_CLOCK_H

#include "lib/list.h"
#include "lib/types.h"

#define CLOCK_TICK_HZ 1000
#define CLOCK_NS_PER_SECOND 1000000000ul
#define CLOCK_NS_PER_MS (CLOCK_NS_PER_SECOND / 1000)
#define CLOCK_NS_PER_US (CLOCK_NS_PER_MS / 1000)

// Something to be done at a time. All zeroes: not running.
struct clock_timer {
    struct list_node node;
    uint64_t deadline_ns;
    void (*expired)(struct clock_timer *timer);
};

// Starts the tick. Called once by kmain, after irq_init and tsc_start.
void clock_init(void);

// Ticks since clock_init: CLOCK_TICK_HZ a second, as nearly as the PIT can (1000.15). Ticks may be
// lost while interrupts are off for long. Any context.
uint64_t clock_ticks(void);

// Nanoseconds since tsc_start; never goes back. Before tsc_finish it counts in ticks, then by the
// time stamp counter. Any context.
uint64_t clock_now_ns(void);

// Sleeps for at least the time given, and as a rule for less than a tick more. Needs tsc_finish.
// Interrupts on, not from an interrupt.
void clock_sleep_ms(uint64_t time_ms);

// Has timer->expired called once, from the first timer interrupt at or after the time
// (clock_now_ns), which may be over already. The caller keeps the timer until then, or until it is
// stopped; it must not be running. Constant time, as stopping is; any context.
void clock_start_timer(struct clock_timer *timer, uint64_t deadline_ns,
                       void (*expired)(struct clock_timer *timer));

// Makes sure that it is not running.
void clock_stop_timer(struct clock_timer *timer);

// Waits without sleeping, for hardware that wants it: at most 100 microseconds (ASSERTed). Needs
// tsc_finish. Any context.
void clock_delay_us(unsigned time_us);

// TSC counts spent halted since boot, for measurements: work done is TSC less idle. Any context.
uint64_t clock_idle_tsc(void);

// Enables interrupts and halts until the next one, then disables them: the one place that idles,
// and accounts for it. Called with interrupts off (ASSERTed) by kernel/sync/wait.c.
void clock_idle(void);

// An interrupt has come: if the processor was halted, the idle time ends here and not when the
// handler is through. Called by irq.c.
void clock_leave_idle(void);

#endif
