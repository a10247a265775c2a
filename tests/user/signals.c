// Signals: who gets them, what a handler sees, and how a program goes on behind it.
#include "tests/user/check.h"

#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#define PAGE 4096
#define STACK_SIZE 65536
#define MILLISECOND 1000000l

static volatile sig_atomic_t count, last, code;
static volatile pid_t sender;
static void *volatile place;
static volatile sigset_t while_handled;

static void handler(int signal, siginfo_t *info, void *context)
{
    sigset_t blocked;
    (void)context;
    count++;
    last = signal;
    code = info->si_code;
    sender = info->si_pid;
    place = info->si_addr;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    *(sigset_t *)&while_handled = blocked;
}

static void catch (int signal, int flags)
{
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
    CHECK(sigaction(signal, &action, NULL) == 0);
}

static long long now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000ll + time.tv_nsec / MILLISECOND;
}

// Sends a signal to somebody when he sleeps, from a child that then ends.
static pid_t send_later(pid_t pid, int signal)
{
    pid_t child = fork();
    if (child == 0) {
        check_sleeps(pid);
        _exit(kill(pid, signal) != 0);
    }
    return child;
}

TEST(handler_sees,
     "a handler is told the signal, why, and who sent it, and it is blocked meanwhile")
{
    catch (SIGUSR1, 0);
    CHECK(kill(getpid(), SIGUSR1) == 0 && count == 1 && last == SIGUSR1);
    CHECK(code == SI_USER && sender == getpid());
    CHECK(sigismember((sigset_t *)&while_handled, SIGUSR1) == 1);
    CHECK(sigismember((sigset_t *)&while_handled, SIGUSR2) == 0);
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0 && raise(SIGUSR1) == 0 && count == 2);
    CHECK(sigismember((sigset_t *)&while_handled, SIGUSR1) == 0);
    CHECK(sigismember((sigset_t *)&while_handled, SIGUSR2) == 1);
    sigset_t blocked;
    CHECK(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0 && !sigismember(&blocked, SIGUSR2));
}

TEST(once, "SA_RESETHAND: the handler is called once, then the signal does what it does by itself")
{
    catch (SIGUSR1, SA_RESETHAND);
    CHECK(raise(SIGUSR1) == 0 && count == 1);
    int status = IN_CHILD(raise(SIGUSR1));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
}

TEST(blocked, "a blocked signal waits, is seen to wait, and comes when it is let in")
{
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    catch (SIGUSR2, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR2) == 0 && raise(SIGUSR2) == 0);
    CHECK(count == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGUSR2));
    CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && count == 1);
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR2));
    sigfillset(&set);
    CHECK(sigprocmask(SIG_SETMASK, &set, NULL) == 0);
    int status = IN_CHILD(raise(SIGKILL));
    CHECK(WTERMSIG(status) == SIGKILL); // nobody blocks that
}

TEST(errors, "what is no signal, or may not be caught, is refused")
{
    CHECK_ERROR(kill(getpid(), 65), EINVAL);
    CHECK_ERROR(kill(getpid(), -1), EINVAL);
    CHECK_ERROR(kill(32000, 0), ESRCH);
    CHECK_ERROR(kill(-32000, SIGTERM), ESRCH);
    CHECK(kill(getpid(), 0) == 0);
    struct sigaction action = {.sa_handler = SIG_IGN};
    CHECK_ERROR(sigaction(SIGKILL, &action, NULL), EINVAL);
    CHECK_ERROR(sigaction(SIGSTOP, &action, NULL), EINVAL);
    CHECK_ERROR(sigprocmask(17, &action.sa_mask, NULL), EINVAL);
}

TEST(faults, "what a program does wrong is a signal that says what and where")
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 5; i++) {
        int status = IN_CHILD({
            volatile int zero = 0;
            i == 0 ? (void)(*(volatile int *)8 = 1) : (void)0;
            i == 1 ? raise(SIGBUS) : 0;
            if (i == 2) {
                __asm__ volatile("idivl %0" : : "m"(zero), "a"(1), "d"(0));
            }
            if (i == 3) {
                __asm__ volatile("ud2");
            }
            if (i == 4) {
                __asm__ volatile("int3");
            }
        });
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
    }
    int status = IN_CHILD(__asm__ volatile("cli"));
    CHECK(WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD(__asm__ volatile("outb %al, $0xf4"));
    CHECK(WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD(((void (*)(void))0xffffffff80100000)());
    CHECK(WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD(((void (*)(void))0x8000000000000000)());
    CHECK(WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD(((void (*)(void))page)()); // may not be executed
    CHECK(WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD({
        catch (SIGSEGV, SA_RESETHAND);
        *(volatile char *)(page + 5) = 1; // again and again, but once with a handler
    });
    CHECK(WTERMSIG(status) == SIGSEGV);
}

static void skip(int signal, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    count += signal;
    place = info->si_addr;
    code = info->si_code;
#ifdef __linux__
    user->uc_mcontext.gregs[16] += 2; // RIP
    user->uc_mcontext.gregs[13] = 5; // RAX
#else
    user->registers.rip += 2;
    user->registers.rax = 5;
#endif
}

TEST(context, "a handler may change the registers with which the program goes on")
{
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long result = 0;
    __asm__ volatile("movb %%al, (%%rdx)" : "=a"(result) : "a"(0), "d"(page)); // two bytes long
    CHECK(result == 5 && count == SIGSEGV && place == page && code == 2); // SEGV_ACCERR
    CHECK(munmap(page, PAGE) == 0);
    __asm__ volatile("movb %%al, (%%rdx)" : "=a"(result) : "a"(0), "d"(page));
    CHECK(result == 5 && count == 2 * SIGSEGV && place == page && code == 1); // SEGV_MAPERR
}

static void spoil(int signal)
{
    double one = 1;
    (void)signal;
    __asm__ volatile("movsd %0, %%xmm0\n movsd %0, %%xmm7\n movsd %0, %%xmm15\n"
                     "xorl %%eax, %%eax\n xorl %%ebx, %%ebx\n xorl %%r12d, %%r12d\n"
                     :
                     : "m"(one)
                     : "xmm0", "xmm7", "xmm15", "rax", "rbx", "r12");
    count++;
}

TEST(registers_survive,
     "a signal between two instructions changes no register, flags and SSE included")
{
    struct itimerval often = {.it_interval = {.tv_usec = 1000}, .it_value = {.tv_usec = 1000}};
    signal(SIGALRM, spoil);
    double sum = 0, expected = 0;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    while (count < 30) {
        long a = 0x1111, b = 0x2222, c = 0x3333, bad = 0;
        double x = 3;
        for (int i = 0; i < 10000; i++) {
            __asm__ volatile("addsd %1, %0" : "+x"(sum) : "x"(x));
            __asm__ volatile("" : "+a"(a), "+b"(b), "+r"(c));
            bad |= (a ^ 0x1111) | (b ^ 0x2222) | (c ^ 0x3333);
            expected += 3;
        }
        CHECK(bad == 0);
    }
    CHECK(sum == expected);
}

TEST(red_zone, "a handler leaves alone the 128 bytes below the stack pointer")
{
    struct itimerval often = {.it_interval = {.tv_usec = 1000}, .it_value = {.tv_usec = 1000}};
    signal(SIGALRM, spoil);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    while (count < 10) {
        long bad;
        __asm__ volatile("movq $0x1234567, -8(%%rsp)\n movq $0x7654321, -128(%%rsp)\n"
                         "movl $100000, %%ecx\n 1: decl %%ecx\n jnz 1b\n"
                         "movq -8(%%rsp), %0\n subq $0x1234567, %0\n"
                         "movq -128(%%rsp), %%rcx\n subq $0x7654321, %%rcx\n orq %%rcx, %0\n"
                         : "=&r"(bad)
                         :
                         : "rcx", "memory");
        CHECK(bad == 0);
    }
}

TEST(sleeps_end, "a sleep ends when a handler was called, and tells what was left of it")
{
    struct timespec time = {.tv_sec = 10}, left = {0};
    catch (SIGUSR1, SA_RESTART);
    pid_t child = send_later(getpid(), SIGUSR1);
    CHECK_ERROR(nanosleep(&time, &left), EINTR);
    CHECK(count == 1 && left.tv_sec > 0 && left.tv_sec < 10);
    CHECK(sender == child && check_wait(child) == 0);
    CHECK_ERROR(nanosleep(&(struct timespec){.tv_nsec = 1000000000}, NULL), EINVAL);
    long long start = now_ms();
    CHECK(nanosleep(&(struct timespec){.tv_nsec = 50 * MILLISECOND}, NULL) == 0);
    CHECK(now_ms() - start >= 50 && now_ms() - start < 5000);
}

TEST(restart, "a read goes on behind a handler with SA_RESTART, and ends with EINTR without")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    catch (SIGUSR1, 0);
    pid_t child = send_later(getpid(), SIGUSR1);
    CHECK_ERROR(read(ends[0], &byte, 1), EINTR);
    CHECK(check_wait(child) == 0 && count == 1);
    catch (SIGUSR1, SA_RESTART);
    pid_t self = getpid();
    child = fork();
    if (child == 0) {
        check_sleeps(self);
        kill(self, SIGUSR1);
        check_sleeps(self);
        _exit(write(ends[1], "x", 1) != 1);
    }
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x' && count == 2 && check_wait(child) == 0);
}

TEST(suspend, "sigsuspend waits with other signals blocked, and puts back those that were")
{
    sigset_t set, none, now;
    sigemptyset(&set);
    sigemptyset(&none);
    sigaddset(&set, SIGUSR1);
    catch (SIGUSR1, 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0 && raise(SIGUSR1) == 0 && count == 0);
    CHECK_ERROR(sigsuspend(&none), EINTR);
    CHECK(count == 1 && sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1));
}

static int overflow(volatile int depth)
{
    volatile char room[1000];
    room[0] = (char)depth;
    return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void on_other_stack(int signal)
{
    char here;
    (void)signal;
    bool inside = &here > (char *)place && &here < (char *)place + STACK_SIZE;
    _exit(inside ? 33 : 34);
}

TEST(signal_stack,
     "with sigaltstack a program survives the overflow of its stack; without, it ends")
{
    int status = IN_CHILD(overflow(0));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    status = IN_CHILD({
        stack_t stack = {.ss_sp = malloc(STACK_SIZE), .ss_size = STACK_SIZE};
        struct sigaction action = {.sa_handler = on_other_stack, .sa_flags = SA_ONSTACK};
        place = stack.ss_sp;
        CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
        overflow(0);
    });
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
}

TEST(no_stack, "a handler for which there is no stack is a SIGSEGV")
{
    int status = IN_CHILD({
        catch (SIGUSR1, 0);
        __asm__ volatile("movl $39, %%eax\n syscall\n movl %%eax, %%edi\n"
                         "movl $16, %%esp\n" // nothing is mapped there
                         "movl $10, %%esi\n movl $62, %%eax\n syscall\n ud2"
                         :
                         :
                         : "rax", "rdi", "rsi", "rcx", "r11", "memory");
    });
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

TEST(bad_return, "rt_sigreturn to anywhere harms nobody but the program")
{
    for (unsigned i = 0; i < 200; i++) {
        int status = IN_CHILD({
            static unsigned long frame[120] __attribute__((aligned(16)));
            srand(i);
            for (int word = 0; word < 120; word++) {
                frame[word] = (unsigned long)rand() * (i % 3 ? 1 : 0x100000001ul) << rand() % 32;
            }
            frame[5 + 16] = i % 4 == 0 ? 0xffff800000000000 : i % 4 == 1 ? 1ul << 47 : frame[21];
            frame[5 + 23] = 0; // the address of the FPU's state
            __asm__ volatile("movq %0, %%rsp\n movl $15, %%eax\n syscall\n ud2" : : "r"(frame));
        });
        CHECK(WIFSIGNALED(status));
    }
}

TEST(flags, "rt_sigreturn gives a program no flags that are not its own")
{
    static unsigned long frame[120] __attribute__((aligned(16)));
    static unsigned long flags;
    frame[5 + 17] = 0x3000 | 0x4000 | 0x20000; // IOPL, NT, VM
    frame[5 + 18] = 0x2bul << 48 | 0x33; // the selectors
    __asm__ volatile("leaq 1f(%%rip), %%rax\n movq %%rax, %2\n movq %%rbp, %4\n" // RIP, RBP
                     "movq %%rsp, %3\n"
                     "leaq %1, %%rsp\n movl $15, %%eax\n syscall\n ud2\n"
                     "1: pushfq\n popq %0\n"
                     : "=m"(flags)
                     : "m"(frame[0]), "m"(frame[21]), "m"(frame[20]), "m"(frame[15])
                     : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
                       "r13", "r14", "r15", "memory");
    CHECK((flags & 0x27200) == 0x200); // IF alone
}

TEST(groups, "kill of a group reaches all in it and nobody else")
{
    int ends[2];
    char byte = 0;
    pid_t first = 0;
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, first);
            CHECK(write(ends[1], &byte, 1) == 1);
            pause();
        }
        first = first != 0 ? first : pid;
        CHECK(read(ends[0], &byte, 1) == 1);
    }
    CHECK(kill(-first, SIGTERM) == 0);
    for (int i = 0; i < 3; i++) {
        int status;
        CHECK(wait(&status) > 0 && WTERMSIG(status) == SIGTERM);
    }
    CHECK_ERROR(kill(-first, SIGTERM), ESRCH);
}

TEST(child_signal, "SIGCHLD tells who ended and how; ignored, nobody need be waited for")
{
    catch (SIGCHLD, 0);
    pid_t child = fork();
    if (child == 0) {
        _exit(9);
    }
    while (count == 0) {
        usleep(1000);
    }
    CHECK(last == SIGCHLD && sender == child && code == 1); // CLD_EXITED
    CHECK(check_wait(child) == 9 << 8);
    signal(SIGCHLD, SIG_IGN);
    CHECK(IN_CHILD(_exit(1)) == -1 && errno == ECHILD);
}

TEST(alarms, "alarm and setitimer send SIGALRM in time, once and again")
{
    struct itimerval timer = {.it_value = {.tv_usec = 20000}}, old;
    sigset_t alarm_only, none;
    long long start = now_ms();
    sigemptyset(&none);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    catch(SIGALRM, 0);
    CHECK(sigprocmask(SIG_BLOCK, &alarm_only, NULL) == 0); // it must not come before the wait
    CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0 && sigsuspend(&none) == -1 && errno == EINTR);
    CHECK(sigprocmask(SIG_UNBLOCK, &alarm_only, NULL) == 0);
    CHECK(count == 1 && now_ms() - start >= 20 && now_ms() - start < 5000);
    timer.it_interval.tv_usec = 100; // more often than the kernel cares for
    CHECK(setitimer(ITIMER_REAL, &timer, &old) == 0 && old.it_value.tv_usec == 0);
    while (count < 5) {
    }
    timer = (struct itimerval){0};
    CHECK(setitimer(ITIMER_REAL, &timer, &old) == 0);
    CHECK(alarm(100) == 0 && alarm(0) == 100 && alarm(0) == 0);
    CHECK_ERROR(setitimer(77, &timer, NULL), EINVAL);
}

static const struct test tests[] = {
    ENTRY(handler_sees), ENTRY(once), ENTRY(blocked), ENTRY(errors), ENTRY(faults), ENTRY(context),
    ENTRY(registers_survive), ENTRY(red_zone), ENTRY(sleeps_end), ENTRY(restart), ENTRY(suspend),
    ENTRY(signal_stack), ENTRY(no_stack), ENTRY(bad_return), ENTRY(flags), ENTRY(groups),
    ENTRY(child_signal), ENTRY(alarms), {NULL, NULL},
};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
