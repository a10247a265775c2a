#include "kernel/sync/wait.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/irq.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"

void wait_sleep(struct wait_queue *queue)
{
    ASSERT(!irq_in_handler() && spinlock_count() == 0);
    // Nobody else can run meanwhile but interrupt handlers: halt until one of them wakes us.
    unsigned generation = queue->generation;
    while (queue->generation == generation) {
        clock_idle();
    }
}

void wait_wake_all(struct wait_queue *queue)
{
    queue->generation++;
}
