#include "kernel/sync/wait.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/irq.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"

bool wait_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
    ASSERT(!irq_in_handler() && spinlock_count() == 0);
    if (clock_now_ns() >= deadline_ns) {
        return false;
    }
    // Nobody else can run meanwhile but interrupt handlers: halt until one of them wakes us. The
    // next tick ends the halt at the latest.
    unsigned generation = queue->generation;
    while (queue->generation == generation && clock_now_ns() < deadline_ns) {
        clock_idle();
    }
    return true;
}

void wait_wake_all(struct wait_queue *queue)
{
    queue->generation++;
}
