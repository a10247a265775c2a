// first_program() of the test kernel: runs the tests and reports on COM2, which the kernel itself
// leaves alone. Depends on as little of the kernel as it can: port I/O, options, format().
#include "kernel/cpu/io.h"
#include "kernel/main.h"
#include "kernel/options.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "test.h"

// COM2 and its registers (16550 data sheet).
#define PORT 0x2f8
#define REGISTER_DATA (PORT + 0) // divisor low while DLAB is set
#define REGISTER_INTERRUPTS (PORT + 1) // divisor high while DLAB is set
#define REGISTER_FIFO (PORT + 2)
#define REGISTER_LINE_CONTROL (PORT + 3)
#define REGISTER_MODEM_CONTROL (PORT + 4)
#define REGISTER_LINE_STATUS (PORT + 5)
#define LINE_8N1 0x03
#define LINE_DLAB 0x80
#define FIFO_ENABLE_AND_CLEAR 0x07
#define MODEM_DTR_RTS 0x03
#define STATUS_READY 0x20 // the holding register can take a byte
#define STATUS_EMPTY 0x40 // the last byte has left the machine

#define EXIT_PORT 0xf4 // -device isa-debug-exit: process status = value * 2 + 1
#define EXIT_PASSED 0
#define EXIT_FAILED 1

#define MESSAGES_MAX 20 // of one test: a loop that fails a million times would hide the first

static unsigned failures; // of the test that runs
static uint64_t random_state;

static void port_init(void)
{
    out8(REGISTER_INTERRUPTS, 0);
    out8(REGISTER_LINE_CONTROL, LINE_DLAB);
    out8(REGISTER_DATA, 1); // 115200 baud
    out8(REGISTER_INTERRUPTS, 0);
    out8(REGISTER_LINE_CONTROL, LINE_8N1);
    out8(REGISTER_FIFO, FIFO_ENABLE_AND_CLEAR);
    out8(REGISTER_MODEM_CONTROL, MODEM_DTR_RTS);
}

static void port_put(void *context, const char *text, size_t length)
{
    (void)context;
    for (size_t i = 0; i < length; i++) {
        while (!(in8(REGISTER_LINE_STATUS) & STATUS_READY)) {
        }
        out8(REGISTER_DATA, (uint8_t)text[i]);
    }
}

__attribute__((format(printf, 1, 2))) static void report(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    format(port_put, NULL, text, arguments);
    va_end(arguments);
}

void test_note(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    report("# ");
    format(port_put, NULL, text, arguments);
    report("\n");
    va_end(arguments);
}

// Counts a failure and tells whether to print it.
static bool note_failure(void)
{
    failures++;
    if (failures == MESSAGES_MAX + 1) {
        report("# more failures are not printed\n");
    }
    return failures <= MESSAGES_MAX;
}

bool test_check(bool condition, const char *file, int line, const char *expression)
{
    if (!condition && note_failure()) {
        report("# %s:%d: not true: %s\n", file, line, expression);
    }
    return condition;
}

void test_check_equal(uint64_t actual, uint64_t expected, const char *file, int line,
                      const char *expression)
{
    if (actual != expected && note_failure()) {
        report("# %s:%d: found %lld (%#llx), expected %lld (%#llx): %s\n", file, line,
               (long long)actual, (unsigned long long)actual, (long long)expected,
               (unsigned long long)expected, expression);
    }
}

void test_check_string(const char *actual, const char *expected, const char *file, int line,
                       const char *expression)
{
    if (strcmp(actual, expected) != 0 && note_failure()) {
        report("# %s:%d: found \"%s\", expected \"%s\": %s\n", file, line, actual, expected,
               expression);
    }
}

// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled",
// 2014). The state is never 0.
uint64_t test_random(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1d;
}

uint32_t test_random_below(uint32_t limit)
{
    // A product instead of a remainder: no 64-bit division in a 32-bit kernel.
    return (uint32_t)(((test_random() >> 32) * limit) >> 32);
}

// Starts the sequence of one test: FNV-1a over its name, from the seed.
static void random_start(uint64_t seed, const char *name)
{
    random_state = seed ^ 0xcbf29ce484222325;
    for (; *name != '\0'; name++) {
        random_state = (random_state ^ (uint8_t)*name) * 0x100000001b3;
    }
    if (random_state == 0) {
        random_state = 1;
    }
}

// Matches one pattern, which ends at a comma or at the end of the string.
static bool matches_pattern(const char *pattern, const char *name)
{
    for (; *pattern != '\0' && *pattern != ','; pattern++, name++) {
        if (*pattern == '*') {
            for (;; name++) {
                if (matches_pattern(pattern + 1, name)) {
                    return true;
                }
                if (*name == '\0') {
                    return false;
                }
            }
        }
        if (*name == '\0' || (*pattern != '?' && *pattern != *name)) {
            return false;
        }
    }
    return *name == '\0';
}

bool test_matches(const char *patterns, const char *name)
{
    for (;;) {
        if (matches_pattern(patterns, name)) {
            return true;
        }
        patterns = strchr(patterns, ',');
        if (patterns == NULL) {
            return false;
        }
        patterns++;
    }
}

// A panicking test would end the run: it must be asked for by its whole name.
static bool selected(const struct test *test, const char *patterns)
{
    if (test->panics != NULL) {
        return strcmp(patterns, test->name) == 0;
    }
    return test_matches(patterns, test->name);
}

static bool run(const struct test *test, unsigned number, uint64_t seed)
{
    report("# start %s\n", test->name);
    failures = 0;
    random_start(seed, test->name);
    test->run();
    if (test->panics != NULL) {
        failures++;
        report("# %s returned instead of panicking\n", test->name);
    }
    report("%s %u %s - %s\n", failures == 0 ? "ok" : "not ok", number, test->name, test->claim);
    return failures == 0;
}

void first_program(void)
{
    char patterns[128];
    unsigned planned = 0, number = 0, failed = 0;
    uint64_t seed = options_number("seed", 1);

    if (!options_get("tests", patterns, sizeof(patterns))) {
        strlcpy(patterns, "*", sizeof(patterns));
    }
    port_init();
    report("KTAP version 1\n");
    for (const struct test *const *test = test_list; *test != NULL; test++) {
        if ((*test)->panics != NULL) {
            report("# panics %s %s\n", (*test)->name, (*test)->panics);
        }
        planned += selected(*test, patterns);
    }
    report("1..%u\n# seed %llu\n", planned, (unsigned long long)seed);
    for (const struct test *const *test = test_list; *test != NULL; test++) {
        if (selected(*test, patterns)) {
            failed += !run(*test, ++number, seed);
        }
    }
    report("# end %u\n", failed);
    while (!(in8(REGISTER_LINE_STATUS) & STATUS_EMPTY)) {
    }
    out8(EXIT_PORT, failed == 0 ? EXIT_PASSED : EXIT_FAILED);
}
