// The scheduler: who runs, and for how long.
//
// Everybody has a credit of processor time. Running uses it up, and who has most of it left runs
// first. Only when all who want to run have used theirs up, a new epoch begins and everybody gets
// the same amount; who slept keeps what was left, up to twice that. So those who mostly wait, for a
// key or the disk, go before those who compute; and nobody starves, since there is only so much
// credit in an epoch: a child's is half of its parent's.
//
// Credit is counted in quanta of 2 to 4 ms, rounded up: that is a process's level, and there is a
// queue for each. Within a level they take turns.
#ifndef RUNG_KERNEL_PROC_SCHED_H
#define RUNG_KERNEL_PROC_SCHED_H

#include "kernel/proc/process.h"

#define SCHED_SLICE 8 // quanta that everybody gets when an epoch begins
#define SCHED_LEVELS (2 * SCHED_SLICE + 1) // 0: credit used up

// Sets the scheduler up for the processes that there are: the one that runs, which gets all the
// credit that it can have, and the one that idles. Called once by process_init, interrupts off.
void sched_init(struct process *running, struct process *idle);

// Lets a new process run from now on, with half of the caller's credit. Any context.
void sched_start(struct process *process);

// Lets all others run first who want to, whatever their level; returns at once if there are none.
// Interrupts may be off before and are then afterwards. Not from an interrupt handler, not with a
// spinlock held: panics.
void sched_yield(void);

// Leaves the processor for good. Called by process_exit, interrupts off.
_Noreturn void sched_leave(void);

// What comes right after a switch, and first of all in a new process: frees the stack that was
// left, if that was for good. Interrupts off.
void sched_arrive(void);

#endif
