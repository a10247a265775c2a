// Chapter 9's first program: a shell on the console, and another one when that has ended. Besides,
// as commands, what earlier chapters had to show: philosophers who dine, and ways to crash a
// kernel.
#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/main.h"
#include "kernel/proc/process.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "lib/abi/fcntl.h"
#include "lib/abi/ioctl.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "user/include/program.h"
#include "user/libc/program_start.h"

#define AGAIN_MS 1000 // before the next try when a shell did not start or was killed
#define A_WHILE_MS (100 + clock_now_ns() / 1024 % 400)

// The C library's, whose headers are for programs.
int open(const char *path, int flags, ...);
int dup2(int from, int to);
int ioctl(int descriptor, unsigned long request, ...);
int setsid(void);
int dprintf(int descriptor, const char *format, ...) __attribute__((format(printf, 2, 3)));

int sh_main(int argc, char **argv);
int philosophers_main(int argc, char **argv); // these two are commands
int crash_main(int argc, char **argv);

// ---- The shell ----

static int run_shell(void *argument)
{
    static char *const environment[] = {"HOME=/", "PATH=/bin", "TERM=linux", NULL};
    char *arguments[] = {argument, NULL};
    setsid();
    int console = open("/dev/console", O_RDWR);
    if (console < 0) {
        kprintf("/dev/console: %s\n", errno_text(program_state()->error));
        return 127;
    }
    ioctl(console, TIOCSCTTY, 1); // from whoever has it
    dup2(console, 1); // it is 0
    dup2(console, 2);
    program_state()->environment = (char **)environment;
    return sh_main(1, arguments);
}

void first_program(void)
{
    kprintf("%s: ready\n", CHAPTER);
    while (true) {
        int status = 0, pid = program_start("sh", run_shell, "sh");
        if (pid > 0) {
            process_wait(pid, &status);
        } else {
            kprintf("sh: %s\n", errno_text(pid));
        }
        if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) == 127) {
            clock_sleep_ms(AGAIN_MS);
        }
    }
}

// ---- Philosophers: five, and five forks; to eat takes two ----

static const char *const guests[] = {"Hypatia", "Laozi", "Avicenna", "Kant", "Arendt"};
static struct mutex forks[] = {MUTEX("fork 0"), MUTEX("fork 1"), MUTEX("fork 2"), MUTEX("fork 3"),
                               MUTEX("fork 4")};
static const char *doing[ARRAY_LENGTH(guests)];
static unsigned meals[ARRAY_LENGTH(guests)];
static bool careless;

static int dine(void *argument)
{
    unsigned left = (unsigned)(virt_t)argument, right = (left + 1) % ARRAY_LENGTH(forks);
    while (!signal_due() && process_current()->parent) { // Ctrl-C, or nobody watches any more
        doing[left] = "thinks";
        clock_sleep_ms(A_WHILE_MS);
        // The fork with the lower number first: so nobody can wait in a circle.
        struct mutex *first = &forks[left < right || careless ? left : right];
        struct mutex *second = first == &forks[left] ? &forks[right] : &forks[left];
        doing[left] = "hungry";
        mutex_lock(first);
        clock_sleep_ms(careless ? 1000 : 100);
        mutex_lock(second);
        doing[left] = "eats";
        clock_sleep_ms(A_WHILE_MS);
        meals[left]++;
        mutex_unlock(second);
        mutex_unlock(first);
    }
    return WAIT_SIGNALED(signal_due());
}

int philosophers_main(int argc, char **argv)
{
    careless = argc > 1 && strcmp(argv[1], "careless") == 0;
    for (size_t i = 0; i < ARRAY_LENGTH(guests); i++) {
        doing[i] = "comes";
        meals[i] = 0;
        process_create(guests[i], dine, (void *)i);
    }
    while (true) { // until a signal ends it in dprintf
        for (size_t i = 0; i < ARRAY_LENGTH(guests); i++) {
            dprintf(1, "%s %-6s%3u%s", guests[i], doing[i], meals[i],
                    i + 1 < ARRAY_LENGTH(guests) ? " " : "\r");
        }
        clock_sleep_ms(100);
    }
}

// ---- What goes wrong is meant to ----

static int overflow(volatile int deeper)
{
    return deeper > 0 ? deeper + overflow(deeper + 1) : 0;
}

int crash_main(int argc, char **argv)
{
    static struct spinlock pillow = SPINLOCK("pillow");
    const char *how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "null") == 0) {
        *(volatile int *)NULL = 1;
    } else if (strcmp(how, "overflow") == 0) {
        return overflow(1);
    } else if (strcmp(how, "sleep-with-spinlock") == 0) {
        spinlock_acquire(&pillow);
        clock_sleep_ms(1);
    } else if (strcmp(how, "double-unlock") == 0) {
        mutex_unlock(&forks[0]);
    }
    dprintf(2, "usage: crash null|overflow|sleep-with-spinlock|double-unlock\n");
    return 2;
}
