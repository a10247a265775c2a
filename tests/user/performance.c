// What the kernel's services cost, in counts of the time stamp counter: with QEMU's -icount these are executed
// instructions, and idle time, of which there should be none here. One line each: a name and a count.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

// The cost of a round, the best of a few series, since a timer's interrupt may come at any time.
static void measure(const char *name, unsigned rounds, void (*operation)(void))
{
    uint64_t best = UINT64_MAX;
    operation(); // what only the first one costs
    for (unsigned series = 0; series < 5; series++) {
        uint64_t start = read_tsc();
        for (unsigned i = 0; i < rounds; i++) {
            operation();
        }
        uint64_t cost = (read_tsc() - start) / rounds;
        best = cost < best ? cost : best;
    }
    printf("%s %lu\n", name, best);
}

static void raw_getpid(void)
{
    long number = 39;
    __asm__ volatile("syscall" : "+a"(number) : : "rcx", "r11", "memory");
}

static int loop[2], there[2], back[2];

static void pipe_byte(void)
{
    char byte = 'x';
    if (write(loop[1], &byte, 1) != 1 || read(loop[0], &byte, 1) != 1) {
        exit(1);
    }
}

static void ping(void)
{
    char byte = 'x';
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) {
        exit(1);
    }
}

static void pong(void)
{
    char byte;
    close(there[1]);
    while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1) {
    }
    _exit(0);
}

static void fork_exit(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
        exit(1);
    }
}

static void fork_exec(void)
{
    static char *const arguments[] = {"true", NULL};
    static char *const environment[] = {NULL};
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/true", arguments, environment);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        exit(1);
    }
}

#define FILE_SIZE 65536
#define PIECE 4096

static char piece[PIECE];

static void write_file(void)
{
    int file = open("/tmp/performance", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    for (unsigned i = 0; i < FILE_SIZE / PIECE; i++) {
        if (write(file, piece, PIECE) != PIECE) {
            exit(1);
        }
    }
    close(file);
}

static void create_file(void)
{
    unlink("/tmp/performance");
    write_file();
}

static void read_file(void)
{
    int file = open("/tmp/performance", O_RDONLY);
    for (unsigned i = 0; i < FILE_SIZE / PIECE; i++) {
        if (read(file, piece, PIECE) != PIECE) {
            exit(1);
        }
    }
    close(file);
}

#define HEAP_PAGES 256

static void grow_heap(void)
{
    char *start = sbrk(HEAP_PAGES * 4096);
    if (start == (char *)-1) {
        exit(1);
    }
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        start[i * 4096] = 1;
    }
}

int main(void)
{
    if (pipe(loop) || pipe(there) || pipe(back)) {
        return 1;
    }
    measure("getpid", 1000, raw_getpid);
    measure("pipe_byte", 1000, pipe_byte);
    pid_t pid = fork();
    if (pid == 0) {
        pong();
    }
    close(there[0]);
    close(back[1]);
    measure("ping_pong", 200, ping);
    close(there[1]);
    waitpid(pid, NULL, 0);
    measure("fork_exit_wait", 50, fork_exit);
    measure("fork_exec_wait", 50, fork_exec);
    measure("create_64k", 20, create_file);
    measure("rewrite_64k", 20, write_file);
    measure("read_64k", 50, read_file);
    measure("heap_256_pages", 4, grow_heap);
    puts("done");
    fflush(stdout);
    return getpid() == 1 ? reboot(RB_POWER_OFF) : 0; // process 1 must not end
}
