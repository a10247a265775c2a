#include "kernel/sync/condition.h"

void condition_wait(struct condition *condition, struct mutex *mutex)
{
    bool interrupts = cpu_save_interrupts(); // nobody comes between giving back and going to sleep
    mutex_unlock(mutex);
    wait_sleep(&condition->queue, WAIT_FOREVER);
    cpu_restore_interrupts(interrupts);
    mutex_lock(mutex);
}

void condition_signal(struct condition *condition)
{
    wait_wake_one(&condition->queue);
}

void condition_broadcast(struct condition *condition)
{
    wait_wake_all(&condition->queue);
}
