// Wait queues: the way to sleep until something is so.
#ifndef RUNG_KERNEL_SYNC_WAIT_H
#define RUNG_KERNEL_SYNC_WAIT_H

#include "kernel/cpu/cpu.h"

struct wait_queue {
    unsigned generation; // counts wake-ups
};

#define WAIT_QUEUE {0}

// Sleeps until `condition` is true. It is evaluated with interrupts off, before the first sleep
// and after each wake-up of the queue, so no wake-up is lost; where interrupts were off before, it
// still holds afterwards. Whoever makes it true calls wait_wake_all. Not from an interrupt
// handler, not with a spinlock held: wait_sleep ASSERTs both.
#define wait_until(queue, condition)                                                               \
    do {                                                                                           \
        bool wait_interrupts = cpu_save_interrupts();                                              \
        while (!(condition)) {                                                                     \
            wait_sleep(queue);                                                                     \
        }                                                                                          \
        cpu_restore_interrupts(wait_interrupts);                                                   \
    } while (0)

// One sleep of wait_until: interrupts are off before and after, on in between.
void wait_sleep(struct wait_queue *queue);

// Wakes all who wait. Any context.
void wait_wake_all(struct wait_queue *queue);

#endif
