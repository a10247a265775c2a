#include "kernel/proc/process.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/symbols.h"
#include "kernel/cpu/tsc.h"
#include "kernel/fs/descriptor.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/panic.h"
#include "kernel/proc/group.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/spinlock.h"
#include "lib/abi/wait.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define SAVED_REGISTERS 6 // by switch_stack

extern const char process_start[]; // switch.asm

static struct process first, idle;
static struct process *table[PROCESS_MAX]; // by pid modulo its size: one look finds a process
static int last_pid;
static bool pids_reused;
static struct spinlock lock = SPINLOCK("processes"); // guards both, and the families

static void init(struct process *process, const char *name)
{
    strlcpy(process->thread.name, name, sizeof(process->thread.name));
    list_init(&process->children);
    list_init(&process->sibling);
    process->child_ended.name = "a child";
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

// Whether a number that is no process's any more is still a group's or a session's.
static bool names_group(int number)
{
    for (struct process *process = NULL; (process = process_after(process));) {
        if (process->group == number || process->session == number) {
            return true;
        }
    }
    return false;
}

// Gives a process the next pid whose place in the table is free. False if none is.
static bool take_pid(struct process *process)
{
    for (unsigned tries = 0; tries < 2 * PROCESS_MAX; tries++) { // place 0 has no low pid
        last_pid = last_pid < PROCESS_PID_MAX ? last_pid + 1 : 1;
        struct process **place = &table[last_pid % PROCESS_MAX];
        pids_reused = pids_reused || last_pid == PROCESS_PID_MAX;
        if (!*place && pids_reused && names_group(last_pid)) {
            continue;
        }
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
    first.umask = 022;
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

// Gives a child what it has in common with its parent.
static int inherit(struct process *child)
{
    const struct process *parent = child->parent;
    child->start_ns = clock_now_ns();
    child->umask = parent->umask;
    child->group = parent->group;
    child->session = parent->session;
    child->signals.ignored = parent->signals.ignored;
    child->directory = parent->directory ? inode_hold(parent->directory) : NULL;
    return parent->descriptors ? descriptors_copy(parent->descriptors, &child->descriptors) : 0;
}

// Gives back what a process has, but for its stack. Sleeps when it has what nobody else has.
static void release(struct process *process)
{
    struct descriptors *descriptors = process->descriptors;
    process->descriptors = NULL;
    descriptors_destroy(descriptors);
    struct inode *directory = process->directory;
    process->directory = NULL;
    inode_release(directory);
}

int process_make(const char *name, int (*entry)(void *argument), void *argument,
                 struct process **made)
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
    int error = inherit(process);
    spinlock_acquire(&lock);
    if (error == 0 && signal_due() != 0) {
        // One to all of a group reaches the parent before it has a child, or both: else there would
        // always be a child of those that start one after the other that was made just then.
        error = -EINTR;
    }
    bool found = error == 0 && take_pid(process);
    if (found) {
        list_append(&process->parent->children, &process->sibling);
    }
    spinlock_release(&lock);
    if (!found) {
        release(process); // the parent has all of it, too
        kernel_area_free_stack(process->stack);
        kfree(process);
        return error != 0 ? error : -EAGAIN;
    }
    *made = process;
    return 0;
}

int process_create(const char *name, int (*entry)(void *argument), void *argument)
{
    struct process *process;
    int error = process_make(name, entry, argument, &process);
    if (error != 0) {
        return error;
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
    group_leave();
    release(self);
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

// Forgets a child that has ended: returns its pid and tells its status.
static int reap(struct process *child, int *status)
{
    int pid = child->thread.pid;
    spinlock_acquire(&lock);
    list_remove(&child->sibling);
    spinlock_release(&lock);
    if (status) {
        *status = child->status;
    }
    forget(child);
    return pid;
}

int process_wait(int pid, int *status)
{
    struct process *self = process_current(), *child;
    wait_until(&self->child_ended, !(child = find_child(self, pid)) || child->ended);
    return child ? reap(child, status) : -ECHILD;
}

// Whether a child has something to tell that is asked for.
static bool has_news(const struct process *child, unsigned options)
{
    (void)options;
    return child->ended;
}

// A child that process_wait_options asks for: one with news, else any, else NULL.
static struct process *find_waited(struct process *self, int pid, unsigned options)
{
    struct process *found = NULL;
    int group = pid == 0 ? self->group : -pid;
    for (struct list_node *node = self->children.next; node != &self->children; node = node->next) {
        struct process *child = LIST_ENTRY(node, struct process, sibling);
        if (pid == -1 || (pid > 0 ? child->thread.pid == pid : child->group == group)) {
            found = child;
            if (has_news(child, options)) {
                break;
            }
        }
    }
    return found;
}

int process_wait_options(int pid, unsigned options, int *status)
{
    struct process *self = process_current(), *child = NULL;
    if (pid < -PROCESS_PID_MAX) {
        return -ECHILD;
    }
    bool interrupts = cpu_save_interrupts(); // what has been found stays so
    int result = wait_until_interrupted(&self->child_ended,
                                        !(child = find_waited(self, pid, options)) ||
                                            has_news(child, options) || options & WNOHANG);
    if (result == 0 && !child) {
        result = -ECHILD;
    } else if (result == 0 && child->ended) {
        result = reap(child, status);
    }
    cpu_restore_interrupts(interrupts);
    return result;
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

struct process *process_find(int pid)
{
    struct process *process = pid > 0 ? table[pid % PROCESS_MAX] : NULL;
    return process && process->thread.pid == pid ? process : NULL;
}

struct process *process_after(const struct process *process)
{
    for (int i = process ? process->thread.pid % PROCESS_MAX + 1 : 0; i < PROCESS_MAX; i++) {
        if (table[i]) {
            return table[i];
        }
    }
    return NULL;
}

int process_last_pid(void)
{
    return last_pid;
}

void process_activate(struct process *process)
{
    this_cpu()->thread = &process->thread;
}
