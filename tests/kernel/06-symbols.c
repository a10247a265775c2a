// Names for addresses and the walk along the stack: kernel/cpu/symbols.c, backtrace.c.
#include "kernel/cpu/backtrace.h"
#include "kernel/cpu/symbols.h"
#include "kernel/cpu/trap.h"
#include "kernel/dev/console.h"
#include "kernel/layout.h"
#include "kernel/main.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define FREE_VECTOR 0x81

// ---- Symbols ----

__attribute__((noinline)) static int static_function(int number)
{
    __asm__ volatile("");
    return number + 1;
}

TEST(symbols_names, "functions are found by any address in them, static ones too")
{
    size_t offset = 1;
    CHECK_STRING(symbols_find((virt_t)static_function, &offset), "static_function");
    CHECK_EQUAL(offset, 0);
    CHECK_STRING(symbols_find((virt_t)kprintf + 3, &offset), "kprintf");
    CHECK_EQUAL(offset, 3);
    const char *before = symbols_find((virt_t)kprintf - 1, &offset);
    CHECK(before != NULL && strcmp(before, "kprintf") != 0);
    // Each chapter from here on has these, in different files.
    CHECK_STRING(symbols_find((virt_t)kmain, &offset), "kmain");
    CHECK_STRING(symbols_find((virt_t)strlen, &offset), "strlen");
    CHECK_STRING(symbols_find((virt_t)symbols_find, &offset), "symbols_find");
}

TEST(symbols_outside, "addresses outside of the kernel's text have no name")
{
    size_t offset;
    static int data;
    CHECK(symbols_find(0, &offset) == NULL);
    CHECK(symbols_find((virt_t)kernel_text_start - 1, &offset) == NULL);
    CHECK(symbols_find((virt_t)kernel_text_start, &offset) != NULL);
    CHECK(symbols_find((virt_t)kernel_text_end - 1, &offset) != NULL);
    CHECK(symbols_find((virt_t)kernel_text_end, &offset) == NULL);
    CHECK(symbols_find((virt_t)&data, &offset) == NULL);
    CHECK(symbols_find(UINT64_MAX, &offset) == NULL);
}

TEST(symbols_order, "every address of the text has the name of the function before it")
{
    const char *name = "";
    size_t last = SIZE_MAX, count = 0, wrong = 0;
    for (virt_t address = (virt_t)kernel_text_start; address < (virt_t)kernel_text_end; address++) {
        size_t offset = 0;
        const char *found = symbols_find(address, &offset);
        if (!found || (offset != 0 && (found != name || offset != last + 1))) {
            wrong++;
        }
        count += offset == 0;
        name = found;
        last = offset;
    }
    CHECK_EQUAL(wrong, 0);
    CHECK(count > 150);
}

TEST(symbols_describe, "a description is name+offset, cut to the size given")
{
    char text[SYMBOL_TEXT_SIZE];
    CHECK_STRING(symbols_describe((virt_t)kprintf + 18, text, sizeof(text)), "kprintf+0x12");
    CHECK_STRING(symbols_describe((virt_t)kprintf + 18, text, 5), "kpri");
    CHECK_STRING(symbols_describe(0x1234, text, sizeof(text)), "?");
}

// ---- Backtraces: caught on their way to the console. ----

static char caught[4096];
static size_t caught_length;
static bool catching;

static void catch_text(const char *text, size_t length)
{
    for (size_t i = 0; catching && i < length && caught_length + 1 < sizeof(caught); i++) {
        caught[caught_length++] = text[i];
        caught[caught_length] = '\0';
    }
}

static void start_catching(void)
{
    static struct console_sink sink = {.write = catch_text};
    static bool registered;
    if (!registered) {
        registered = true;
        console_register(&sink);
    }
    caught_length = 0;
    caught[0] = '\0';
    catching = true;
}

static const char *find(const char *text, const char *word)
{
    for (; text && *text; text++) {
        if (strncmp(text, word, strlen(word)) == 0) {
            return text;
        }
    }
    return NULL;
}

static unsigned lines(void)
{
    unsigned count = 0;
    for (const char *text = caught; *text; text++) {
        count += *text == '\n';
    }
    return count;
}

// Checks that names come in this order, each as "name+0x".
static void check_order(const char *const *names, size_t count)
{
    const char *text = caught;
    for (size_t i = 0; i < count; i++) {
        text = find(text, names[i]);
        if (!test_check(text != NULL, __FILE__, __LINE__, names[i])) {
            return;
        }
        text += strlen(names[i]);
        CHECK(strncmp(text, "+0x", 3) == 0);
    }
}

__attribute__((noinline)) static void innermost(void)
{
    start_catching();
    backtrace_print((virt_t)innermost, (virt_t)__builtin_frame_address(0));
    catching = false;
}

__attribute__((noinline)) static void middle(void)
{
    innermost();
    __asm__ volatile("");
}

__attribute__((noinline)) static void outermost(void)
{
    middle();
    __asm__ volatile("");
}

TEST(backtrace_calls, "a backtrace names the callers, from the innermost to kmain")
{
    static const char *const names[] = {" innermost", " middle", " outermost",
                                        " test_run_backtrace_calls", " first_program", " kmain"};
    outermost();
    check_order(names, ARRAY_LENGTH(names));
    CHECK(strncmp(caught, "  #0 ffffffff8", 14) == 0);
    CHECK(find(caught, "\n  #1 ffffffff8") != NULL);
    CHECK(lines() < 20);
}

// The call is the function's last instruction: the return address lies in the next one.
__attribute__((noinline)) _Noreturn static void never_returns(void **buffer)
{
    start_catching();
    backtrace_print((virt_t)never_returns, (virt_t)__builtin_frame_address(0));
    catching = false;
    __builtin_longjmp(buffer, 1);
}

__attribute__((noinline)) static void calls_last(void **buffer)
{
    never_returns(buffer);
}

TEST(backtrace_last_call, "a function that ends with a call is named, not the one behind it")
{
    static const char *const names[] = {" never_returns", " calls_last"};
    static void *buffer[5];
    if (__builtin_setjmp(buffer) == 0) {
        calls_last(buffer);
    }
    check_order(names, ARRAY_LENGTH(names));
}

static virt_t interrupted_at;

__attribute__((noinline)) static void from_handler(struct trap_frame *frame)
{
    interrupted_at = frame->rip;
    start_catching();
    backtrace_print((virt_t)from_handler, (virt_t)__builtin_frame_address(0));
    catching = false;
}

__attribute__((noinline)) static void interrupted(void)
{
    __asm__ volatile("int %0" : : "i"(FREE_VECTOR));
}

TEST(backtrace_interrupt, "a walk goes through an interrupt to the interrupted function")
{
    static const char *const names[] = {" from_handler", " trap_dispatch", " isr_common",
                                        " interrupted", " test_run_backtrace_interrupt",
                                        " kmain"};
    trap_register(FREE_VECTOR, from_handler);
    interrupted();
    check_order(names, ARRAY_LENGTH(names));
    // The interrupted instruction is exact: no 1 is taken off for the name's sake.
    char line[SYMBOL_TEXT_SIZE];
    symbols_describe(interrupted_at, line, sizeof(line));
    CHECK(find(caught, line) != NULL);
}

TEST(backtrace_damaged, "a damaged chain of frames ends the walk and does no harm")
{
    static const virt_t bad[] = {0, 1, 8, 0x123456789abcdef0, UINT64_MAX - 7, KERNEL_AREA_BASE};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        start_catching();
        backtrace_print((virt_t)kprintf, bad[i]);
        catching = false;
        CHECK_EQUAL(lines(), 1);
    }
    // On the stack, but in a circle, downwards, unaligned, or on its last bytes.
    virt_t frame[4] = {(virt_t)frame, (virt_t)kprintf, (virt_t)&frame[0], (virt_t)kprintf};
    start_catching();
    backtrace_print((virt_t)kprintf, (virt_t)frame);
    CHECK_EQUAL(lines(), 2);
    start_catching();
    backtrace_print((virt_t)kprintf, (virt_t)&frame[2]);
    CHECK_EQUAL(lines(), 2);
    start_catching();
    backtrace_print((virt_t)kprintf, (virt_t)frame + 4);
    CHECK_EQUAL(lines(), 1);
    start_catching();
    backtrace_print((virt_t)kprintf, (virt_t)boot_stack_top - 8);
    CHECK_EQUAL(lines(), 1);
    catching = false;
}

// Builds a chain of 100 frames whose return addresses are `step` apart, and prints it.
static void print_chain(size_t step)
{
    virt_t frames[2 * 100];
    for (size_t i = 0; i < 100; i++) {
        frames[2 * i] = (virt_t)&frames[2 * (i + 1)];
        frames[2 * i + 1] = (virt_t)kprintf + 1 + i % 2 * step;
    }
    frames[2 * 99] = 0;
    start_catching();
    backtrace_print((virt_t)kprintf, (virt_t)frames);
    catching = false;
}

TEST(backtrace_bounded, "a long chain is cut after 32 lines, a recursion takes one")
{
    print_chain(1);
    CHECK_EQUAL(lines(), 32);
    print_chain(0);
    CHECK_EQUAL(lines(), 3);
    CHECK(find(caught, "... 99 times more") != NULL);
}

static void (*volatile nowhere)(void) = (void (*)(void))16;

__attribute__((noinline)) static void jump_nowhere(void)
{
    nowhere();
    __asm__ volatile("");
}

TEST_PANIC(backtrace_wild_jump, "after a call of a wrong pointer the caller is named first",
           "#0 0000000000000010 \\?\n  #1 ffffffff8[0-9a-f]+ jump_nowhere\\+0x[0-9a-f]+\n"
           "  #2 ffffffff8[0-9a-f]+ test_run_backtrace_wild_jump\\+0x")
{
    jump_nowhere();
}
