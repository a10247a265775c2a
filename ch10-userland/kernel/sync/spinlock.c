#include "kernel/sync/spinlock.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/percpu.h"
#include "kernel/cpu/symbols.h"
#include "kernel/panic.h"

_Noreturn static void misuse(const struct spinlock *lock, const void *place, const char *what)
{
    char here[SYMBOL_TEXT_SIZE], holder[SYMBOL_TEXT_SIZE];
    panic("spinlock %s: %s at %s, held by %s", lock->name, what,
          symbols_describe((virt_t)place, here, sizeof(here)),
          lock->holder ? symbols_describe((virt_t)lock->holder, holder, sizeof(holder)) : "nobody");
}

void spinlock_acquire(struct spinlock *lock)
{
    const void *place = __builtin_return_address(0);
    bool interrupts = cpu_save_interrupts();
    if (lock->holder) {
        misuse(lock, place, "taken again");
    }
    lock->holder = place;
    lock->interrupts_were = interrupts;
    lock->outer = this_cpu()->spinlock;
    this_cpu()->spinlock = lock;
}

void spinlock_release(struct spinlock *lock)
{
    const void *place = __builtin_return_address(0);
    if (!lock->holder) {
        misuse(lock, place, "released");
    }
    if (cpu_interrupts_enabled()) {
        misuse(lock, place, "released with interrupts on");
    }
    if (this_cpu()->spinlock != lock) {
        misuse(lock, place, "released before locks taken later");
    }
    lock->holder = NULL;
    this_cpu()->spinlock = lock->outer;
    cpu_restore_interrupts(lock->interrupts_were);
}

bool spinlock_held(const struct spinlock *lock)
{
    return lock->holder;
}

unsigned spinlock_count(void)
{
    unsigned held = 0;
    for (const struct spinlock *lock = this_cpu()->spinlock; lock; lock = lock->outer) {
        held++;
    }
    return held;
}

void spinlock_check_none(const void *place)
{
    if (this_cpu()->spinlock) {
        misuse(this_cpu()->spinlock, place, "kept over a sleep");
    }
}
