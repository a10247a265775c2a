// White-box tests: C functions that run inside the kernel, in place of the chapter's demo.
//
// A file tests/kernel/05-buddy.c holds from chapter 5 on, 03-07-name.c from 3 to 7. In it:
//
//     TEST(buddy_coalesces, "freeing everything gives back one block of the largest order")
//     {
//         phys_t page = pmm_alloc(0, PAGE_OTHER);
//         REQUIRE(page != 0);
//         pmm_free(page);
//         CHECK_EQUAL(pmm_free_pages(), before);
//     }
//
// Names are unique in all files. common.mk lists the tests by looking for lines that begin with
// TEST( or TEST_PANIC(, so the macro stands in column 0 with the name on the same line.
//
// Results leave the machine on COM2 as KTAP:
//
//     KTAP version 1
//     # panics double_free pmm_free: .*twice      tests that need a boot of their own, with a regex
//     1..2                                        tests of this run
//     # seed 7
//     # start buddy_coalesces                     whose fault it is when nothing follows
//     ok 1 buddy_coalesces - freeing everything gives back one block of the largest order
//     # start buddy_random
//     # tests/kernel/05-buddy.c:52: found 3 (0x3), expected 4 (0x4): pmm_free_pages() == before
//     not ok 2 buddy_random - a million random operations leave no trace
//     # end 1                                     number of tests that failed
//
// The kernel's command line chooses: tests=NAME,GLOB* (all but the panicking ones without it),
// seed=N. A panicking test runs when tests= is exactly its name. The machine ends through QEMU's
// isa-debug-exit at port F4h: process status 1 when all passed, 3 when not.
#ifndef RUNG_TESTS_KERNEL_TEST_H
#define RUNG_TESTS_KERNEL_TEST_H

#include "lib/types.h"

struct test {
    const char *name;
    const char *claim;
    const char *panics; // regular expression for the console's text, NULL: does not panic
    void (*run)(void);
};

// Defines a test: what it claims in one sentence, then the body as of a void function.
#define TEST(name, claim) TEST_DEFINE(name, claim, NULL)

// The same for a test that passes when the kernel panics with a text that matches the regular
// expression (Python's, searched in what COM1 says after "panic: ").
#define TEST_PANIC(name, claim, regex) TEST_DEFINE(name, claim, regex)

// Notes a failure unless the condition holds, and goes on.
#define CHECK(condition) ((void)test_check((condition), __FILE__, __LINE__, #condition))

// The same for two integers or pointers, and prints both. A signed value is compared after sign
// extension to 64 bits, so -ENOMEM is not 0xfffffff4.
#define CHECK_EQUAL(actual, expected)                                                              \
    test_check_equal((uint64_t)(actual), (uint64_t)(expected), __FILE__, __LINE__,                 \
                     #actual " == " #expected)

// The same for two strings.
#define CHECK_STRING(actual, expected)                                                             \
    test_check_string((actual), (expected), __FILE__, __LINE__, #actual)

// Like CHECK, but leaves the (void) function at once when the condition does not hold: for what
// the rest of the test cannot do without.
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!test_check((condition), __FILE__, __LINE__, #condition)) {                            \
            return;                                                                                \
        }                                                                                          \
    } while (0)

// Puts a line "# ..." between the results, for tests on the host's side: "usable_kib 130552".
void test_note(const char *text, ...) __attribute__((format(printf, 1, 2)));

// The next number of a random sequence that depends on seed= and the test's name alone, so a test
// that fails in company fails alone too.
uint64_t test_random(void);

// The same, at least 0 and below limit, which is not 0.
uint32_t test_random_below(uint32_t limit);

// What the macros call.
bool test_check(bool condition, const char *file, int line, const char *expression);
void test_check_equal(uint64_t actual, uint64_t expected, const char *file, int line,
                      const char *expression);
void test_check_string(const char *actual, const char *expected, const char *file, int line,
                       const char *expression);

// Whether a name matches one of the patterns, separated by commas, with * and ?.
bool test_matches(const char *patterns, const char *name);

// All tests of this kernel, ended by a NULL: written by common.mk.
extern const struct test *const test_list[];

#define TEST_DEFINE(test_name, test_claim, test_panics)                                            \
    static void test_run_##test_name(void);                                                        \
    extern const struct test test_##test_name;                                                     \
    const struct test test_##test_name = {                                                         \
        .name = #test_name,                                                                        \
        .claim = (test_claim),                                                                     \
        .panics = (test_panics),                                                                   \
        .run = test_run_##test_name,                                                               \
    };                                                                                             \
    static void test_run_##test_name(void)

#endif
