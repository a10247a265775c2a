// Processes: a thread, and what it has: a stack, a parent, children. So far all run in the kernel.
#ifndef RUNG_KERNEL_PROC_PROCESS_H
#define RUNG_KERNEL_PROC_PROCESS_H

#include "kernel/cpu/percpu.h"
#include "kernel/proc/signal.h"
#include "kernel/sync/wait.h"
#include "lib/list.h"
#include "lib/types.h"

#define PROCESS_MAX 1024 // alive at once, zombies included
#define PROCESS_PID_MAX 32767
#define PROCESS_WAIT_SIZE 24

// Counts processor time, of the program alone or all that its process uses.
struct cpu_timer {
    uint64_t expires_ns, interval_ns; // 0: not at all, once
};

struct process {
    struct thread thread; // pid, name, and what it waits for
    virt_t rsp; // while it does not run: see switch.asm
    void *stack; // its lowest address; NULL for process 1, which has the boot stack
    int (*entry)(void *argument);
    void *argument;

    // The family. A process whose parent has ended has none.
    struct process *parent;
    struct list_node children; // those that have ended first
    struct list_node sibling; // in the parent's children
    struct wait_queue child_ended;
    bool ended; // a zombie: it has left its stack, and waits to be asked for its status
    int status;

    // The scheduler's.
    uint64_t cpu_tsc; // time spent running
    uint64_t credit; // in TSC counts: what it may still run before all others have had their turn
    uint64_t epoch; // when it was last given some
    unsigned level; // of the queue it was taken from

    // What it has of the file system; a child gets copies. NULL: nothing yet.
    struct descriptors *descriptors;
    struct inode *directory; // held: where relative paths start; NULL: the root
    uint32_t umask; // rights that what it makes does not get

    int group, session; // see group.h
    struct signals signals; // see signal.h
    uint64_t start_ns; // clock_now_ns when it was made

    // User processes only.
    struct address_space *address_space; // NULL: it runs in the kernel alone
    struct fpu_state *fpu;
    uint64_t fs_base, gs_base; // of its threads' data (arch_prctl)
    char *command_line; // its arguments, each with its NUL, for /proc
    size_t command_line_size;
    char *executable; // absolute path, for /proc/self/exe
    uint64_t clear_child_tid; // set_tid_address
    struct clock_timer alarm; // setitimer
    uint64_t alarm_interval_ns;
    uint64_t user_tsc, system_tsc; // parts of cpu_tsc: the program's, the kernel's for it (sched.c)
    uint64_t children_user_tsc, children_system_tsc; // of those waited for, and of theirs
    struct cpu_timer cpu_timers[2]; // setitimer: ITIMER_VIRTUAL, ITIMER_PROF
};

enum process_state {
    PROCESS_RUNNING, PROCESS_READY, PROCESS_SLEEPING, PROCESS_ZOMBIE, PROCESS_STOPPED
};

// What `ps` shows.
struct process_info {
    int pid, parent; // parent 0: none
    enum process_state state;
    char name[THREAD_NAME_SIZE];
    char waits_for[PROCESS_WAIT_SIZE]; // what, or where, if it sleeps; else ""
    uint64_t cpu_ns; // processor time
};

// The registers of its program, as they were when it last entered the kernel: always at the top of
// its stack.
struct trap_frame *process_frame(struct process *process);

// The process that runs. After process_init; any context.
static inline struct process *process_current(void)
{
    return LIST_ENTRY(this_cpu()->thread, struct process, thread);
}

// Makes what runs now process 1, "kernel", and starts the idle process, which runs when nobody else
// wants to. From here on waiting lets others run. Called once by kmain, after kmalloc_init and
// tsc_finish.
void process_init(void);

// Creates a process that runs entry(argument) and ends with the status that this returns; the name
// is cut to what fits. It is a child of the caller and gets half of its credit (see sched.h).
// It has the same files open, the same directory, umask, group and session, and ignores the same
// signals. The status is one of lib/abi/wait.h.
// Returns the pid: above the last one given, or after PROCESS_PID_MAX a low one again, and of no
// process that is alive. -EAGAIN when PROCESS_MAX are alive, -ENOMEM. Does not sleep; not from an
// interrupt handler.
int process_create(const char *name, int (*entry)(void *argument), void *argument);

// The first half of it, for who has more to give to the child: the process does not run before
// sched_start. -EAGAIN, -ENOMEM; -EINTR, as of process_create, when a signal is due to the caller.
int process_make(const char *name, int (*entry)(void *argument), void *argument,
                 struct process **made);

// Ends the caller. Its parent gets the status by process_wait; its children have no parent from
// now on, and whoever has none is forgotten when it ends. Panics when the caller holds a mutex or
// is process 1, the first of all. Not from an interrupt handler, not with a spinlock held.
_Noreturn void process_exit(int status);

// Waits until a child (pid, or -1: any) has ended, and forgets it. Returns its pid and sets *status
// (which may be NULL) to how it ended. -ECHILD when there is no such child. Sleeps.
int process_wait(int pid, int *status);

// Makes a child nobody's child: it is forgotten when it ends. 0, or -ECHILD when there is no such
// child. Does not sleep.
int process_disown(int pid);

// Waits for a child as wait4 does: pid > 0 that one, 0 one of the caller's group, -1 any, else one
// of group -pid. Returns its pid and sets *status (not NULL) to how it ended; 0 with WNOHANG when
// none has; -ECHILD, -EINTR. Sleeps.
// With WUNTRACED and WCONTINUED also tells of children that were stopped, continued.
int process_wait_options(int pid, unsigned options, int *status);

// The process with a pid, zombies included; NULL: none. It stays while interrupts are off.
struct process *process_find(int pid);

// All processes but idle, in no order: the one after `process` (NULL: the first), NULL behind the
// last. Interrupts off.
struct process *process_after(const struct process *process);

// The pid given last. Any context.
int process_last_pid(void);

// Tells about the process with the lowest pid above `pid`: returns its pid, or 0 when there is
// none. So a loop from 0 finds all, idle apart. Any context.
int process_next(int pid, struct process_info *info);

// Makes a process the one that runs: all that depends on it but the stack. Called by sched.c,
// interrupts off.
void process_activate(struct process *process);

// The first C function of a new process, on its stack. Called by switch.asm alone.
_Noreturn void process_begin(void);

// Frees the stack of a process that ended and has just been left, and what else nobody wants to
// know any more. Called by sched.c from the next one's stack, interrupts off.
void process_bury(struct process *process);

#endif
