// A program of tests: each runs in a child of its own, and says on the standard output how it ended:
//
//     ok NAME
//     not ok NAME: FILE:LINE: EXPRESSION
//
// It uses POSIX alone, and so runs on Linux too (where it says what Linux does). Started as process 1
// it turns the machine off at the end.
#ifndef RUNG_TESTS_USER_CHECK_H
#define RUNG_TESTS_USER_CHECK_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST(name, claim) static void test_##name(void)

// Ends the test when it is not so.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(__FILE__, __LINE__, #condition);                                          \
        }                                                                                          \
    } while (0)

#define CHECK_ERROR(call, number) CHECK((call) == -1 && errno == (number))

struct test {
    const char *name;
    void (*run)(void);
};

// A list of tests: {ENTRY(one), ENTRY(two), {NULL, NULL}}.
#define ENTRY(name) {#name, test_##name}

static const char *check_test; // the running one's name

static inline void check_failed(const char *file, int line, const char *expression)
{
    const char *slash = strrchr(file, '/');
    int error = errno;
    printf("not ok %s: %s:%d: %s (errno %d)\n", check_test, slash != NULL ? slash + 1 : file, line,
           expression, error);
    fflush(stdout);
    _exit(1);
}

// Waits until /proc tells of a process that it is in a state: 'S' sleeps, 'Z' has ended.
static inline void check_state(pid_t pid, char state)
{
    const char wanted[] = {')', ' ', state, ' ', '\0'};
    char path[32], text[100];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    do {
        usleep(10000);
        int file = open(path, O_RDONLY);
        ssize_t length = read(file, text, sizeof(text) - 1);
        text[length > 0 ? length : 0] = '\0';
        close(file);
    } while (strstr(text, wanted) == NULL);
}

static inline void check_sleeps(pid_t pid)
{
    check_state(pid, 'S');
}

// How a child ended.
static inline int check_wait(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) != pid) {
        if (errno != EINTR) {
            return -1;
        }
    }
    return status;
}

// Runs what follows, up to its _exit, in a child; evaluates to its wait status.
#define IN_CHILD(...)                                                                              \
    ({                                                                                             \
        pid_t in_child = fork();                                                                   \
        if (in_child == 0) {                                                                       \
            __VA_ARGS__;                                                                           \
            _exit(0);                                                                              \
        }                                                                                          \
        check_wait(in_child);                                                                      \
    })

static inline void check_one(const struct test *test)
{
    check_test = test->name;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        test->run();
        printf("ok %s\n", test->name);
        fflush(stdout);
        _exit(0);
    }
    int status = pid > 0 ? check_wait(pid) : -1;
    if (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 1)) {
        printf("not ok %s: ended with wait status %#x\n", test->name, (unsigned)status);
        fflush(stdout);
    }
}

// All tests, or the ones that argv names.
static inline int check_run(const struct test *tests, int argc, char **argv)
{
    for (const struct test *test = tests; test->name != NULL; test++) {
        for (int i = argc > 1 ? 1 : 0; i < argc; i++) {
            if (argc == 1 || strcmp(argv[i], test->name) == 0) {
                check_one(test);
            }
        }
    }
    printf("done\n");
    fflush(stdout);
    if (getpid() == 1) {
        reboot(RB_POWER_OFF);
    }
    return 0;
}

#endif
