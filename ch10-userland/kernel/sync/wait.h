// Wait queues: the way to sleep until something is so.
#ifndef RUNG_KERNEL_SYNC_WAIT_H
#define RUNG_KERNEL_SYNC_WAIT_H

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "lib/list.h"

#define THREAD_NAME_SIZE 16

// What runs, and can sleep: the part of a process that this room knows. The rest stands above it,
// in kernel/proc/process.h.
struct thread {
    int pid;
    char name[THREAD_NAME_SIZE];
    struct list_node node; // in the queue that it sleeps in, or in one of the scheduler's
    struct wait_queue *queue; // it sleeps in; NULL: awake
    const void *place; // where it went to sleep: the return address of wait_sleep
    struct clock_timer timer; // the deadline of its sleep
    struct mutex *wanted; // it waits for, or NULL
    unsigned mutex_count; // it holds
    bool interruptible; // it sleeps, and wait_interrupt wakes it
    bool interrupted; // somebody wants it: the next interruptible sleep does not begin
};

struct wait_queue {
    unsigned generation; // counts wake-ups
    struct list_node sleepers; // who sleeps longest comes first; all zeroes: nobody so far
    const char *name; // of what they wait for, NULL: the function that waits says it
};

#define WAIT_QUEUE {0}

#define WAIT_FOREVER UINT64_MAX

// Sleeps until `condition` is true. It is evaluated with interrupts off, before the first sleep
// and after each wake-up of the queue, so no wake-up is lost; where interrupts were off before, it
// still holds afterwards. Whoever makes it true calls wait_wake_all; a condition that becomes true
// by itself, as time does, is not noticed. Not from an interrupt handler, not with a spinlock held:
// wait_sleep ASSERTs both.
#define wait_until(queue, condition) ((void)wait_until_deadline(queue, condition, WAIT_FOREVER))

// The same, until clock_now_ns() is `deadline` at most (and as a rule less than a tick more).
// Returns whether the condition is true, which is evaluated once more when the time is over.
#define wait_until_deadline(queue, condition, deadline)                                            \
    ({                                                                                             \
        bool wait_interrupts = cpu_save_interrupts();                                              \
        uint64_t wait_deadline_ns = (deadline);                                                    \
        bool wait_done;                                                                            \
        do {                                                                                       \
            wait_done = (condition);                                                               \
        } while (!wait_done && wait_sleep(queue, wait_deadline_ns));                               \
        cpu_restore_interrupts(wait_interrupts);                                                   \
        wait_done;                                                                                 \
    })

// wait_until that a signal ends: returns 0 when the condition is true, -EINTR when the thread is
// interrupted before. With a deadline -ETIMEDOUT when that has passed.
#define wait_until_interrupted(queue, condition)                                                   \
    wait_until_interrupted_or(queue, condition, WAIT_FOREVER)
#define wait_until_interrupted_or(queue, condition, deadline)                                      \
    ({                                                                                             \
        bool wait_interrupts = cpu_save_interrupts();                                              \
        uint64_t wait_deadline_ns = (deadline);                                                    \
        int wait_result;                                                                           \
        do {                                                                                       \
            wait_result = (condition) ? 0 : wait_sleep_interruptible(queue, wait_deadline_ns);     \
        } while (wait_result > 0);                                                                 \
        cpu_restore_interrupts(wait_interrupts);                                                   \
        wait_result;                                                                               \
    })

// One sleep of that: 1 when it was woken (look again), -EINTR, or -ETIMEDOUT at once when the
// deadline has passed.
int wait_sleep_interruptible(struct wait_queue *queue, uint64_t deadline_ns);

// Marks a thread as interrupted, and wakes it if it sleeps so that it can be. Who asked for it
// clears thread->interrupted. Any context.
void wait_interrupt(struct thread *thread);

// One sleep of wait_until: interrupts are off before and after, on in between. Returns false, at
// once, when the deadline has passed already.
bool wait_sleep(struct wait_queue *queue, uint64_t deadline_ns);

// Wakes all who wait. Any context.
void wait_wake_all(struct wait_queue *queue);

// Whether nobody sleeps in the queue now. Any context.
static inline bool wait_nobody(const struct wait_queue *queue)
{
    return !queue->sleepers.next || list_empty(&queue->sleepers);
}

// Wakes the one who has waited longest, and returns it; NULL if nobody waits. Any context.
struct thread *wait_wake_one(struct wait_queue *queue);

// Before this is called, who waits halts the processor. Then it calls block, which lets others run
// until ready has been called for it. Both are called with interrupts off. Called by the scheduler,
// which stands above this room.
void wait_set_scheduler(void (*block)(void), void (*ready)(struct thread *thread));

#endif
