#include "kernel/proc/signal.h"

#include "kernel/cpu/cpu.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"

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

void signal_send_process(struct process *process, int signal)
{
    struct signals *signals = &process->signals;
    signal_set_t bit = SIGNAL_BIT(signal);
    if (process->group != 0 && !(bit & (signals->ignored | DEFAULT_NOTHING | DEFAULT_STOP))) {
        signals->pending |= bit;
        wait_interrupt(&process->thread);
    }
}

int signal_due(void)
{
    return lowest(process_current()->signals.pending);
}

int signal_ignore(int signal, bool ignored)
{
    struct process *self = process_current();
    if (signal < 1 || signal > SIGNAL_COUNT || SIGNAL_BIT(signal) & UNTOUCHABLE) {
        return -EINVAL;
    }
    bool interrupts = cpu_save_interrupts();
    signal_set_t bit = SIGNAL_BIT(signal), before = self->signals.ignored;
    self->signals.ignored = ignored ? before | bit : before & ~bit;
    self->signals.pending &= ~bit;
    self->thread.interrupted = self->signals.pending != 0;
    cpu_restore_interrupts(interrupts);
    return (before & bit) != 0;
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
