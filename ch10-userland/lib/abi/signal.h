// Signals: the numbers of Linux on x86-64.
#ifndef RUNG_LIB_ABI_SIGNAL_H
#define RUNG_LIB_ABI_SIGNAL_H

#include "lib/types.h"

#define SIGHUP 1
#define SIGINT 2
#define SIGQUIT 3
#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGUSR1 10
#define SIGSEGV 11
#define SIGUSR2 12
#define SIGPIPE 13
#define SIGALRM 14
#define SIGTERM 15
#define SIGSTKFLT 16
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGXCPU 24
#define SIGXFSZ 25
#define SIGVTALRM 26
#define SIGPROF 27
#define SIGWINCH 28
#define SIGIO 29
#define SIGPWR 30
#define SIGSYS 31
#define SIGNAL_COUNT 64 // 1 to 64; above 31 the real-time signals
#define SIGNAL_REAL_TIME 32 // the first of these

// A set of signals: bit (signal - 1).
typedef uint64_t signal_set_t;
#define SIGNAL_BIT(signal) (1ul << ((signal)-1))

// What a handler can be besides a function.
#define SIGNAL_DEFAULT 0
#define SIGNAL_IGNORE 1

// The kernel's struct sigaction (rt_sigaction), and its flags.
struct signal_action {
    uint64_t handler; // address, SIGNAL_DEFAULT or SIGNAL_IGNORE
    uint64_t flags; // SA_
    uint64_t restorer; // where the handler returns to: it calls rt_sigreturn
    signal_set_t mask; // blocked while it runs
};

#define SA_NOCLDSTOP 1
#define SA_NOCLDWAIT 2
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SA_RESTORER 0x04000000
#define SA_RESTART 0x10000000
#define SA_NODEFER 0x40000000
#define SA_RESETHAND 0x80000000

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

#endif
