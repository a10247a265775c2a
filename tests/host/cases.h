// What host tests consist of: `PROGRAM NAME SEED` runs one CASE, test_*.py finds their names and
// claims in the text. One file defines CASES_MAIN, and so has main.
#ifndef RUNG_TESTS_HOST_CASES_H
#define RUNG_TESTS_HOST_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

extern struct test_case *cases;
extern uint64_t random_state;

#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(void);                                                             \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(void)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

// splitmix64
static inline uint64_t random_bits(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static inline size_t random_below(size_t limit)
{
    return random_bits() % limit;
}

// A string of such bytes in a block of exactly its size, so that the address sanitizer sees each
// byte read or written beyond.
static inline char *random_text(size_t length, const char *bytes)
{
    char *text = malloc(length + 1);
    size_t count = strlen(bytes);
    for (size_t i = 0; i < length; i++) {
        text[i] = bytes[random_below(count)];
    }
    text[length] = '\0';
    return text;
}

#ifdef CASES_MAIN
struct test_case *cases;
uint64_t random_state;

int main(int argc, char **argv)
{
    random_state = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
    for (struct test_case *each = cases; each != NULL; each = each->next) {
        if (argc > 1 && strcmp(each->name, argv[1]) == 0) {
            each->run();
            return 0;
        }
    }
    fprintf(stderr, "no such case\n");
    return 2;
}
#endif

#endif
