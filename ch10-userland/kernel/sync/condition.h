// Condition variables: to wait, under a mutex, until somebody else has changed what it guards
// (Hoare, "Monitors", CACM 1974; that a wake-up is a hint and not a promise is Mesa's way: Lampson
// and Redell, CACM 1980).
#ifndef RUNG_KERNEL_SYNC_CONDITION_H
#define RUNG_KERNEL_SYNC_CONDITION_H

#include "kernel/sync/mutex.h"

struct condition {
    struct wait_queue queue;
};

#define CONDITION(text) {.queue = {.name = (text)}}

// Gives the mutex back and sleeps, both at once, until it is woken; then takes the mutex again.
// Others may have had the mutex first, so the caller looks once more: `while (!...)
// condition_wait(...)`. Panics when the caller does not hold the mutex. Sleeps.
void condition_wait(struct condition *condition, struct mutex *mutex);

// Wakes one who waits, the one who has waited longest; wakes all. With the mutex or without it; any
// context.
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);

#endif
