#include "kernel/proc/sched.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/tsc.h"
#include "kernel/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/abi/ucontext.h"
#include "lib/assert.h"

#define QUANTA_PER_SECOND 250 // at least

void switch_stack(virt_t *save, virt_t load); // switch.asm

static struct list_node queues[SCHED_LEVELS]; // who wants to run, by level
static uint32_t levels; // a bit for each queue that is not empty
static unsigned quantum_shift; // a quantum is so many TSC counts, as a power of two
static uint64_t epoch;

_Static_assert(SCHED_LEVELS <= 32, "there is a bit for each in `levels`");

static unsigned level_of(const struct process *process)
{
    return (unsigned)((process->credit + (1ul << quantum_shift) - 1) >> quantum_shift);
}

static void enqueue(struct process *process, unsigned level)
{
    list_append(&queues[level], &process->thread.node);
    levels |= 1u << level;
}

// The highest level that somebody wants to run at. There is somebody.
static unsigned highest_level(void)
{
    return 31 - (unsigned)__builtin_clz(levels);
}

// Gives a process its share of the epochs that have begun since it was last looked at.
static void renew(struct process *process)
{
    uint64_t most = (SCHED_LEVELS - 1ul) << quantum_shift, share = most / 2;
    uint64_t epochs = epoch - process->epoch;
    process->epoch = epoch;
    if (epochs > 0) {
        bool full = epochs > 1 || process->credit >= share;
        process->credit = full ? most : process->credit + share;
    }
}

// Puts the time since the last call down to the account of the running process, and returns that.
static struct process *charge(void)
{
    struct process *self = process_current();
    uint64_t now = cpu_read_tsc(), used = now - this_cpu()->charged_tsc;
    this_cpu()->charged_tsc = now;
    self->cpu_tsc += used;
    self->credit -= used < self->credit ? used : self->credit;
    return self;
}

// Takes the first one of the highest level out of its queue; the idle process if there is none.
static struct process *pick(void)
{
    if (levels == 0) {
        return LIST_ENTRY(this_cpu()->idle, struct process, thread);
    }
    unsigned level = highest_level();
    if (level == 0) { // nobody has credit left: they all get some, and with it another level
        epoch++;
        level = SCHED_SLICE;
        list_insert(&queues[0], &queues[level]); // a second head in the same circle
        list_remove(&queues[0]);
        levels = 1u << level;
    }
    struct process *process = LIST_ENTRY(queues[level].next, struct process, thread.node);
    list_remove(&process->thread.node);
    if (list_empty(&queues[level])) {
        levels &= ~(1u << level);
    }
    renew(process);
    process->level = level;
    return process;
}

void sched_arrive(void)
{
    struct thread *ended = this_cpu()->ended;
    if (ended) {
        this_cpu()->ended = NULL;
        process_bury(LIST_ENTRY(ended, struct process, thread));
    }
}

// Goes on with whoever is next. Who called it has put itself where somebody will find it.
static void switch_away(void)
{
    struct process *from = process_current(), *to = pick();
    if (to != from) {
        this_cpu()->switches++;
        process_activate(to);
        switch_stack(&from->rsp, to->rsp);
        sched_arrive(); // much later: somebody has switched back
    }
}

static void block(void)
{
    charge();
    switch_away();
}

static void ready(struct thread *thread)
{
    struct process *process = LIST_ENTRY(thread, struct process, thread);
    renew(process);
    enqueue(process, level_of(process));
}

// Puts what a process has used since an interrupt last found it running down to its program or to
// the kernel, whichever runs now. In the long run that is right, and costs a system call nothing.
static void attribute(struct process *self)
{
    struct percpu *cpu = this_cpu();
    uint64_t used = self->cpu_tsc - self->user_tsc - self->system_tsc;
    *(cpu->from_user ? &self->user_tsc : &self->system_tsc) += used;
    if (&self->thread != cpu->idle) {
        *(cpu->from_user ? &cpu->user_tsc : &cpu->system_tsc) += used;
    }
}

// Sends the signal of a timer that has run out.
static void expire(struct process *self, struct cpu_timer *timer, uint64_t used_tsc, int signal)
{
    uint64_t used_ns = timer->expires_ns > 0 ? tsc_to_ns(used_tsc) : 0;
    if (timer->expires_ns > 0 && used_ns >= timer->expires_ns) {
        struct signal_information information = {.code = SI_KERNEL};
        bool again = timer->interval_ns > 0 && timer->interval_ns < WAIT_FOREVER - used_ns;
        timer->expires_ns = again ? used_ns + timer->interval_ns : 0;
        signal_send_information(self, signal, &information);
    }
}

// At the end of an interrupt, at least once a tick: lets one of a better level run, and one of the
// same level when a quantum is over.
static void preempt(void)
{
    struct process *self = charge();
    attribute(self);
    expire(self, &self->cpu_timers[0], self->user_tsc, SIGVTALRM);
    expire(self, &self->cpu_timers[1], self->cpu_tsc, SIGPROF);
    unsigned level = level_of(self);
    if (levels == 0 || highest_level() < level ||
        (highest_level() == level && level >= self->level)) {
        return;
    }
    if (&self->thread != this_cpu()->idle) {
        enqueue(self, level);
    }
    switch_away();
}

void sched_init(struct process *running, struct process *idle)
{
    quantum_shift = 63 - (unsigned)__builtin_clzl(tsc_hz() / QUANTA_PER_SECOND);
    for (unsigned level = 0; level < SCHED_LEVELS; level++) {
        list_init(&queues[level]);
    }
    epoch = 2;
    renew(running);
    running->level = level_of(running);
    idle->level = 1; // above its credit of 0: whoever wants to run comes before
    this_cpu()->idle = &idle->thread;
    this_cpu()->charged_tsc = cpu_read_tsc();
    process_activate(running);
    wait_set_scheduler(block, ready);
    irq_on_end(preempt);
}

void sched_start(struct process *process)
{
    bool interrupts = cpu_save_interrupts();
    struct process *self = charge();
    process->epoch = epoch;
    process->credit = self->credit / 2;
    self->credit -= process->credit;
    enqueue(process, level_of(process));
    cpu_restore_interrupts(interrupts);
}

void sched_yield(void)
{
    ASSERT(!this_cpu()->in_handler);
    spinlock_check_none(__builtin_return_address(0));
    bool interrupts = cpu_save_interrupts();
    if (levels != 0) {
        struct process *self = charge();
        unsigned level = level_of(self), lowest = (unsigned)__builtin_ctz(levels);
        enqueue(self, level < lowest ? level : lowest); // behind them all
        switch_away();
    }
    cpu_restore_interrupts(interrupts);
}

void sched_leave(void)
{
    struct process *self = charge();
    struct process *parent = self->parent;
    if (parent) { // what is left goes back: who makes many short ones does not pay for time unused
        renew(self);
        renew(parent);
        uint64_t sum = parent->credit + self->credit, most = (SCHED_LEVELS - 1ul) << quantum_shift;
        parent->credit = sum < most ? sum : most;
    }
    this_cpu()->ended = this_cpu()->thread;
    block();
    panic("a process runs after its end");
}
