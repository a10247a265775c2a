// Real-time signals: they are queued.
#include "tests/user/check.h"

#include <sys/syscall.h>

#define REAL_TIME 40
#define QUEUED 32 // at least (_POSIX_SIGQUEUE_MAX)

// What sigqueue is made of.
static int queue(pid_t pid, int signal, int reason, long value)
{
    struct {
        int signal, error, code, padding, pid, uid;
        long value;
        char rest[96];
    } info = {signal, 0, reason, 0, getpid(), 0, value, {0}};
    return (int)syscall(SYS_rt_sigqueueinfo, pid, signal, &info);
}

static volatile sig_atomic_t count, code;
static volatile pid_t sender;
static int order[64];
static long values[64];

static void note(int signal, siginfo_t *info, void *context)
{
    (void)context;
    order[count] = signal;
    values[count++] = *(long *)((char *)info + 24);
    code = info->si_code;
    sender = info->si_pid;
}

TEST(queued, "real-time signals come as often as they were sent, each with its value, in order")
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t set;
    sigemptyset(&set);
    for (int signal = REAL_TIME; signal < REAL_TIME + 3; signal++) {
        sigaddset(&set, signal);
    }
    action.sa_mask = set;
    for (int signal = REAL_TIME; signal < REAL_TIME + 3; signal++) {
        CHECK(sigaction(signal, &action, NULL) == 0);
    }
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    for (long i = 0; i < QUEUED; i++) {
        CHECK(queue(getpid(), REAL_TIME + 2 - (int)(i % 3), -1, i << 40 | i) == 0); // SI_QUEUE
    }
    CHECK(count == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && count == QUEUED);
    long next[3] = {2, 1, 0};
    for (int i = 0; i < QUEUED; i++) {
        CHECK(i == 0 || order[i] >= order[i - 1]);
        long *expected = &next[order[i] - REAL_TIME];
        CHECK(values[i] == (*expected << 40 | *expected));
        *expected += 3;
    }
    CHECK(code == -1 && sender == getpid());
    count = 0;
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(kill(getpid(), REAL_TIME) == 0 && kill(getpid(), REAL_TIME) == 0);
    siginfo_t info;
    CHECK(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, 8) == REAL_TIME);
    CHECK(info.si_code == SI_USER && info.si_pid == getpid());
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && count == 1);
}

TEST(queue_ends, "who sends more than can be kept is told; what was kept is gone when ignored")
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, REAL_TIME);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    int sent = 0;
    while (sent < 100000 && queue(getpid(), REAL_TIME, -1, sent) == 0) {
        sent++;
    }
    CHECK(sent >= QUEUED && (sent == 100000 || errno == EAGAIN));
    CHECK(kill(getpid(), REAL_TIME) == 0); // which nobody would hear of
    signal(REAL_TIME, SIG_IGN);
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, REAL_TIME));
    signal(REAL_TIME, SIG_DFL);
    CHECK(queue(getpid(), REAL_TIME, -1, 7) == 0);
    int status = IN_CHILD(sigpending(&pending), _exit(sigismember(&pending, REAL_TIME)));
    CHECK(status == 0); // a child begins with none
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < QUEUED; i++) {
            CHECK(queue(getpid(), REAL_TIME, -1, i) == 0);
        }
        pause();
    }
    CHECK(kill(pid, SIGKILL) == 0 && WTERMSIG(check_wait(pid)) == SIGKILL);
    CHECK_ERROR(queue(getppid(), REAL_TIME, SI_USER, 0), EPERM);
    CHECK_ERROR(queue(getpid(), 65, -1, 0), EINVAL);
    CHECK_ERROR(queue(32000, REAL_TIME, -1, 0), ESRCH);
    CHECK(queue(getpid(), 0, -1, 0) == 0);
}

static const struct test tests[] = {ENTRY(queued), ENTRY(queue_ends), {NULL, NULL}};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
