#include "kernel/sync/wait.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/percpu.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"

static void (*block_thread)(void);
static void (*ready_thread)(struct thread *thread);

void wait_set_scheduler(void (*block)(void), void (*ready)(struct thread *thread))
{
    block_thread = block;
    ready_thread = ready;
}

static void wake(struct thread *thread)
{
    list_remove(&thread->node);
    thread->queue = NULL;
    ready_thread(thread);
}

static void time_over(struct clock_timer *timer)
{
    struct thread *thread = LIST_ENTRY(timer, struct thread, timer);
    if (thread->queue) { // nobody was faster
        wake(thread);
    }
}

// The thread is in the queue before anybody else runs, so no wake-up passes it by.
static void sleep(struct thread *thread, struct wait_queue *queue, uint64_t deadline_ns)
{
    if (!queue->sleepers.next) {
        list_init(&queue->sleepers);
    }
    list_append(&queue->sleepers, &thread->node);
    thread->queue = queue;
    if (deadline_ns != WAIT_FOREVER) {
        clock_start_timer(&thread->timer, deadline_ns, time_over);
    }
    block_thread();
    clock_stop_timer(&thread->timer);
}

bool wait_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
    ASSERT(!irq_in_handler());
    spinlock_check_none(__builtin_return_address(0));
    if (clock_now_ns() >= deadline_ns) {
        return false;
    }
    struct thread *thread = this_cpu()->thread;
    if (thread) {
        thread->place = __builtin_return_address(0);
        sleep(thread, queue, deadline_ns);
        return true;
    }
    // Nobody else can run meanwhile but interrupt handlers: halt until one of them wakes us. The
    // next tick ends the halt at the latest.
    unsigned generation = queue->generation;
    while (queue->generation == generation && clock_now_ns() < deadline_ns) {
        clock_idle();
    }
    return true;
}

int wait_sleep_interruptible(struct wait_queue *queue, uint64_t deadline_ns)
{
    struct thread *thread = this_cpu()->thread;
    ASSERT(!irq_in_handler());
    spinlock_check_none(__builtin_return_address(0));
    if (thread->interrupted) { // before this sleep, or in the last one
        return -EINTR;
    }
    if (deadline_ns != WAIT_FOREVER && clock_now_ns() >= deadline_ns) {
        return -ETIMEDOUT;
    }
    thread->place = __builtin_return_address(0);
    thread->interruptible = true;
    sleep(thread, queue, deadline_ns);
    thread->interruptible = false;
    return 1;
}

void wait_interrupt(struct thread *thread)
{
    bool interrupts = cpu_save_interrupts();
    thread->interrupted = true;
    if (thread->queue && thread->interruptible) {
        wake(thread);
    }
    cpu_restore_interrupts(interrupts);
}

void wait_wake_all(struct wait_queue *queue)
{
    queue->generation++;
    if (wait_nobody(queue)) {
        return;
    }
    // At once: who woke up and slept again meanwhile would be woken again, without an end.
    bool interrupts = cpu_save_interrupts();
    while (wait_wake_one(queue)) {
    }
    cpu_restore_interrupts(interrupts);
}

struct thread *wait_wake_one(struct wait_queue *queue)
{
    struct thread *thread = NULL;
    if (wait_nobody(queue)) { // before interrupts are turned off, which costs more
        queue->generation++;
        return NULL;
    }
    bool interrupts = cpu_save_interrupts();
    queue->generation++;
    if (queue->sleepers.next && !list_empty(&queue->sleepers)) {
        thread = LIST_ENTRY(queue->sleepers.next, struct thread, node);
        wake(thread);
    }
    cpu_restore_interrupts(interrupts);
    return thread;
}
