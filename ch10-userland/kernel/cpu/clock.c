#include "kernel/cpu/clock.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/pit.h"
#include "kernel/cpu/tsc.h"
#include "kernel/sync/wait.h"
#include "lib/assert.h"

#define DELAY_MAX_US 100

// Timers are sorted into slots by their deadline, as on a wheel: a turn of it is 268 ms (Varghese
// and Lauck, "Hashed and Hierarchical Timing Wheels", SOSP 1987, scheme 6). A tick looks at the
// slots that it has reached, where those of later turns are too.
#define SLOTS 256
#define SLOT_SHIFT 20 // 2^20 ns, about as long as a tick

static struct wait_queue tick_queue = WAIT_QUEUE;
static uint64_t ticks;
static uint64_t tick_ns; // length of a tick
static uint64_t uncalibrated; // time by ticks alone, until the TSC takes over; time stays above it
static struct list_node wheel[SLOTS];
static uint64_t wheel_ns; // timers before this time have expired

// Collects first what is due: a timer's function may start and stop any timer.
static void expire_timers(uint64_t now)
{
    struct list_node due, *node, *next;
    uint64_t first = wheel_ns >> SLOT_SHIFT, last = now >> SLOT_SHIFT;
    list_init(&due);
    for (uint64_t slot = first; slot <= last && slot < first + SLOTS; slot++) {
        struct list_node *head = &wheel[slot % SLOTS];
        for (node = head->next; node != head; node = next) {
            next = node->next;
            if (LIST_ENTRY(node, struct clock_timer, node)->deadline_ns <= now) {
                list_remove(node);
                list_append(&due, node);
            }
        }
    }
    wheel_ns = now;
    while (!list_empty(&due)) {
        struct clock_timer *timer = LIST_ENTRY(due.next, struct clock_timer, node);
        list_remove(&timer->node);
        timer->expired(timer);
    }
}

static void tick(void)
{
    ticks++;
    if (tsc_hz() == 0) {
        uncalibrated = ticks * tick_ns;
    }
    expire_timers(clock_now_ns());
}

void clock_init(void)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        list_init(&wheel[slot]);
    }
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
    wait_until_deadline(&tick_queue, false, deadline);
}

void clock_start_timer(struct clock_timer *timer, uint64_t deadline_ns,
                       void (*expired)(struct clock_timer *timer))
{
    bool interrupts = cpu_save_interrupts();
    // One that is late already goes where the next tick looks.
    uint64_t time = deadline_ns > wheel_ns ? deadline_ns : wheel_ns;
    timer->deadline_ns = deadline_ns;
    timer->expired = expired;
    list_append(&wheel[(time >> SLOT_SHIFT) % SLOTS], &timer->node);
    cpu_restore_interrupts(interrupts);
}

void clock_stop_timer(struct clock_timer *timer)
{
    bool interrupts = cpu_save_interrupts();
    if (timer->node.next) {
        list_remove(&timer->node);
    }
    cpu_restore_interrupts(interrupts);
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
    return this_cpu()->idle_tsc;
}

void clock_idle(void)
{
    ASSERT(!cpu_interrupts_enabled());
    this_cpu()->halted = true;
    this_cpu()->halted_since = cpu_read_tsc();
    // STI takes effect after the next instruction, so no interrupt comes between it and HLT and is
    // then waited for in vain (Intel SDM vol. 2B, STI).
    __asm__ volatile("sti; hlt; cli" : : : "memory");
    clock_leave_idle(); // for what wakes without irq.c: an NMI
}

void clock_leave_idle(void)
{
    struct percpu *cpu = this_cpu();
    if (cpu->halted) {
        cpu->idle_tsc += cpu_read_tsc() - cpu->halted_since;
        cpu->halted = false;
    }
}
