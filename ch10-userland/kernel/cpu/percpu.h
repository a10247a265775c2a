// What belongs to one processor: what it runs, and what it is in the middle of. Whoever asks by
// this_cpu() need not know that so far there is one.
#ifndef RUNG_KERNEL_CPU_PERCPU_H
#define RUNG_KERNEL_CPU_PERCPU_H

#include "lib/types.h"

// Read and written with interrupts off, or where nobody but the running process changes a member.
struct percpu {
    struct thread *thread; // that runs; NULL before process_init
    struct thread *idle; // runs when nobody else wants to
    struct thread *ended; // has just been left for good: who runs next frees its stack
    struct spinlock *spinlock; // the one taken last of those held, or NULL
    bool in_handler; // of a hardware interrupt
    bool halted; // since the time below
    uint64_t halted_since, idle_tsc; // idle_tsc: time spent halted
    uint64_t charged_tsc; // up to here time has been put down to somebody's account
    uint64_t switches; // from one process to another
    bool from_user; // the last interrupt came while a program ran
    uint64_t user_tsc, system_tsc; // what all processes have used: see sched.c
};

extern struct percpu percpu;

static inline struct percpu *this_cpu(void)
{
    return &percpu;
}

#endif
