// A lock for short sections that interrupt handlers enter too. One CPU: what it really does is to
// turn interrupts off, and to catch misuse.
#ifndef RUNG_KERNEL_SYNC_SPINLOCK_H
#define RUNG_KERNEL_SYNC_SPINLOCK_H

#include "lib/types.h"

struct spinlock {
    const char *name;
    const void *holder; // return address of the spinlock_acquire that holds it, NULL when free
    bool interrupts_were; // on before it was taken
    struct spinlock *outer; // the one taken before it, of those held
};

#define SPINLOCK(text) {.name = (text)}

// Turns interrupts off and takes the lock. Panics with both places when it is held already: on one
// CPU that would be a deadlock. Any context.
void spinlock_acquire(struct spinlock *lock);

// Gives it back and restores the interrupt flag. Locks are given back in the reverse order of
// taking. Panics with lock and place when it is not held, when interrupts are on, or when it was
// the first of several taken: the others would go on with interrupts on.
void spinlock_release(struct spinlock *lock);

// Whether somebody holds the lock. Any context.
bool spinlock_held(const struct spinlock *lock);

// How many spinlocks are held: 0 wherever someone may sleep. Any context.
unsigned spinlock_count(void);

// Panics, naming lock and places, when a spinlock is held: somebody is about to sleep at `place`.
// Any context.
void spinlock_check_none(const void *place);

#endif
