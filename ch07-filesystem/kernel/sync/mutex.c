#include "kernel/sync/mutex.h"

#include "kernel/cpu/irq.h"
#include "kernel/cpu/symbols.h"
#include "kernel/panic.h"
#include "kernel/sync/spinlock.h"

static const char *describe_holder(const struct mutex *mutex, char *text, size_t size)
{
    if (!mutex->holder) {
        return "nobody";
    }
    symbols_describe((virt_t)mutex->holder, text, size);
    return text;
}

_Noreturn static void misuse(const struct mutex *mutex, const void *place, const char *what)
{
    char here[SYMBOL_TEXT_SIZE], holder[2 * SYMBOL_TEXT_SIZE];
    panic("mutex %s: %s at %s, held by %s", mutex->name, what,
          symbols_describe((virt_t)place, here, sizeof(here)),
          describe_holder(mutex, holder, sizeof(holder)));
}

// Takes it if it is free. As a condition it runs with interrupts off: nobody gets in between.
static bool take(struct mutex *mutex, const void *place)
{
    if (mutex->holder) {
        return false;
    }
    mutex->holder = place;
    return true;
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
    lock(mutex, place);
}

static __attribute__((noinline)) void unlock(struct mutex *mutex, const void *place)
{
    if (!mutex_held(mutex)) {
        misuse(mutex, place, "released");
    }
    mutex->holder = NULL;
    wait_wake_all(&mutex->queue);
}

void mutex_unlock(struct mutex *mutex)
{
    unlock(mutex, __builtin_return_address(0));
}

bool mutex_held(const struct mutex *mutex)
{
    return mutex->holder;
}
