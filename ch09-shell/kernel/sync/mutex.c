#include "kernel/sync/mutex.h"

#include "kernel/cpu/irq.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/symbols.h"
#include "kernel/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/string.h"

#define CYCLE_TEXT_SIZE 512

static const char *describe_holder(const struct mutex *mutex, char *text, size_t size)
{
    if (!mutex->holder) {
        return "nobody";
    }
    symbols_describe((virt_t)mutex->holder, text, size);
    size_t length = strlen(text);
    snprintf(text + length, size - length, " in process %d (%s)", mutex->owner->pid,
             mutex->owner->name);
    return text;
}

_Noreturn static void misuse(const struct mutex *mutex, const void *place, const char *what)
{
    char here[SYMBOL_TEXT_SIZE], holder[2 * SYMBOL_TEXT_SIZE];
    panic("mutex %s: %s at %s, held by %s", mutex->name, what,
          symbols_describe((virt_t)place, here, sizeof(here)),
          describe_holder(mutex, holder, sizeof(holder)));
}

// Says who waits for whom, from a thread round to itself.
_Noreturn static void deadlock(const struct thread *thread)
{
    char text[CYCLE_TEXT_SIZE];
    size_t length = 0;
    const struct thread *owner, *other = thread;
    do {
        owner = other->wanted->owner;
        length += (size_t)snprintf(
            text + length, sizeof(text) - length, "%swants %s, held by process %d (%s)",
            length > 0 ? ", who " : "", other->wanted->name, owner->pid, owner->name);
        other = owner;
    } while (owner != thread && length < sizeof(text));
    panic("deadlock: process %d (%s) %s", thread->pid, thread->name, text);
}

// Goes from the mutex that a thread wants to its owner, on to the mutex that this one wants, and so
// on. Without a deadlock that ends at one who wants none; nobody has begun to wait in a circle
// before.
static void check_deadlock(const struct thread *thread)
{
    const struct thread *other = thread->wanted->owner;
    while (other && other->wanted && other != thread) { // none for a moment: it is being given away
        other = other->wanted->owner;
    }
    if (other == thread) {
        deadlock(thread);
    }
}

// Takes it if it is free. As a condition it runs with interrupts off: nobody gets in between.
static bool take(struct mutex *mutex, const void *place)
{
    struct thread *thread = this_cpu()->thread;
    if (mutex->owner && mutex->owner != thread) { // mutex_unlock may have given it to us
        thread->wanted = mutex;
        check_deadlock(thread);
        return false;
    }
    thread->wanted = NULL;
    thread->mutex_count++;
    mutex->owner = thread;
    mutex->holder = place;
    return true;
}

// The most frequent case, and nothing else: it is free, and the caller may have it.
static bool take_at_once(struct mutex *mutex, const void *place)
{
    struct percpu *cpu = this_cpu();
    struct thread *nobody = NULL;
    if (cpu->in_handler || cpu->spinlock ||
        !__atomic_compare_exchange_n(&mutex->owner, &nobody, cpu->thread, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return false;
    }
    cpu->thread->mutex_count++;
    mutex->holder = place;
    return true;
}

// The same for giving it back: nobody waits for it.
static bool give_at_once(struct mutex *mutex)
{
    struct thread *thread = this_cpu()->thread, *nobody = NULL;
    if (mutex->owner != thread || !thread || !wait_nobody(&mutex->queue)) {
        return false;
    }
    thread->mutex_count--;
    mutex->holder = NULL;
    __atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
    if (wait_nobody(&mutex->queue) ||
        !__atomic_compare_exchange_n(&mutex->owner, &nobody, thread, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED)) {
        return true;
    }
    // Somebody came in between: it is ours once more, to be given to that one.
    thread->mutex_count++;
    return false;
}

// Not inline: who gets it at once needs none of the registers that this saves.
static __attribute__((noinline)) void lock(struct mutex *mutex, const void *place)
{
    if (irq_in_handler()) {
        misuse(mutex, place, "taken by an interrupt handler");
    }
    if (spinlock_count() > 0) {
        misuse(mutex, place, "taken with a spinlock held");
    }
    if (mutex_held(mutex)) {
        misuse(mutex, place, "taken again");
    }
    wait_until(&mutex->queue, take(mutex, place));
}

void mutex_lock(struct mutex *mutex)
{
    const void *place = __builtin_return_address(0);
    if (take_at_once(mutex, place)) {
        return;
    }
    lock(mutex, place);
}

static __attribute__((noinline)) void unlock(struct mutex *mutex, const void *place)
{
    if (!mutex_held(mutex)) {
        misuse(mutex, place, "released");
    }
    bool interrupts = cpu_save_interrupts();
    this_cpu()->thread->mutex_count--;
    mutex->owner = wait_wake_one(&mutex->queue); // not to whoever comes by before that one runs
    mutex->holder = mutex->owner ? mutex->owner->place : NULL;
    if (mutex->owner) {
        mutex->owner->wanted = NULL;
    }
    cpu_restore_interrupts(interrupts);
}

void mutex_unlock(struct mutex *mutex)
{
    if (give_at_once(mutex)) {
        return;
    }
    unlock(mutex, __builtin_return_address(0));
}

bool mutex_held(const struct mutex *mutex)
{
    return mutex->owner && mutex->owner == this_cpu()->thread;
}
