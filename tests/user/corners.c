// Corners of system calls in which mistakes were found.
#include "tests/user/check.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define SET_SIZE 8
#define STACK_SIZE 16384
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_OTHER 0x7f80

static int count;

static void handler(int signal)
{
    (void)signal;
    count = count * 10 + (signal == SIGHUP ? 1 : 2);
}

static void wait_ms(long ms)
{
    struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&span, NULL);
}

static const char bytes[1 << 18] = {
    1}; // pages of the program's file, not there before they are used

TEST(whole_write, "a write to a pipe goes on to its end, wherever its bytes come from")
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        char piece[4096];
        size_t total = 0;
        close(ends[1]);
        for (ssize_t size; (size = read(ends[0], piece, sizeof(piece))) > 0;) {
            total += (size_t)size;
        }
        _exit(total == sizeof(bytes) ? 0 : 1);
    }
    close(ends[0]);
    CHECK(write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes));
    close(ends[1]);
    CHECK(check_wait(child) == 0);
}

TEST(no_number, "an open for which there is no descriptor neither makes nor empties a file")
{
    struct stat status;
    int last = -1, file = open("/corner", O_CREAT | O_RDWR | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, "kept", 4) == 4);
    for (int next; (next = dup(file)) >= 0;) {
        last = next;
    }
    CHECK(errno == EMFILE && last >= 0);
    CHECK_ERROR(open("/corner", O_WRONLY | O_TRUNC), EMFILE);
    CHECK_ERROR(open("/corner.new", O_WRONLY | O_CREAT, 0644), EMFILE);
    CHECK(fstat(file, &status) == 0 && status.st_size == 4);
    CHECK_ERROR(stat("/corner.new", &status), ENOENT);
}

TEST(short_then_rest, "a write whose bytes come in two steps puts each where it belongs")
{
    static char back[4096];
    int to = open("/test/hostile", O_RDWR), from = open("/test/signals", O_RDONLY);
    if (to < 0 || from < 0) {
        return; // on the tests' disk alone there are files that nobody has read yet
    }
    char *view = mmap(NULL, 3 * 4096, PROT_READ, MAP_PRIVATE, from, 0);
    CHECK(view != MAP_FAILED && view[0] == 0x7f); // its first page is there now
    CHECK(write(to, view + 3096, 4096) == 4096);
    CHECK(pread(to, back, 4096, 0) == 4096 && memcmp(back, view + 3096, 4096) == 0);
}

TEST(own_time, "a sleep behind a wait for a futex that was stopped has its own time")
{
    int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_futex, word, 0, 0, NULL, NULL, 0);
        wait_ms(10);
        _exit(0);
    }
    wait_ms(30);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
    *word = 1;
    kill(child, SIGCONT);
    CHECK(check_wait(child) == 0);
}

TEST(poll_at_once, "ppoll that does not wait lets in the signals that its mask lets in")
{
    sigset_t set, none;
    struct timespec span = {.tv_sec = 0};
    sigemptyset(&none);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    signal(SIGUSR1, handler);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    CHECK_ERROR(syscall(SYS_ppoll, NULL, 0, &span, &none, SET_SIZE), EINTR);
    CHECK(count == 2);
    raise(SIGUSR1);
    CHECK(count == 2); // blocked again
}

TEST(fault_first, "of signals that come together a fault's is first: its handler sees the fault")
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGSEGV);
    signal(SIGHUP, handler);
    signal(SIGSEGV, handler);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGHUP);
    raise(SIGSEGV);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    CHECK(count == 12); // the other one's frame is on top of it
}

static void on_other_stack(int signal)
{
    (void)signal;
    _exit(33);
}

TEST(no_stack_but, "where a handler finds no stack, that of SIGSEGV is called on its own")
{
    int status = IN_CHILD({
        stack_t stack = {.ss_sp = malloc(STACK_SIZE), .ss_size = STACK_SIZE};
        struct sigaction action = {.sa_handler = on_other_stack, .sa_flags = SA_ONSTACK};
        CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
        signal(SIGUSR1, handler);
        long number = SYS_kill;
        pid_t self = getpid();
        __asm__ volatile("movl $16, %%esp\n syscall\n ud2" // nothing is mapped there
                         :
                         : "a"(number), "D"((long)self), "S"((long)SIGUSR1)
                         : "rcx", "r11", "memory");
    });
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
}

TEST(killed_reader,
     "SIGKILL ends who reads gigabytes of random bytes, and who asks about as many pages")
{
    static struct {
        void *start;
        size_t size;
    } pieces[1024];
    size_t pages = 30ul << 20;
    void *room = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *vector = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *none = mmap(NULL, pages * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct timespec begin, end;
    CHECK(room != MAP_FAILED && vector != MAP_FAILED && none != MAP_FAILED);
    for (unsigned i = 0; i < 1024; i++) {
        pieces[i].start = room;
        pieces[i].size = 2 << 20;
    }
    int random = open("/dev/urandom", O_RDONLY);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        if (child == 0) {
            if (i == 0) {
                syscall(SYS_readv, random, pieces, 1024);
            }
            syscall(SYS_mincore, none, pages * 4096, vector);
            _exit(0);
        }
        wait_ms(20);
        kill(child, SIGKILL);
        CHECK(check_wait(child) == SIGKILL);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    CHECK(end.tv_sec - begin.tv_sec < 5);
}

static const char *self;

static uint32_t mxcsr(uint32_t next)
{
    uint32_t now;
    __asm__ volatile("stmxcsr %0\n ldmxcsr %1" : "=m"(now) : "m"(next));
    return now;
}

// A chain of programs, each of which leaves its successor another MXCSR.
static int chain(int left)
{
    char number[16];
    if (mxcsr(MXCSR_OTHER) != MXCSR_DEFAULT) {
        return 1;
    }
    snprintf(number, sizeof(number), "%d", left - 1);
    char *arguments[] = {(char *)self, (char *)"chain", number, NULL};
    return left == 0 ? 0 : execv(self, arguments);
}

TEST(fresh_state, "a program begins with fresh floating-point registers, whoever runs meanwhile")
{
    pid_t others[3];
    for (int i = 0; i < 3; i++) {
        others[i] = fork();
        while (others[i] == 0) {
            syscall(SYS_sched_yield);
        }
    }
    char *arguments[] = {(char *)self, (char *)"chain", (char *)"3000", NULL};
    int status = IN_CHILD(execv(self, arguments); _exit(2));
    for (int i = 0; i < 3; i++) {
        kill(others[i], SIGKILL);
        check_wait(others[i]);
    }
    CHECK(status == 0);
}

static const struct test tests[] = {
    ENTRY(whole_write), ENTRY(no_number), ENTRY(own_time), ENTRY(short_then_rest), ENTRY(poll_at_once),
    ENTRY(fault_first), ENTRY(no_stack_but), ENTRY(killed_reader), ENTRY(fresh_state),
    {NULL, NULL},
};

int main(int argc, char **argv)
{
    self = argc > 0 ? argv[0] : "";
    if (argc == 3 && strcmp(argv[1], "chain") == 0) {
        return chain(atoi(argv[2]));
    }
    return check_run(tests, argc, argv);
}
