#include "kernel/proc/signal.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/trap.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_frame.h"
#include "lib/abi/syscall.h"
#include "lib/abi/ucontext.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "lib/string.h"

// What is done about a signal if nothing was said: nothing, stop, or for all others end
// (signal(7)).
#define DEFAULT_NOTHING                                                                            \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH))
#define DEFAULT_STOP                                                                               \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define FAULTS                                                                                     \
    (SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) |         \
     SIGNAL_BIT(SIGFPE))
#define UNTOUCHABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

static int lowest(signal_set_t set)
{
    return set != 0 ? __builtin_ctzl(set) + 1 : 0;
}

// Whoever waits for a signal that is blocked, or is stopped, looks again when any one comes.
static struct wait_queue arrivals = {.name = "a signal"};

// What would be done about them: nothing.
static signal_set_t futile(const struct signals *signals)
{
    return signals->ignored | (DEFAULT_NOTHING & ~signals->caught);
}

static signal_set_t due(const struct signals *signals)
{
    return signals->pending & ~signals->blocked & ~futile(signals);
}

// Keeps the caller's mark true after a change. Interrupts off. Others only set it: a call that has
// ended because of it (-EINTR) still has signal_deliver put back what it blocked for its time.
static void update(struct process *self)
{
    self->thread.interrupted = due(&self->signals) != 0;
}

// SIGCHLD for a child that has stopped, goes on, or ends. Interrupts off.
static void tell_parent(const struct process *process, int code, int status)
{
    struct signal_information information = {
        .code = code, .pid = process->thread.pid, .value = (unsigned)status};
    signal_send_information(process->parent, SIGCHLD, &information);
}

static uint64_t parent_flags(const struct process *process)
{
    const struct signal_handlers *handlers = process->parent->signals.handlers;
    return handlers ? handlers->actions[SIGCHLD - 1].flags : 0;
}

// Has the parent know that a child has stopped or goes on. Interrupts off.
static void report(struct process *process, int status, int code, int signal)
{
    process->signals.stop_report = status;
    if (process->parent) {
        wait_wake_all(&process->parent->child_ended);
        if (!(parent_flags(process) & SA_NOCLDSTOP)) {
            tell_parent(process, code, signal);
        }
    }
}

bool signal_tell_parent(struct process *process, int status)
{
    bool exited = WIFEXITED(status);
    bool wanted = !(process->parent->signals.ignored & SIGNAL_BIT(SIGCHLD)) &&
                  !(parent_flags(process) & SA_NOCLDWAIT);
    tell_parent(process, exited ? CLD_EXITED : CLD_KILLED,
                exited ? WEXITSTATUS(status) : WTERMSIG(status));
    return wanted;
}

// What a signal does when it comes, even to one that blocks or ignores it.
static void stop_or_continue(struct process *process, int signal)
{
    struct signals *signals = &process->signals;
    if (SIGNAL_BIT(signal) & DEFAULT_STOP) {
        signals->pending &= ~SIGNAL_BIT(SIGCONT);
    }
    if (signal == SIGCONT) {
        signals->pending &= ~DEFAULT_STOP;
    }
    if (signals->stopped && signal == SIGCONT) {
        report(process, WAIT_CONTINUED, CLD_CONTINUED, SIGCONT);
    }
    signals->stopped = signals->stopped && signal != SIGCONT && signal != SIGKILL;
}

int signal_send_information(struct process *process, int signal,
                            const struct signal_information *information)
{
    struct signals *signals = &process->signals;
    signal_set_t bit = SIGNAL_BIT(signal);
    bool to_init = process->thread.pid == 1; // it is told only what it wants to know
    int error = 0;
    bool interrupts = cpu_save_interrupts();
    if (process->group != 0 && !process->ended && !(to_init && !(signals->caught & bit))) {
        stop_or_continue(process, signal);
        if (!(bit & futile(signals) & ~signals->blocked)) {
            error = signal_keep(signals, signal, information);
        }
        if (due(signals) != 0) {
            wait_interrupt(&process->thread);
        }
        wait_wake_all(&arrivals);
    }
    cpu_restore_interrupts(interrupts);
    return error;
}

void signal_send_process(struct process *process, int signal)
{
    bool by_kernel = irq_in_handler(); // a key, a timer
    struct signal_information information = {
        .code = by_kernel ? SI_KERNEL : SI_USER,
        .pid = by_kernel ? 0 : process_current()->thread.pid,
    };
    signal_send_information(process, signal, &information);
}

int signal_due(void)
{
    return lowest(due(&process_current()->signals));
}

int signal_send_group(int group, int signal)
{
    if (signal < 0 || signal > SIGNAL_COUNT) {
        return -EINVAL;
    }
    int result = -ESRCH;
    bool interrupts = cpu_save_interrupts();
    for (struct process *process = NULL; group > 0 && (process = process_after(process));) {
        if (process->group == group) {
            result = 0;
            if (signal != 0) {
                signal_send_process(process, signal);
            }
        }
    }
    cpu_restore_interrupts(interrupts);
    return result;
}

// To all that kill(-1) means: not to the caller.
static int send_all(int signal)
{
    int result = -ESRCH;
    for (struct process *process = NULL; (process = process_after(process));) {
        if (process != process_current() && process->group != 0 && process->thread.pid != 1) {
            result = 0;
            if (signal != 0) {
                signal_send_process(process, signal);
            }
        }
    }
    return result;
}

int signal_send(int pid, int signal)
{
    if (signal < 0 || signal > SIGNAL_COUNT) {
        return -EINVAL;
    }
    if (pid < -PROCESS_PID_MAX) {
        return -ESRCH;
    }
    if (pid == 0 || pid < -1) {
        return signal_send_group(pid == 0 ? process_current()->group : -pid, signal);
    }
    bool interrupts = cpu_save_interrupts();
    struct process *process = process_find(pid);
    int result = pid == -1 ? send_all(signal) : process ? 0 : -ESRCH;
    if (process && signal != 0) {
        signal_send_process(process, signal);
    }
    cpu_restore_interrupts(interrupts);
    return result;
}

void signal_force(int signal, int code, uint64_t address)
{
    struct process *self = process_current();
    struct signals *signals = &self->signals;
    signal_set_t bit = SIGNAL_BIT(signal);
    bool interrupts = cpu_save_interrupts();
    if (!(signals->caught & bit) || signals->blocked & bit) { // it would only happen again
        signals->caught &= ~bit;
        signals->ignored &= ~bit;
        signals->blocked &= ~bit;
    }
    signals->pending |= bit;
    if (signals->handlers) {
        signals->handlers->information[signal - 1] =
            (struct signal_information){.code = code, .address = address};
    }
    update(self);
    cpu_restore_interrupts(interrupts);
}

int signal_set_action(int signal, const struct signal_action *action, struct signal_action *old)
{
    struct process *self = process_current();
    struct signals *signals = &self->signals;
    bool exists = signal >= 1 && signal <= SIGNAL_COUNT;
    signal_set_t bit = exists ? SIGNAL_BIT(signal) : 0;
    if (!exists || (action && bit & UNTOUCHABLE)) {
        return -EINVAL;
    }
    if (!signals->handlers && action) {
        signals->handlers = kcalloc(1, sizeof(*signals->handlers));
        if (!signals->handlers) {
            return -ENOMEM;
        }
    }
    if (old) {
        *old =
            signals->handlers ? signals->handlers->actions[signal - 1] : (struct signal_action){0};
        if (!(signals->caught & bit)) {
            old->handler = signals->ignored & bit ? SIGNAL_IGNORE : SIGNAL_DEFAULT;
        }
    }
    if (action) {
        bool interrupts = cpu_save_interrupts();
        signals->handlers->actions[signal - 1] = *action;
        signals->caught &= ~bit;
        signals->ignored &= ~bit;
        if (action->handler == SIGNAL_IGNORE) {
            signals->ignored |= bit;
        } else if (action->handler != SIGNAL_DEFAULT) {
            signals->caught |= bit;
        }
        signal_forget(signals, bit & futile(signals)); // POSIX, sigaction: also those blocked
        update(self);
        cpu_restore_interrupts(interrupts);
    }
    return 0;
}

void signal_set_blocked(signal_set_t blocked)
{
    struct process *self = process_current();
    bool interrupts = cpu_save_interrupts();
    self->signals.blocked = blocked & ~UNTOUCHABLE;
    update(self);
    cpu_restore_interrupts(interrupts);
}

void signal_block_for_call(signal_set_t blocked)
{
    struct signals *signals = &process_current()->signals;
    signals->saved = signals->blocked;
    signals->restore_saved = true;
    signal_set_blocked(blocked);
}

void signal_restore_blocked(void)
{
    struct signals *signals = &process_current()->signals;
    signals->restore_saved = false;
    signal_set_blocked(signals->saved);
}

int signal_suspend(signal_set_t blocked)
{
    signal_block_for_call(blocked);
    return wait_until_interrupted(&arrivals, false);
}

int signal_take(signal_set_t set, uint64_t deadline_ns, struct signal_information *information)
{
    struct process *self = process_current();
    struct signals *signals = &self->signals;
    set &= ~UNTOUCHABLE; // or nothing would end it
    bool interrupts = cpu_save_interrupts();
    int result = wait_until_interrupted_or(&arrivals, signals->pending & set, deadline_ns);
    if (result == 0) {
        result = lowest(signals->pending & set);
        *information = signal_accept(signals, result);
        update(self);
    }
    cpu_restore_interrupts(interrupts);
    return result == -ETIMEDOUT ? -EAGAIN : result;
}

uint64_t signal_deadline(uint64_t deadline_ns)
{
    struct signals *signals = &process_current()->signals;
    if (!signals->restarting) {
        signals->deadline_ns = deadline_ns;
    }
    signals->restarting = false;
    return signals->deadline_ns;
}

int signal_copy(struct process *child)
{
    const struct signals *from = &process_current()->signals;
    struct signals *to = &child->signals;
    if (from->handlers) {
        to->handlers = kmalloc(sizeof(*to->handlers));
        if (!to->handlers) {
            return -ENOMEM;
        }
        *to->handlers = *from->handlers;
    }
    to->ignored = from->ignored;
    to->caught = from->caught;
    to->blocked = from->blocked;
    to->stack = from->stack;
    to->stack_size = from->stack_size;
    return 0;
}

void signal_release(struct process *process)
{
    struct signal_handlers *handlers = process->signals.handlers;
    process->signals.caught = 0;
    process->signals.handlers = NULL;
    kfree(handlers);
}

void signal_exec(void)
{
    struct process *self = process_current();
    signal_release(self);
    self->signals.stack_size = 0;
    signal_set_blocked(self->signals.blocked); // what is due depends on who catches it
}

// ---- Delivery ----

// Calls that have a time limit, which goes on when they are begun anew (signal_deadline).
static bool keeps_deadline(uint64_t number)
{
    switch (number) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_futex:
        return true;
    default:
        return false;
    }
}

// Calls that wait for a handler to run, or are documented to end then whatever SA_RESTART says
// (signal(7)).
static bool ends_by_handler(uint64_t number)
{
    return number == SYS_pause || number == SYS_rt_sigsuspend || number == SYS_rt_sigtimedwait ||
           (number != SYS_futex && keeps_deadline(number));
}

// Calls that end without having been begun, so that no child misses a signal to its group.
static bool always_restarts(uint64_t number)
{
    return number == SYS_fork || number == SYS_vfork || number == SYS_clone;
}

// Has the program make its call once more: it goes back to the SYSCALL instruction, two bytes.
static void rewind(struct trap_frame *frame)
{
    frame->rip -= 2;
    frame->rax = frame->error_code;
}

// Takes the lowest signal that is due, and what is to be done about it. A process that it stops is
// marked so before the signal that continues it can come. 0: none is due.
static int take(struct process *self, struct signal_action *action,
                struct signal_information *information)
{
    struct signals *signals = &self->signals;
    bool interrupts = cpu_save_interrupts();
    signal_set_t faults = due(signals) & FAULTS; // first: their handlers want to see where it was
    int signal = lowest(faults != 0 ? faults : due(signals));
    signal_set_t bit = signal != 0 ? SIGNAL_BIT(signal) : 0;
    *action = (struct signal_action){.handler = SIGNAL_DEFAULT};
    if (signal != 0) {
        *information = signal_accept(signals, signal);
    }
    if (signals->caught & bit) {
        *action = signals->handlers->actions[signal - 1];
        if (action->flags & SA_RESETHAND) {
            signals->caught &= ~bit;
        }
    } else if (bit & DEFAULT_STOP && (signal == SIGSTOP || !group_orphaned(self->group))) {
        signals->stopped = true;
        report(self, WAIT_STOPPED(signal), CLD_STOPPED, signal);
    }
    update(self);
    cpu_restore_interrupts(interrupts);
    return signal;
}

static void act_by_default(struct process *self, int signal)
{
    if (!(SIGNAL_BIT(signal) & DEFAULT_STOP)) {
        process_exit(WAIT_SIGNALED(signal));
    }
    wait_until(&arrivals, !self->signals.stopped);
}

// Has the program go on in its handler, with what belongs to that blocked.
static void handle(struct process *self, struct trap_frame *frame, int signal,
                   const struct signal_action *action, const struct signal_information *information)
{
    struct signals *signals = &self->signals;
    signal_set_t before = signals->restore_saved ? signals->saved : signals->blocked;
    signal_set_t own = action->flags & SA_NODEFER ? 0 : SIGNAL_BIT(signal);
    if (signal_frame_push(frame, signal, action, information, before) != 0) {
        if (signal == SIGSEGV) {
            process_exit(WAIT_SIGNALED(SIGSEGV));
        }
        signal_force(SIGSEGV, SI_KERNEL, 0); // whose handler may have a stack of its own
        return;
    }
    signals->restore_saved = false;
    signals->restarting = false;
    signal_set_blocked(signals->blocked | action->mask | own);
}

void signal_deliver(struct trap_frame *frame)
{
    struct process *self = process_current();
    struct signals *signals = &self->signals;
    struct signal_action action;
    struct signal_information information;
    bool call = frame->vector == TRAP_SYSCALL && (int64_t)frame->rax == -EINTR;
    while (self->thread.interrupted) {
        cpu_enable_interrupts();
        int signal = take(self, &action, &information);
        if (signal != 0 && action.handler == SIGNAL_DEFAULT) {
            act_by_default(self, signal);
        } else if (signal != 0) {
            uint64_t number = frame->error_code;
            bool may = action.flags & SA_RESTART && !ends_by_handler(number);
            if (call && (may || always_restarts(number))) {
                rewind(frame);
            }
            call = false; // the first handler decides; its frame is another one
            handle(self, frame, signal, &action, &information);
        }
        cpu_disable_interrupts();
        if (!self->thread.interrupted && signals->restore_saved) { // nothing was delivered
            signal_restore_blocked();
        }
    }
    if (call) {
        rewind(frame);
        signals->restarting = keeps_deadline(frame->rax);
    }
}

static void on_exception(struct trap_frame *frame, int signal, int code, virt_t address)
{
    (void)frame;
    signal_force(signal, code, address);
}

static void on_user_return(struct trap_frame *frame)
{
    if (this_cpu()->thread->interrupted) {
        signal_deliver(frame);
    }
}

void signal_init(void)
{
    trap_on_user_exception(on_exception);
    trap_on_user_return(on_user_return);
}
