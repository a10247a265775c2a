// fork: a second process that is where the first one is.
#ifndef RUNG_KERNEL_PROC_FORK_H
#define RUNG_KERNEL_PROC_FORK_H

#include "lib/types.h"

// In what a child differs from its parent: addresses; 0: in nothing.
struct fork_options {
    uint64_t stack; // RSP
    uint64_t fs_base; // of its thread's data
    uint64_t set_tid; // where it writes its pid (an int)
    bool share; // vfork: it has the caller's memory until it ends or execs; the caller waits
};

// Makes a child that goes on where the caller entered the kernel, with 0 as the call's result.
// Returns its pid; -EAGAIN (PROCESS_MAX), -ENOMEM; -EINTR when a signal is to be delivered first.
// Does not sleep for long, unless they share.
int fork_process(const struct fork_options *options);

#endif
