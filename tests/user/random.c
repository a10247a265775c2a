// Random system calls with random arguments: whatever they do, the kernel stays up, and when the
// programs that made them have ended it has as much memory as before.
//
//     random [COUNT [SEED]]
#include "tests/user/check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>

#define FOLDER "/tmp/random"
#define ROUND 1000 // calls of one process
#define ROUND_MS 40 // after which it is ended
#define NUMBERS 460
#define PAGE 4096
#define SLACK 64 // pages

static unsigned long seed = 1, count = 100000;
static unsigned long *done; // calls, of all processes together
static char *memory; // some pages with different rights
static char strings[][24] = {"a", "b", "c/d", ".", "..", "../random/a", "/dev/null", "/dev/zero",
                             "/proc/self/stat", "/proc/self/exe", "", "/", "nothing"};

static unsigned long next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static unsigned long any(void)
{
    unsigned long value = next();
    switch (value >> 8 & 15) {
    case 0:
    case 1:
    case 2:
        return value >> 16 & 7; // descriptors, flags
    case 3:
        return value >> 16 & 0xff;
    case 4:
    case 5:
    case 6:
        return (unsigned long)memory + (value >> 16) % (6 * PAGE);
    case 7:
    case 8:
        return (unsigned long)strings[(value >> 16) % (sizeof(strings) / sizeof(strings[0]))];
    case 9:
        return 1ul << (value >> 16 & 63);
    case 10:
        return -(value >> 16 & 0xfff);
    case 11:
        return 0xffff800000000000 + (value >> 20);
    case 12:
        return 0x7fffffffffff - (value >> 16 & 0x3fff);
    case 13:
        return value >> 16 & 0xfff000;
    case 14:
        return 0;
    default:
        return value;
    }
}

// Calls that would do to others what this test does not mean.
static bool left_out(long number, unsigned long *first)
{
    switch (number) {
    case SYS_kill:
    case SYS_tkill:
    case SYS_tgkill:
    case SYS_rt_sigqueueinfo:
        *first = (unsigned long)getpid();
        return false;
    default:
        return number == SYS_reboot || number == SYS_sync || number == SYS_syncfs;
    }
}

static void call_at_random(pid_t self)
{
    long number = (long)(next() % NUMBERS);
    unsigned long a = any(), b = any();
    register unsigned long r10 __asm__("r10") = any();
    register unsigned long r8 __asm__("r8") = any();
    register unsigned long r9 __asm__("r9") = any();
    if (left_out(number, &a)) {
        return;
    }
    b = number == SYS_tgkill ? (unsigned long)self : b;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b)
                     : "d"(any()), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    if ((number == SYS_fork || number == SYS_vfork || number == SYS_clone) && result == 0) {
        _exit(0);
    }
}

static void nothing(int signal)
{
    (void)signal;
}

static void make_calls(void)
{
    setsid(); // without a terminal
    for (int i = 0; i < 20; i++) {
        close(i);
    }
    CHECK(open("/dev/null", O_RDWR) == 0);
    if (open("a", O_RDWR | O_CREAT, 0644) != 1) { // a call has made something else of it
        char other[32];
        snprintf(other, sizeof(other), "was-a-%d", (int)getpid());
        CHECK(rename("a", other) == 0 && open("a", O_RDWR | O_CREAT, 0644) == 1);
    }
    CHECK(open(".", O_RDONLY) == 2);
    memory = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3 * PAGE; i += 8) {
        *(unsigned long *)(void *)(memory + i) = i < 512 ? next() & 0xff : any();
    }
    mprotect(memory + 4 * PAGE, PAGE, PROT_READ);
    munmap(memory + 5 * PAGE, PAGE);
    pid_t self = getpid();
    // What waits goes on soon, unless a call has undone this.
    struct itimerval often = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}};
    struct sigaction action = {.sa_handler = nothing};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int i = 0; i < ROUND; i++) {
        ++*done;
        call_at_random(self);
    }
}

// Runs a process until its end, or ROUND_MS at most.
static void run_round(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        make_calls();
        _exit(0);
    }
    CHECK(pid > 0);
    for (int ms = 0; waitpid(pid, &status, WNOHANG | WUNTRACED) == 0; ms++) {
        if (ms == ROUND_MS) {
            kill(pid, SIGKILL);
            CHECK(waitpid(pid, &status, 0) == pid);
            return;
        }
        usleep(1000);
    }
    if (WIFSTOPPED(status)) {
        kill(pid, SIGKILL);
        CHECK(waitpid(pid, &status, 0) == pid);
    }
}

static long number_behind(const char *text, const char *name)
{
    const char *place = strstr(text, name);
    return place != NULL ? strtol(place + strlen(name), NULL, 10) : 0;
}

// Pages that are free or hold what is on the disk.
static long free_pages(void)
{
    char text[2048];
    int file = open("/proc/meminfo", O_RDONLY);
    ssize_t length = read(file, text, sizeof(text) - 1);
    close(file);
    CHECK(length > 0);
    text[length] = '\0';
    return (number_behind(text, "MemFree:") + number_behind(text, "Cached:") +
            number_behind(text, "Buffers:")) /
           4;
}

TEST(random_calls, "random system calls leave the kernel up, and with as much memory as before")
{
    long before = 0;
    mkdir(FOLDER, 0755);
    CHECK(chdir(FOLDER) == 0);
    done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(done != MAP_FAILED);
    for (unsigned idle = 0; *done < count;) {
        if (before == 0 && *done >= count / 5) {
            before = free_pages();
        }
        unsigned long kept = seed, done_before = *done;
        run_round();
        idle = *done > done_before ? 0 : idle + 1;
        CHECK(idle < 1000); // else none gets as far as its calls any more
        seed = kept * 6364136223846793005u + 1442695040888963407u;
    }
    long after = 0;
    for (int i = 0; i < 100 && (i == 0 || before - after >= SLACK); i++) {
        usleep(100000); // whoever is left ends
        after = free_pages();
    }
    printf("# %lu calls; free pages: %ld before, %ld after\n", *done, before, after);
    CHECK(after - before < SLACK && before - after < SLACK);
}

static const struct test tests[] = {ENTRY(random_calls), {NULL, NULL}};

int main(int argc, char **argv)
{
    if (argc < 1 || *argv[0] == '\0') {
        return 0; // one of the random calls has started it
    }
    count = argc > 1 ? strtoul(argv[1], NULL, 10) : count;
    seed = argc > 2 ? strtoul(argv[2], NULL, 10) | 1 : seed;
    return check_run(tests, 1, argv);
}
