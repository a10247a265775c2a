// Handlers, masks, alarms, faults that are caught, and long jumps out of handlers.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile sig_atomic_t count;

static void on_fault(int signal, siginfo_t *information, void *context)
{
    (void)context;
    count = signal * 1000 + (information->si_addr == (void *)16);
    siglongjmp(back, 1);
}

static void on_signal(int signal)
{
    count += signal;
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGFPE, &action, NULL);
    if (sigsetjmp(back, 1) == 0) {
        *(volatile int *)16 = 1;
    }
    printf("fault: %d\n", (int)count);
    volatile int zero = 0;
    if (sigsetjmp(back, 1) == 0) {
        zero = 1 / zero;
    }
    printf("division: %d\n", (int)count / 1000);

    action = (struct sigaction){.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    count = 0;
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    printf("blocked: %d\n", (int)count);
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("unblocked: %d\n", (int)count);
    double kept = 1.5;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, &old); // it must not come before the wait
    alarm(1);
    sigsuspend(&old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("alarm: %d %g\n", (int)count, kept * 2);

    pid_t pid = fork();
    if (pid == 0) {
        raise(SIGTERM);
        _exit(1);
    }
    int status;
    waitpid(pid, &status, 0);
    printf("killed: %d %s\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0, strsignal(SIGTERM));
    pid = fork();
    if (pid == 0) {
        raise(SIGSTOP);
        _exit(5);
    }
    waitpid(pid, &status, WUNTRACED);
    printf("stopped: %d\n", WIFSTOPPED(status));
    kill(pid, SIGCONT);
    waitpid(pid, &status, 0);
    printf("ended: %d\n", WEXITSTATUS(status));
    fflush(stdout);
    struct itimerval timer = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000};
    count = 0;
    setitimer(ITIMER_REAL, &timer, NULL);
    while (count < 5 * SIGALRM) {
        pause();
    }
    puts("timer");
    return 0;
}
