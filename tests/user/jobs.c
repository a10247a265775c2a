// Job control: processes that stop and go on, what their parents are told, and what becomes of those
// that nobody could continue. And signals that are waited for.
#include "tests/user/check.h"

#include <poll.h>
#include <sys/syscall.h>
#include <time.h>

#define MILLISECOND 1000000l
#define SET_SIZE 8 // of a set of signals to the kernel

static volatile sig_atomic_t count, code, status_told;

static void handler(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    count++;
    code = info->si_code;
    status_told = info->si_status;
}

static void catch (int signal, int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static void block(int how, int signal)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    CHECK(sigprocmask(how, &set, NULL) == 0);
}

static bool is_pending(int signal)
{
    sigset_t set;
    return sigpending(&set) == 0 && sigismember(&set, signal) == 1;
}

static long long now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000ll + time.tv_nsec / MILLISECOND;
}

static void sleep_ms(long span)
{
    struct timespec time = {.tv_nsec = span * MILLISECOND};
    while (nanosleep(&time, &time) != 0) {
    }
}

// Stops a child for a while and lets it go on.
static void stop_and_continue(pid_t child, long span)
{
    int status = 0;
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    sleep_ms(span);
    CHECK(kill(child, SIGCONT) == 0 && waitpid(child, &status, WCONTINUED) == child);
    CHECK(WIFCONTINUED(status));
}

TEST(sleep_goes_on, "who was stopped in its sleep sleeps on, until the time that it wanted")
{
    catch (SIGUSR1, 0); // here, so that the child need not wait for the disk first
    CHECK(now_ms() > 0);
    pid_t child = fork();
    if (child == 0) {
        struct timespec time = {.tv_sec = 1000}, left = {0};
        long long start = now_ms();
        bool ended = nanosleep(&time, &left) == -1 && errno == EINTR;
        long long passed = now_ms() - start;
        long long rest = left.tv_sec * 1000ll + left.tv_nsec / MILLISECOND;
        // The time in which it was stopped counts, and the end is where it was.
        _exit(ended && rest <= 1000000 - 200 && passed + rest >= 1000000 - 2 ? 0 : 1);
    }
    check_sleeps(child);
    stop_and_continue(child, 200);
    check_sleeps(child);
    CHECK(kill(child, SIGUSR1) == 0);
    CHECK(check_wait(child) == 0);
}

TEST(poll_goes_on, "and so with poll")
{
    pid_t child = fork();
    if (child == 0) {
        long long start = now_ms();
        int result = poll(NULL, 0, 1000);
        _exit(result == 0 && now_ms() - start >= 1000 ? 0 : 1);
    }
    check_sleeps(child);
    stop_and_continue(child, 50);
    CHECK(check_wait(child) == 0);
}

TEST(next_sleep, "a sleep after one that was continued has its own time")
{
    pid_t child = fork();
    if (child == 0) {
        struct timespec time = {.tv_nsec = 500 * MILLISECOND};
        nanosleep(&time, NULL);
        long long start = now_ms();
        nanosleep(&time, NULL);
        _exit(now_ms() - start >= 500 ? 0 : 1);
    }
    check_sleeps(child);
    stop_and_continue(child, 20);
    CHECK(check_wait(child) == 0);
}

TEST(read_goes_on, "who was stopped while it read reads on")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(read(ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 1);
    }
    check_sleeps(child);
    stop_and_continue(child, 10);
    CHECK(write(ends[1], "x", 1) == 1);
    CHECK(check_wait(child) == 0);
}

TEST(stopped_does_nothing,
     "a stopped process does nothing, and handles its signals when it goes on")
{
    int ends[2], status = 0;
    char byte;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        catch (SIGUSR1, 0);
        write(ends[1], "r", 1);
        while (count == 0) {
            usleep(1000);
        }
        write(ends[1], "h", 1);
        _exit(0);
    }
    CHECK(read(ends[0], &byte, 1) == 1);
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    CHECK(kill(child, SIGUSR1) == 0);
    struct pollfd file = {.fd = ends[0], .events = POLLIN};
    CHECK(poll(&file, 1, 100) == 0);
    CHECK(kill(child, SIGCONT) == 0);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'h');
    CHECK(check_wait(child) == 0);
}

TEST(kill_stopped, "SIGKILL ends a stopped process at once, other signals wait")
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    CHECK(kill(child, SIGSTOP) == 0 && waitpid(child, &status, WUNTRACED) == child);
    CHECK(kill(child, SIGTERM) == 0);
    sleep_ms(30);
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    CHECK(kill(child, SIGKILL) == 0);
    status = check_wait(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(take_back, "SIGCONT takes pending stop signals back, and they take SIGCONT back")
{
    catch (SIGCONT, 0);
    block(SIG_BLOCK, SIGTSTP);
    block(SIG_BLOCK, SIGCONT);
    CHECK(raise(SIGTSTP) == 0 && is_pending(SIGTSTP));
    CHECK(raise(SIGCONT) == 0 && is_pending(SIGCONT) && !is_pending(SIGTSTP));
    CHECK(raise(SIGTSTP) == 0 && is_pending(SIGTSTP) && !is_pending(SIGCONT));
    CHECK(raise(SIGCONT) == 0);
    block(SIG_UNBLOCK, SIGCONT);
    CHECK(count == 1);
}

TEST(caught_stop, "a stop signal with a handler does not stop")
{
    catch (SIGTSTP, 0);
    CHECK(raise(SIGTSTP) == 0 && count == 1);
}

TEST(parent_is_told, "SIGCHLD tells of children that stop and go on, unless SA_NOCLDSTOP says no")
{
    catch (SIGCHLD, 0);
    pid_t child = fork();
    if (child == 0) {
        while (true) {
            pause();
        }
    }
    CHECK(kill(child, SIGSTOP) == 0);
    while (count < 1) {
        usleep(1000);
    }
    CHECK(code == CLD_STOPPED && status_told == SIGSTOP);
    CHECK(kill(child, SIGCONT) == 0);
    while (count < 2) {
        usleep(1000);
    }
    CHECK(code == CLD_CONTINUED && status_told == SIGCONT);
    catch (SIGCHLD, SA_NOCLDSTOP);
    stop_and_continue(child, 10);
    CHECK(count == 2);
    CHECK(kill(child, SIGTERM) == 0);
    while (count < 3) {
        usleep(1000);
    }
    CHECK(code == CLD_KILLED && status_told == SIGTERM);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
}

TEST(nobody_waits, "children of who ignores SIGCHLD, or says SA_NOCLDWAIT, leave no status")
{
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0) {
        _exit(1);
    }
    CHECK_ERROR(waitpid(-1, NULL, 0), ECHILD); // when it has ended
    catch (SIGCHLD, SA_NOCLDWAIT);
    if (fork() == 0) {
        _exit(1);
    }
    int result;
    do { // the signal may come first
        result = waitpid(-1, NULL, 0);
    } while (result == -1 && errno == EINTR);
    CHECK(result == -1 && errno == ECHILD && count == 1);
}

TEST(hang_up, "a stopped group that nobody is left to continue gets SIGHUP, and goes on")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        setsid(); // not the terminal's
        pid_t middle = fork();
        if (middle == 0) {
            pid_t job = fork();
            if (job == 0) {
                setpgid(0, 0);
                catch (SIGHUP, 0);
                write(ends[1], "r", 1);
                raise(SIGSTOP);
                write(ends[1], count == 1 ? "h" : "-", 1);
                _exit(0);
            }
            int status;
            read(ends[0], &byte, 1);
            waitpid(job, &status, WUNTRACED);
            _exit(WIFSTOPPED(status) ? 0 : 1);
        }
        _exit(check_wait(middle) == 0 ? 0 : 1);
    }
    CHECK(check_wait(child) == 0);
    close(ends[1]);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'h');
}

TEST(last_link, "and so does one whose last member with a parent outside ends")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        setsid();
        pid_t leader = fork();
        int status;
        if (leader == 0) {
            setpgid(0, 0);
            pid_t job = fork();
            if (job == 0) {
                catch (SIGHUP, 0);
                raise(SIGSTOP);
                write(ends[1], count == 1 ? "h" : "-", 1);
                _exit(0);
            }
            waitpid(job, &status, WUNTRACED);
            raise(SIGSTOP);
        }
        waitpid(leader, &status, WUNTRACED);
        kill(leader, SIGKILL);
        waitpid(leader, &status, 0);
        close(ends[1]); // and lives on
        _exit(read(ends[0], &byte, 1) == 1 && byte == 'h' ? 0 : 1);
    }
    close(ends[1]);
    CHECK(check_wait(child) == 0);
}

TEST(orphan, "a terminal's stop signals do not stop a group that nobody could continue")
{
    pid_t child = fork();
    if (child == 0) {
        setsid();
        raise(SIGTSTP);
        raise(SIGTTIN);
        raise(SIGTTOU);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, WUNTRACED) == child && status == 0);
}

TEST(other_mask, "ppoll waits with other signals blocked, and those before come back")
{
    sigset_t none, now;
    sigemptyset(&none);
    catch (SIGUSR1, 0);
    block(SIG_BLOCK, SIGUSR1);
    raise(SIGUSR1);
    CHECK(count == 0);
    CHECK_ERROR(syscall(SYS_ppoll, NULL, 0, NULL, &none, SET_SIZE), EINTR);
    CHECK(count == 1);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1) == 1);
    struct timespec span = {.tv_nsec = MILLISECOND};
    CHECK(syscall(SYS_ppoll, NULL, 0, &span, &none, SET_SIZE) == 0);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1) == 1);
}

TEST(take_signal, "a blocked signal is taken by rt_sigtimedwait, without its handler")
{
    siginfo_t info;
    sigset_t set;
    struct timespec span = {.tv_nsec = 10 * MILLISECOND};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    catch (SIGUSR1, 0);
    block(SIG_BLOCK, SIGUSR1);
    CHECK_ERROR(syscall(SYS_rt_sigtimedwait, &set, NULL, &span, SET_SIZE), EAGAIN);
    raise(SIGUSR1);
    CHECK(syscall(SYS_rt_sigtimedwait, &set, &info, &span, SET_SIZE) == SIGUSR1);
    CHECK(info.si_signo == SIGUSR1 && info.si_pid == getpid() && !is_pending(SIGUSR1));
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(kill(parent, SIGUSR1) != 0);
    }
    CHECK(syscall(SYS_rt_sigtimedwait, &set, &info, NULL, SET_SIZE) == SIGUSR1);
    CHECK(info.si_pid == child && check_wait(child) == 0 && count == 0);
    CHECK(waitpid(-1, NULL, 0) == -1);
}

TEST(suspended_and_stopped, "sigsuspend ends by a handler alone, not by being stopped")
{
    catch (SIGUSR1, 0);
    block(SIG_BLOCK, SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        sigset_t none;
        sigemptyset(&none);
        int result = sigsuspend(&none);
        _exit(result == -1 && errno == EINTR && count == 1 ? 0 : 1);
    }
    check_sleeps(child);
    stop_and_continue(child, 10);
    check_sleeps(child);
    CHECK(waitpid(child, NULL, WNOHANG) == 0);
    CHECK(kill(child, SIGUSR1) == 0);
    CHECK(check_wait(child) == 0);
}

// Processes that each start the next one and end, all with the same open end of a pipe.
static void run_away(void)
{
    while (true) {
        pid_t next = fork();
        if (next > 0) {
            _exit(0);
        }
        if (next < 0) {
            usleep(1000);
        }
    }
}

TEST(nobody_escapes, "a signal to a group reaches all of it, whoever is just being forked")
{
    for (unsigned i = 0; i < 100; i++) {
        int ends[2];
        CHECK(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            setpgid(0, 0);
            write(ends[1], "r", 1);
            close(ends[0]);
            run_away();
        }
        char byte;
        CHECK(read(ends[0], &byte, 1) == 1);
        CHECK(check_wait(child) == 0);
        usleep(100 * (i % 8));
        CHECK(kill(-child, SIGKILL) == 0);
        close(ends[1]);
        struct pollfd end = {.fd = ends[0], .events = POLLIN};
        CHECK(poll(&end, 1, 30000) == 1 && read(ends[0], &byte, 1) == 0);
        close(ends[0]);
    }
}

static const struct test tests[] = {
    ENTRY(sleep_goes_on), ENTRY(poll_goes_on), ENTRY(next_sleep), ENTRY(read_goes_on),
    ENTRY(stopped_does_nothing), ENTRY(kill_stopped), ENTRY(take_back), ENTRY(caught_stop),
    ENTRY(parent_is_told), ENTRY(nobody_waits), ENTRY(hang_up), ENTRY(last_link), ENTRY(orphan),
    ENTRY(other_mask), ENTRY(take_signal), ENTRY(suspended_and_stopped), ENTRY(nobody_escapes), {NULL, NULL},
};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
