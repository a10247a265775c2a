// Processes: fork, exec, wait, and what passes from one to the next.
#include "tests/user/check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <time.h>

#define PAGE 4096
#define MIB (1024 * 1024)
#define FOLDER "/tmp"
#define ROUNDS 1000

static char program[256]; // this one's path
static int initialized = 42;
static int zeroed;

static long free_pages(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return (long)(info.freeram * info.mem_unit / PAGE);
}

static void write_file(const char *path, const char *text, unsigned mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(close(file) == 0 && chmod(path, mode) == 0);
}

TEST(exit_status, "wait tells the low eight bits of what exit was given, or the signal")
{
    for (int code = 0; code < 600; code += 37) {
        int status = IN_CHILD(_exit(code));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (code & 255));
    }
    int status = IN_CHILD(raise(SIGKILL));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    status = IN_CHILD(raise(SIGUSR1));
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    status = IN_CHILD(raise(SIGCHLD));
    CHECK(status == 0);
}

TEST(memory_is_copied, "after fork neither sees what the other writes, anywhere")
{
    int on_stack = 1, *heap = malloc(3 * PAGE);
    int *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(heap != NULL && private != MAP_FAILED && shared != MAP_FAILED);
    heap[PAGE] = 7;
    private[0] = 8;
    int status = IN_CHILD({
        CHECK(initialized == 42 && zeroed == 0 && on_stack == 1 && heap[PAGE] == 7);
        CHECK(private[0] == 8);
        initialized = zeroed = on_stack = heap[PAGE] = private[0] = private[1] = shared[0] = -1;
    });
    CHECK(status == 0 && initialized == 42 && zeroed == 0 && on_stack == 1 && heap[PAGE] == 7);
    CHECK(private[0] == 8 && private[1] == 0 && shared[0] == -1);
    pid_t child = fork();
    if (child == 0) {
        while (((volatile int *)shared)[1] == 0) {
        }
        _exit(private[0] == 8 && zeroed == 0 ? 3 : 4);
    }
    private[0] = zeroed = 9;
    ((volatile int *)shared)[1] = 1;
    CHECK(WEXITSTATUS(check_wait(child)) == 3);
}

TEST(registers_are_kept, "the child of a fork has its parent's registers, those of SSE too")
{
    double value = 2.5, seen;
    long result, kept = 0x123456789abcdef, changed;
    __asm__ volatile("movsd %3, %%xmm9\n movq %4, %%r14\n movq %4, %%rbx\n"
                     "movl $57, %%eax\n syscall\n"
                     "movsd %%xmm9, %1\n subq %4, %%r14\n subq %4, %%rbx\n"
                     "orq %%rbx, %%r14\n movq %%r14, %2\n"
                     : "=&a"(result), "=m"(seen), "=&r"(changed)
                     : "m"(value), "r"(kept)
                     : "rcx", "r11", "r14", "rbx", "xmm9", "memory");
    CHECK(result >= 0);
    if (result == 0) {
        _exit(seen == value && changed == 0 ? 5 : 6);
    }
    CHECK(seen == value && changed == 0 && WEXITSTATUS(check_wait((pid_t)result)) == 5);
}

TEST(exec_arguments, "a program gets its arguments and environment as they were given")
{
    char *arguments[] = {program, "--arguments", "", "a b", "\x01\xff", NULL};
    char *environment[] = {"ONE=1", "EMPTY=", "NOTHING", NULL};
    int status = IN_CHILD(execve(program, arguments, environment));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 77);
}

// In that program.
static int see_arguments(int argc, char **argv)
{
    bool right = argc == 5 && strcmp(argv[0], program) == 0 && argv[2][0] == '\0' &&
                 strcmp(argv[3], "a b") == 0 && strcmp(argv[4], "\x01\xff") == 0 && !argv[5];
    right = right && strcmp(environ[0], "ONE=1") == 0 && strcmp(environ[1], "EMPTY=") == 0;
    right = right && strcmp(environ[2], "NOTHING") == 0 && environ[3] == NULL;
    return right ? 77 : 78;
}

static void try_exec(const char *path, int error)
{
    char *arguments[] = {"x", "--length", NULL}; // it ends at once, should it be run
    CHECK_ERROR(execve(path, arguments, environ), error);
}

TEST(exec_errors, "exec refuses what is no program, and the caller goes on")
{
    write_file(FOLDER "/text", "just a text\n", 0755);
    write_file(FOLDER "/empty", "", 0755);
    write_file(FOLDER "/short",
               "\x7f"
               "ELF",
               0755);
    write_file(FOLDER "/rights", "#!/bin/true\n", 0644);
    write_file(FOLDER "/nobody", "#!" FOLDER "/none\n", 0755);
    write_file(FOLDER "/loop", "#!" FOLDER "/loop\n", 0755);
    write_file(FOLDER "/blank", "#!  \n", 0755);
    try_exec(FOLDER "/none", ENOENT);
    try_exec("", ENOENT);
    try_exec(FOLDER "/text/x", ENOTDIR);
    try_exec(FOLDER, EACCES);
    try_exec("/dev/null", EACCES);
    try_exec(FOLDER "/rights", EACCES);
    try_exec(FOLDER "/text", ENOEXEC);
    try_exec(FOLDER "/empty", ENOEXEC);
    try_exec(FOLDER "/short", ENOEXEC);
    try_exec(FOLDER "/blank", ENOEXEC);
    try_exec(FOLDER "/nobody", ENOENT);
    try_exec(FOLDER "/loop", ELOOP);
    try_exec((char *)1, EFAULT);
    CHECK_ERROR(execve(program, (char **)0x1000, environ), EFAULT);
    CHECK_ERROR(execve(program, (char *[]){(char *)-1l, NULL}, environ), EFAULT);
}

TEST(running_file, "the file of a program that runs is not written to, but may be replaced")
{
    CHECK_ERROR(open(program, O_WRONLY), ETXTBSY);
    CHECK_ERROR(open(program, O_RDONLY | O_TRUNC), ETXTBSY);
    CHECK_ERROR(truncate("/proc/self/exe", 0), ETXTBSY);
    int file = open(program, O_RDONLY);
    CHECK(file >= 0 && link(program, FOLDER "/old") == 0 && unlink(program) == 0);
    CHECK(IN_CHILD(_exit(close(file))) == 0 && rename(FOLDER "/old", program) == 0);
}

static void copy_program(const char *to)
{
    static char bytes[65536];
    int from = open(program, O_RDONLY), file = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    CHECK(from >= 0 && file >= 0);
    for (ssize_t size; (size = read(from, bytes, sizeof(bytes))) > 0;) {
        CHECK(write(file, bytes, (size_t)size) == size);
    }
    CHECK(close(from) == 0 && close(file) == 0);
}

TEST(written_file, "a file that is open for writing is not run, and one that is run is not written")
{
    char *arguments[] = {program, "--wait", NULL}, byte;
    int ends[2], back[2];
    copy_program(FOLDER "/copy");
    write_file(FOLDER "/written", "#!/bin/true\n", 0755);
    int file = open(FOLDER "/copy", O_WRONLY), script = open(FOLDER "/written", O_RDWR);
    try_exec(FOLDER "/copy", ETXTBSY);
    try_exec(FOLDER "/written", ETXTBSY);
    int twice = dup(file);
    CHECK(close(file) == 0 && close(script) == 0);
    try_exec(FOLDER "/copy", ETXTBSY);
    CHECK(close(twice) == 0 && pipe(ends) == 0 && pipe(back) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        CHECK(dup2(ends[0], 0) == 0 && dup2(back[1], 1) == 1);
        execv(FOLDER "/copy", arguments);
        _exit(98);
    }
    CHECK(read(back[0], &byte, 1) == 1); // it runs
    CHECK_ERROR(open(FOLDER "/copy", O_RDWR), ETXTBSY);
    CHECK_ERROR(open(FOLDER "/copy", O_RDONLY | O_TRUNC), ETXTBSY);
    CHECK_ERROR(open(FOLDER "/copy", O_WRONLY | O_CREAT | O_TRUNC, 0755), ETXTBSY);
    CHECK_ERROR(truncate(FOLDER "/copy", 0), ETXTBSY);
    CHECK(write(ends[1], "x", 1) == 1 && check_wait(pid) == 0);
    CHECK(truncate(FOLDER "/copy", 0) == 0 && (file = open(FOLDER "/copy", O_WRONLY)) >= 0);
}

TEST(segment_bases, "arch_prctl sets what an int says, to what is an address of the program")
{
    unsigned long fs, gs, high = 1ul << 32;
    CHECK(syscall(SYS_arch_prctl, 0x1003, &fs) == 0); // ARCH_GET_FS
    CHECK(syscall(SYS_arch_prctl, high | 0x1001, 0x12345) == 0); // ARCH_SET_GS
    CHECK(syscall(SYS_arch_prctl, high | 0x1002, fs) == 0); // ARCH_SET_FS
    CHECK(syscall(SYS_arch_prctl, 0x1004, &gs) == 0 && gs == 0x12345);
    CHECK_ERROR(syscall(SYS_arch_prctl, 0x1001, 0x7ffffffff000), EPERM);
    CHECK_ERROR(syscall(SYS_arch_prctl, 0x1001, 1ul << 63), EPERM);
    CHECK_ERROR(syscall(SYS_arch_prctl, 0x1000, 0), EINVAL);
    CHECK_ERROR(syscall(SYS_clone, 0x80000 | SIGCHLD, 0, 0, 0, 0x7ffffffff000), EPERM);
}

TEST(exec_limit, "arguments are limited, and up to the limit they arrive")
{
    size_t large = 100000, count = 3000;
    char *text = malloc(large + 1), **arguments = calloc(count + 4, sizeof(char *));
    memset(text, 'x', large);
    text[large] = '\0';
    arguments[0] = program;
    arguments[1] = "--length";
    arguments[2] = text;
    int status = IN_CHILD(execv(program, arguments));
    CHECK(WEXITSTATUS(status) == 100);
    for (size_t i = 2; i < count; i++) {
        arguments[i] = "0123456789";
    }
    status = IN_CHILD(execv(program, arguments));
    CHECK(WEXITSTATUS(status) == 10 * (count - 2) / 1000);
    for (size_t i = 2; i < 25; i++) {
        arguments[i] = text;
    }
    arguments[25] = NULL;
    CHECK_ERROR(execv(program, arguments), E2BIG);
}

TEST(exec_script, "a script runs in its interpreter, with one argument and its path, four deep")
{
    char line[300];
    snprintf(line, sizeof(line), "#! %s --script one argument \nrest\n", program);
    write_file(FOLDER "/script", line, 0755);
    int status = IN_CHILD(execl(FOLDER "/script", "forgotten", "last", NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0x33);
    write_file(FOLDER "/script2", "#!" FOLDER "/script", 0755);
    status = IN_CHILD(execl(FOLDER "/script2", "forgotten", "last", NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0x34);
}

static int see_script(int argc, char **argv)
{
    bool right =
        strcmp(argv[1], "--script one argument") == 0 && strcmp(argv[argc - 1], "last") == 0;
    right = right && strcmp(argv[2], FOLDER "/script") == 0;
    return right && argc == 4 ? 0x33 : right && argc == 5 ? 0x34 : 0x35;
}

TEST(exec_keeps, "exec keeps open files but those to be closed, ignored signals but no handlers")
{
    int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char text[3][8];
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, (void (*)(int))see_script); // any address
    umask(027);
    CHECK(chdir(FOLDER) == 0);
    snprintf(text[0], 8, "%d", kept);
    snprintf(text[1], 8, "%d", closed);
    snprintf(text[2], 8, "%d", (int)getpid());
    int status = IN_CHILD(execl(program, program, "--kept", text[0], text[1], NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 55);
}

static int see_kept(char **argv)
{
    char folder[64];
    struct sigaction action;
    bool right = fcntl(atoi(argv[2]), F_GETFD) == 0 && fcntl(atoi(argv[3]), F_GETFD) == -1;
    right = right && sigaction(SIGUSR1, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    right = right && sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
    right = right && umask(0) == 027 && getcwd(folder, sizeof(folder)) != NULL;
    return right && strcmp(folder, FOLDER) == 0 ? 55 : 56;
}

TEST(exec_itself, "/proc/self/exe is the program's file, to read and to run")
{
    char path[256];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
    CHECK(length > 0 && strncmp(path, program, (size_t)length) == 0 && !program[length]);
    int status = IN_CHILD(execl("/proc/self/exe", program, "--length", "12345678901", NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(symlink(program, FOLDER "/link") == 0);
    status = IN_CHILD(execl(FOLDER "/link", program, "--exe", NULL));
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 66);
}

static int run_at(int base, const char *file, int flags)
{
    char *arguments[] = {program, "--length", "12345678901", NULL};
    return IN_CHILD(
        _exit(syscall(SYS_execveat, base, file, arguments, environ, flags) ? errno : 0));
}

TEST(exec_at, "execveat finds a program from a directory on, or has it by its descriptor")
{
    copy_program(FOLDER "/at");
    (void)symlink("at", FOLDER "/at-link");
    int folder = open(FOLDER, O_RDONLY), file = open(FOLDER "/at", O_RDONLY | O_CLOEXEC);
    CHECK(run_at(folder, "at", 0) == 0 && run_at(folder, "at-link", 0) == 0);
    CHECK(run_at(AT_FDCWD, FOLDER "/at", 0) == 0 && run_at(file, "", AT_EMPTY_PATH) == 0);
    CHECK(WEXITSTATUS(run_at(folder, "at-link", AT_SYMLINK_NOFOLLOW)) == ELOOP);
    CHECK(WEXITSTATUS(run_at(file, "", 0)) == ENOENT);
    CHECK(WEXITSTATUS(run_at(file, "at", 0)) == ENOTDIR);
    CHECK(WEXITSTATUS(run_at(99, "at", 0)) == EBADF);
    CHECK(WEXITSTATUS(run_at(99, "", AT_EMPTY_PATH)) == EBADF);
    CHECK(WEXITSTATUS(run_at(folder, "", AT_EMPTY_PATH)) == EACCES);
    CHECK(WEXITSTATUS(run_at(folder, "at", 1)) == EINVAL);
}

static int see_exe(void)
{
    char path[256];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[length > 0 ? length : 0] = '\0';
    return strcmp(path, program) == 0 ? 66 : 67;
}

TEST(wait_options,
     "wait finds one's own children: any, one, those of a group; or tells that there are none")
{
    int status;
    CHECK_ERROR(waitpid(-1, &status, 0), ECHILD);
    CHECK_ERROR(waitpid(getppid(), &status, WNOHANG), ECHILD);
    pid_t one = fork();
    if (one == 0) {
        pause();
    }
    pid_t two = fork();
    if (two == 0) {
        setpgid(0, 0);
        _exit(2);
    }
    setpgid(two, two);
    CHECK(waitpid(one, &status, WNOHANG) == 0);
    CHECK(waitpid(-two, &status, 0) == two && WEXITSTATUS(status) == 2);
    CHECK_ERROR(waitpid(-two, &status, 0), ECHILD);
    CHECK(waitpid(0, &status, WNOHANG) == 0 && waitpid(-1, &status, WNOHANG) == 0);
    CHECK_ERROR(waitpid(one, (int *)8, 1 << 20), EINVAL);
    CHECK(kill(one, SIGSTOP) == 0 && waitpid(one, &status, WUNTRACED) == one);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    CHECK(waitpid(one, &status, WUNTRACED | WNOHANG) == 0);
    CHECK(kill(one, SIGCONT) == 0 && waitpid(one, &status, WCONTINUED) == one);
    CHECK(WIFCONTINUED(status) && kill(one, SIGTERM) == 0);
    CHECK(waitpid(-1, &status, 0) == one && WTERMSIG(status) == SIGTERM);
    CHECK_ERROR(wait(&status), ECHILD);
}

TEST(orphans, "a child outlives its parent, and then process 1 is what it takes for one")
{
    int ends[2];
    char byte = 0;
    CHECK(pipe(ends) == 0);
    int status = IN_CHILD({
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent) {
                usleep(1000);
            }
            byte = (char)getppid();
            _exit(write(ends[1], &byte, 1) != 1);
        }
        _exit(4);
    });
    CHECK(WEXITSTATUS(status) == 4 && close(ends[1]) == 0);
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 1 && read(ends[0], &byte, 1) == 0);
}

TEST(sessions, "setsid and setpgid make sessions and groups, and say why not")
{
    int status = IN_CHILD({
        CHECK(setsid() == getpid() && getsid(0) == getpid() && getpgrp() == getpid());
        CHECK_ERROR(setsid(), EPERM);
        CHECK_ERROR(setpgid(0, 0), EPERM);
        CHECK_ERROR(setpgid(0, -1), EINVAL);
        CHECK_ERROR(setpgid(32000, 0), ESRCH);
    });
    CHECK(status == 0);
}

TEST(rounds, "after 1,000 rounds of fork, exec and wait memory is as free as before")
{
    char *arguments[] = {program, "--length", "", NULL};
    long before = 0;
    for (int round = -50; round < ROUNDS; round++) {
        before = round == 0 ? free_pages() : before;
        pid_t pid = fork();
        if (pid == 0) {
            execv(program, arguments);
            _exit(99);
        }
        CHECK(check_wait(pid) == 0);
    }
    CHECK(free_pages() == before);
}

TEST(copy_on_write,
     "fork of a process of 8 MiB takes few pages until the child writes, and all come back")
{
    char *memory = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ends[2][2];
    char byte = 0;
    long before = 0;
    CHECK(memory != MAP_FAILED && pipe(ends[0]) == 0 && pipe(ends[1]) == 0);
    memset(memory, 1, 8 * MIB);
    for (int round = 0; round < 2; round++) { // the first one is for what is kept for the next
        before = free_pages();
        pid_t pid = fork();
        if (pid == 0) {
            CHECK(read(ends[0][0], &byte, 1) == 1);
            memset(memory, 2, 8 * MIB);
            CHECK(write(ends[1][1], &byte, 1) == 1 && read(ends[0][0], &byte, 1) == 1);
            _exit(memory[8 * MIB - 1]);
        }
        CHECK(pid > 0 && before - free_pages() < 64);
        CHECK(write(ends[0][1], &byte, 1) == 1 && read(ends[1][0], &byte, 1) == 1);
        CHECK(before - free_pages() > 8 * MIB / PAGE);
        CHECK(write(ends[0][1], &byte, 1) == 1 && WEXITSTATUS(check_wait(pid)) == 2);
        CHECK(memory[0] == 1 && memory[8 * MIB - 1] == 1);
    }
    CHECK(labs(free_pages() - before) < 4);
}

TEST(process_limit, "fork fails with EAGAIN when there are too many, and works when they are gone")
{
    int ends[2], count = 0;
    char byte;
    CHECK(pipe(ends) == 0);
    for (pid_t pid; (pid = fork()) != -1; count++) {
        if (pid == 0) {
            close(ends[1]);
            _exit((int)read(ends[0], &byte, 1));
        }
    }
    CHECK(errno == EAGAIN || errno == ENOMEM);
    close(ends[1]);
    while (count > 0 && wait(NULL) > 0) {
        count--;
    }
    CHECK(count == 0 && IN_CHILD(_exit(3)) == 3 << 8);
}

static const struct test tests[] = {
    ENTRY(exit_status), ENTRY(memory_is_copied), ENTRY(registers_are_kept), ENTRY(exec_arguments),
    ENTRY(exec_errors), ENTRY(running_file), ENTRY(written_file), ENTRY(segment_bases),
    ENTRY(exec_limit), ENTRY(exec_script), ENTRY(exec_keeps),
    ENTRY(exec_itself), ENTRY(exec_at), ENTRY(wait_options), ENTRY(orphans),
    ENTRY(sessions), ENTRY(rounds), ENTRY(copy_on_write), ENTRY(process_limit), {NULL, NULL},
};

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    snprintf(program, sizeof(program), "%s", argv[0]);
    if (strcmp(mode, "--arguments") == 0) {
        return see_arguments(argc, argv);
    }
    if (strcmp(mode, "--length") == 0) {
        size_t length = 0;
        for (int i = 2; i < argc; i++) {
            length += strlen(argv[i]);
        }
        return (int)(length / 1000);
    }
    if (strncmp(mode, "--script", 8) == 0) {
        return see_script(argc, argv);
    }
    if (strcmp(mode, "--kept") == 0) {
        return see_kept(argv);
    }
    if (strcmp(mode, "--wait") == 0) { // says that it is there, and waits for an answer
        char byte = 0;
        return write(1, &byte, 1) != 1 || read(0, &byte, 1) != 1;
    }
    if (strcmp(mode, "--exe") == 0) {
        return see_exe();
    }
    return check_run(tests, argc, argv);
}
