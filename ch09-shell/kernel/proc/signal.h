// Signals: how a process is told, from outside, to end or to look up.
// A command is a function of the kernel, so a signal cannot stop it anywhere: it ends at its next
// call (user/libc/call.c), and a sleep that waits for what may never come ends at once (-EINTR).
#ifndef RUNG_KERNEL_PROC_SIGNAL_H
#define RUNG_KERNEL_PROC_SIGNAL_H

#include "lib/abi/signal.h"

struct process;

// A process's part. Read and changed with interrupts off.
struct signals {
    signal_set_t pending, ignored;
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

// Has a signal ignored, or not any more: what is pending of it is gone. -EINVAL for SIGKILL,
// SIGSTOP and what is no signal. Returns 1 if it was ignored before, else 0.
int signal_ignore(int signal, bool ignored);

#endif
