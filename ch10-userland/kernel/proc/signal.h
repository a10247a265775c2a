// Signals: how a process is told, from outside, to end or to look up.
// A signal is delivered on the way back to the program: there its action is taken. A sleep that
// waits for what may never come ends at once (-EINTR).
#ifndef RUNG_KERNEL_PROC_SIGNAL_H
#define RUNG_KERNEL_PROC_SIGNAL_H

#include "lib/abi/signal.h"

struct process;
struct trap_frame;

// Who sent a signal and why: what a handler with SA_SIGINFO is told.
struct signal_information {
    int code; // SI_USER..., SEGV_MAPERR..., CLD_EXITED...
    int pid; // the sender's, the child's
    uint64_t value; // sigqueue's; the child's status as siginfo has it: exit code or signal
    uint64_t address; // of a fault
};

// Of a process that catches signals, each by its number less 1.
struct signal_handlers {
    struct signal_action actions[SIGNAL_COUNT];
    struct signal_information information[SIGNAL_REAL_TIME - 1]; // of those that are pending
};

// A process's part. Read and changed with interrupts off.
struct signals {
    signal_set_t pending, ignored;
    signal_set_t blocked, caught; // caught: those with a handler
    signal_set_t saved; // blocked before signal_suspend: comes back when a signal was delivered
    bool restore_saved;
    bool restarting; // the call that runs was begun before: see signal_deadline
    uint64_t deadline_ns; // of that call
    struct signal_handlers *handlers; // NULL: none so far
    struct queued_signal *queue; // real-time signals, see signal_queue.c
    unsigned queued; // of these
    bool stopped; // by SIGSTOP and its like, until SIGCONT
    int stop_report; // wait status that the parent has not seen yet, 0: none
    uint64_t stack, stack_size; // sigaltstack; size 0: none
};

// Sends a signal as kill does: to a process (pid > 0), the caller's group (0), all but process 1,
// the caller and the kernel's own (-1), or the group -pid. Signal 0 only looks. 0; -ESRCH when
// there is nobody; -EINVAL for no signal. The kernel's own processes (their group is 0) get none.
// Any context.
int signal_send(int pid, int signal);

// The same to all of a group. Any context.
int signal_send_group(int group, int signal);

// Sends to one process, which stays: interrupts are off.
void signal_send_process(struct process *process, int signal);

// The lowest signal that is pending for the caller, and not ignored (from ch10: nor blocked); 0:
// none. Any context.
int signal_due(void);

// signal_send_process with what a handler is told about it. -EAGAIN when too many real-time signals
// wait to be delivered, unless it is kill's (SI_USER).
int signal_send_information(struct process *process, int signal,
                            const struct signal_information *information);

// Has the caller's program's signals delivered on its way back from a trap or call. Called once by
// kmain.
void signal_init(void);

// The same right now: before the caller's program goes on with a frame, which may be changed.
// Interrupts are off, and on in between. Called by syscall_dispatch when thread.interrupted is set.
void signal_deliver(struct trap_frame *frame);

// Gives the caller a signal for what its program has just done (an exception, a page that can't be
// had): it can neither be ignored nor blocked; then the program ends. Any context.
void signal_force(int signal, int code, uint64_t address);

// Tells (old), then sets what is to be done about a signal (action); NULL: neither.
// -EINVAL for SIGKILL, SIGSTOP and what is no signal, -ENOMEM.
int signal_set_action(int signal, const struct signal_action *action, struct signal_action *old);

// Sets the caller's blocked signals; SIGKILL and SIGSTOP can't be.
void signal_set_blocked(signal_set_t blocked);

// Waits with other signals blocked until one is delivered, always -EINTR. They are blocked until
// then: what was blocked before comes back with the delivery, also if the wait is another one than
// this function's (ppoll): signal_block_for_call is its first half.
int signal_suspend(signal_set_t blocked);
void signal_block_for_call(signal_set_t blocked);
void signal_restore_blocked(void); // its other half, when the wait has not ended by -EINTR

// Takes the lowest pending signal of a set, blocked or not: waits for one until the deadline (in
// clock_now_ns). Returns its number, -EAGAIN when the time is over, -EINTR.
int signal_take(signal_set_t set, uint64_t deadline_ns, struct signal_information *information);

// The deadline of a call that sleeps until then or a signal. When the call was interrupted for no
// handler's sake (stopped and continued) and begins anew, it is the one that it was before.
uint64_t signal_deadline(uint64_t deadline_ns);

// A child gets its parent's actions and blocked signals: -ENOMEM. Called by fork.
int signal_copy(struct process *child);

// Tells a process's parent, by SIGCHLD, that it ends. False when the parent does not want to ask
// for the status. Called by process_exit, interrupts off.
bool signal_tell_parent(struct process *process, int status);

// Between signal.c and signal_queue.c: makes a signal pending (-EAGAIN as above); takes one, which
// then is no more, or has come again; forgets all of a set. Interrupts off.
int signal_keep(struct signals *signals, int signal, const struct signal_information *information);
struct signal_information signal_accept(struct signals *signals, int signal);
void signal_forget(struct signals *signals, signal_set_t set);

// Frees what a process has to handle its signals; what is pending, of one that ends.
void signal_release(struct process *process);
void signal_close_queue(struct process *process);

// A new program catches nothing. Called by exec.
void signal_exec(void);

#endif
