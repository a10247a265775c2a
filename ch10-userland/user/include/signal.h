// <signal.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SIGNAL_H
#define RUNG_USER_INCLUDE_SIGNAL_H

#include "lib/abi/signal.h"
#include "lib/abi/ucontext.h"

#include <sys/types.h>

typedef void (*sighandler_t)(int signal);
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)
#define NSIG (SIGNAL_COUNT + 1)

int kill(pid_t pid, int signal);
sighandler_t signal(int signal, sighandler_t handler);

typedef int sig_atomic_t;
typedef signal_set_t sigset_t;
typedef struct signal_info siginfo_t;
typedef struct ucontext ucontext_t;
typedef struct signal_stack stack_t;
#define ss_sp start
#define ss_flags flags
#define ss_size size
#define si_signo signal
#define si_code code
#define si_errno error
#define si_pid pid
#define si_uid uid
#define si_status status
#define si_addr address

struct sigaction {
    union {
        void (*sa_handler)(int signal);
        void (*sa_sigaction)(int signal, siginfo_t *info, void *context);
    };
    sigset_t sa_mask;
    int sa_flags;
};

int sigaction(int signal, const struct sigaction *action, struct sigaction *old);
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
int sigpending(sigset_t *set);
int sigsuspend(const sigset_t *blocked);
int sigaltstack(const stack_t *stack, stack_t *old);
int killpg(pid_t group, int signal);
int raise(int signal);
int sigemptyset(sigset_t *set);
int sigfillset(sigset_t *set);
int sigaddset(sigset_t *set, int signal);
int sigdelset(sigset_t *set, int signal);
int sigismember(const sigset_t *set, int signal);
int sigwait(const sigset_t *set, int *signal);
void psignal(int signal, const char *text);

#endif
