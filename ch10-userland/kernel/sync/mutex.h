// A lock that is held for long: who wants it meanwhile sleeps.
#ifndef RUNG_KERNEL_SYNC_MUTEX_H
#define RUNG_KERNEL_SYNC_MUTEX_H

#include "kernel/sync/wait.h"

struct mutex {
    const char *name;
    const void *holder; // return address of the mutex_lock that holds it, NULL when free
    struct wait_queue queue;
    struct thread *owner; // whose it is: it may have been given it in its sleep
};

#define MUTEX(text) {.name = (text), .queue = {.name = (text)}}

// Takes the mutex, sleeping while somebody else has it. Panics with both places when the caller
// itself has it: nobody would ever give it back. Not from an interrupt handler, not with a spinlock
// held: panics.
// Who waits longest gets it next. Panics, and names them all, when its owner waits for a mutex
// whose owner waits for one ... that the caller has.
void mutex_lock(struct mutex *mutex);

// Gives it back. Panics when the caller does not hold it.
void mutex_unlock(struct mutex *mutex);

// Whether the caller holds it.
bool mutex_held(const struct mutex *mutex);

#endif
