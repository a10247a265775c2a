// Signals: actions, sets, masks.
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void signal_restorer(void); // restorer.asm

int sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    struct signal_action to, from;
    if (action != NULL) {
        to = (struct signal_action){
            .handler = (uint64_t)action->sa_handler,
            .flags = (unsigned)action->sa_flags | SA_RESTORER,
            .restorer = (uint64_t)signal_restorer,
            .mask = action->sa_mask,
        };
    }
    if (syscall(SYS_rt_sigaction, (long)signal, action != NULL ? &to : NULL,
                old != NULL ? &from : NULL, sizeof(sigset_t)) < 0) {
        return -1;
    }
    if (old != NULL) {
        old->sa_handler = (sighandler_t)from.handler;
        old->sa_mask = from.mask;
        old->sa_flags = (int)(from.flags & ~(uint64_t)SA_RESTORER);
    }
    return 0;
}

sighandler_t signal(int signal, sighandler_t handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    return sigaction(signal, &action, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
    return (int)syscall(SYS_rt_sigprocmask, (long)how, set, old, sizeof(sigset_t));
}

int sigpending(sigset_t *set)
{
    return (int)syscall(SYS_rt_sigpending, set, sizeof(*set));
}

int sigaltstack(const stack_t *stack, stack_t *old)
{
    return (int)syscall(SYS_sigaltstack, stack, old);
}

int sigwait(const sigset_t *set, int *signal)
{
    long number;
    while ((number = syscall(SYS_rt_sigtimedwait, set, NULL, NULL, sizeof(*set))) < 0) {
        if (errno != EINTR) {
            return errno;
        }
    }
    *signal = (int)number;
    return 0;
}

void psignal(int signal, const char *text)
{
    bool named = text != NULL && *text != '\0';
    dprintf(STDERR_FILENO, "%s%s%s\n", named ? text : "", named ? ": " : "", strsignal(signal));
}

int sigsuspend(const sigset_t *blocked)
{
    return (int)syscall(SYS_rt_sigsuspend, blocked, sizeof(*blocked));
}

int killpg(pid_t group, int signal)
{
    return kill(-group, signal);
}

int raise(int signal)
{
    return kill(getpid(), signal);
}

void abort(void)
{
    sigset_t set = SIGNAL_BIT(SIGABRT);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(SIGABRT);
    signal(SIGABRT, SIG_DFL); // there was a handler, and it returned
    raise(SIGABRT);
    __builtin_trap();
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~0ul;
    return 0;
}

static bool is_signal(int signal)
{
    bool is = signal >= 1 && signal <= SIGNAL_COUNT;
    if (!is) {
        errno = EINVAL;
    }
    return is;
}

int sigaddset(sigset_t *set, int signal)
{
    if (!is_signal(signal)) {
        return -1;
    }
    *set |= SIGNAL_BIT(signal);
    return 0;
}

int sigdelset(sigset_t *set, int signal)
{
    if (!is_signal(signal)) {
        return -1;
    }
    *set &= ~SIGNAL_BIT(signal);
    return 0;
}

int sigismember(const sigset_t *set, int signal)
{
    return is_signal(signal) ? (*set & SIGNAL_BIT(signal)) != 0 : -1;
}

int signal_mask_keep(sigjmp_buf place, int mask)
{
    place->has_mask = mask != 0;
    return mask != 0 ? sigprocmask(SIG_SETMASK, NULL, &place->mask) : 0;
}

void siglongjmp(sigjmp_buf place, int value)
{
    if (place->has_mask) {
        sigprocmask(SIG_SETMASK, &place->mask, NULL);
    }
    longjmp(place->place, value);
}
