#include "kernel/proc/process.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/symbols.h"
#include "kernel/cpu/tsc.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/panic.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SAVED_REGISTERS 6 // by switch_stack

extern const char process_start[]; // switch.asm

static struct process first, idle;
static struct process *table[PROCESS_MAX]; // by pid modulo its size: one look finds a process
static int last_pid;
static struct spinlock lock = SPINLOCK("processes"); // guards both, and the families

static void init(struct process *process, const char *name)
{
    strlcpy(process->thread.name, name, sizeof(process->thread.name));
    list_init(&process->children);
    list_init(&process->sibling);
}

// Allocates a stack from which switch_stack returns to process_start.
static bool make_stack(struct process *process)
{
    process->stack = kernel_area_alloc_stack();
    if (!process->stack) {
        return false;
    }
    virt_t *top = (virt_t *)((char *)process->stack + KERNEL_STACK_SIZE);
    *--top = (virt_t)process_start;
    for (unsigned i = 0; i < SAVED_REGISTERS; i++) {
        *--top = 0;
    }
    process->rsp = (virt_t)top;
    return true;
}

// Gives a process the next pid whose place in the table is free. False if none is.
static bool take_pid(struct process *process)
{
    for (unsigned tries = 0; tries < 2 * PROCESS_MAX; tries++) { // place 0 has no low pid
        last_pid = last_pid < PROCESS_PID_MAX ? last_pid + 1 : 1;
        struct process **place = &table[last_pid % PROCESS_MAX];
        if (!*place) {
            *place = process;
            process->thread.pid = last_pid;
            return true;
        }
    }
    return false;
}

static int idle_loop(void *argument)
{
    (void)argument;
    while (true) {
        cpu_disable_interrupts();
        clock_idle();
    }
}

void process_init(void)
{
    init(&first, "kernel");
    take_pid(&first);
    init(&idle, "idle");
    idle.entry = idle_loop;
    if (!make_stack(&idle)) {
        panic("process: no memory for the idle process's stack");
    }
    cpu_disable_interrupts();
    sched_init(&first, &idle);
    cpu_enable_interrupts();
}

// Takes a process out of the table and frees it: its stack is gone.
static void forget(struct process *process)
{
    spinlock_acquire(&lock);
    table[process->thread.pid % PROCESS_MAX] = NULL;
    spinlock_release(&lock);
    kfree(process);
}

int process_create(const char *name, int (*entry)(void *argument), void *argument)
{
    struct process *process = kcalloc(1, sizeof(*process));
    if (!process || !make_stack(process)) {
        kfree(process);
        return -ENOMEM;
    }
    init(process, name);
    process->entry = entry;
    process->argument = argument;
    process->parent = process_current();
    spinlock_acquire(&lock);
    bool found = take_pid(process);
    if (found) {
        list_append(&process->parent->children, &process->sibling);
    }
    spinlock_release(&lock);
    if (!found) {
        kernel_area_free_stack(process->stack);
        kfree(process);
        return -EAGAIN;
    }
    int pid = process->thread.pid; // it may be gone when we come to the end
    sched_start(process);
    return pid;
}

void process_begin(void)
{
    sched_arrive();
    struct process *self = process_current();
    cpu_enable_interrupts();
    process_exit(self->entry(self->argument));
}

// Takes a child from its parent: nobody will ask for its status any more. Interrupts off.
static void abandon(struct process *child)
{
    list_remove(&child->sibling);
    child->parent = NULL;
    if (child->ended) {
        forget(child);
    }
}

void process_exit(int status)
{
    struct process *self = process_current();
    ASSERT(!irq_in_handler());
    spinlock_check_none(__builtin_return_address(0));
    ASSERT(self != &first);
    if (self->thread.mutex_count > 0) {
        panic("process %d (%s) ends with %u mutexes held", self->thread.pid, self->thread.name,
              self->thread.mutex_count);
    }
    cpu_disable_interrupts(); // from here to the next process
    self->ended = true;
    self->status = status;
    while (!list_empty(&self->children)) {
        abandon(LIST_ENTRY(self->children.next, struct process, sibling));
    }
    if (self->parent) {
        list_remove(&self->sibling);
        list_insert(&self->parent->children, &self->sibling);
        wait_wake_all(&self->parent->child_ended);
    }
    sched_leave();
}

void process_bury(struct process *process)
{
    kernel_area_free_stack(process->stack);
    if (!process->parent) {
        forget(process);
    }
}

// A child of the caller: the one with the pid; for -1 one that has ended, if any has. NULL: none.
static struct process *find_child(struct process *self, int pid)
{
    if (pid == -1) {
        return list_empty(&self->children)
                   ? NULL
                   : LIST_ENTRY(self->children.next, struct process, sibling);
    }
    struct process *child = pid > 0 ? table[pid % PROCESS_MAX] : NULL;
    return child && child->thread.pid == pid && child->parent == self ? child : NULL;
}

int process_wait(int pid, int *status)
{
    struct process *self = process_current(), *child;
    wait_until(&self->child_ended, !(child = find_child(self, pid)) || child->ended);
    if (!child) {
        return -ECHILD;
    }
    spinlock_acquire(&lock);
    list_remove(&child->sibling);
    spinlock_release(&lock);
    pid = child->thread.pid;
    if (status) {
        *status = child->status;
    }
    forget(child);
    return pid;
}

int process_disown(int pid)
{
    bool interrupts = cpu_save_interrupts();
    struct process *child = pid > 0 ? find_child(process_current(), pid) : NULL;
    if (child) {
        abandon(child);
    }
    cpu_restore_interrupts(interrupts);
    return child ? 0 : -ECHILD;
}

static void describe(const struct process *process, struct process_info *info)
{
    const struct thread *thread = &process->thread;
    const char *waits_for = "";
    size_t offset;
    if (thread->queue) { // the queue's name, or the function that waits
        waits_for = thread->queue->name;
        waits_for = waits_for ? waits_for : symbols_find((virt_t)thread->place, &offset);
    }
    info->pid = thread->pid;
    info->parent = process->parent ? process->parent->thread.pid : 0;
    info->state = thread->queue ? PROCESS_SLEEPING : PROCESS_READY;
    if (process->ended || process == process_current()) {
        info->state = process->ended ? PROCESS_ZOMBIE : PROCESS_RUNNING;
    }
    info->cpu_ns = tsc_to_ns(process->cpu_tsc);
    strlcpy(info->name, thread->name, sizeof(info->name));
    strlcpy(info->waits_for, waits_for ? waits_for : "?", sizeof(info->waits_for));
}

int process_next(int pid, struct process_info *info)
{
    const struct process *next = NULL;
    spinlock_acquire(&lock);
    for (unsigned i = 0; i < PROCESS_MAX; i++) {
        if (table[i] && table[i]->thread.pid > pid &&
            (!next || table[i]->thread.pid < next->thread.pid)) {
            next = table[i];
        }
    }
    if (next) {
        describe(next, info);
    }
    spinlock_release(&lock);
    return next ? info->pid : 0;
}

void process_activate(struct process *process)
{
    this_cpu()->thread = &process->thread;
}
