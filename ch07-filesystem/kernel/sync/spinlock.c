#include "kernel/sync/spinlock.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/symbols.h"
#include "kernel/panic.h"

static unsigned held;

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
    held++;
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
    if (lock->interrupts_were && held > 1) {
        misuse(lock, place, "released before locks taken later");
    }
    lock->holder = NULL;
    held--;
    cpu_restore_interrupts(lock->interrupts_were);
}

bool spinlock_held(const struct spinlock *lock)
{
    return lock->holder;
}

unsigned spinlock_count(void)
{
    return held;
}
