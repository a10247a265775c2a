// A machine for the memory allocators on the host: physical memory of any shape, panics that can be
// caught, a source of choices. The allocators themselves are the chapter's own files.
#ifndef RUNG_TESTS_HOST_MEMORY_H
#define RUNG_TESTS_HOST_MEMORY_H

#include "boot/boot_info.h"
#include "kernel/layout.h"

#include <setjmp.h>

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

// Where a trace takes its decisions from: a random sequence, or the bytes of a fuzzer.
struct choices {
    uint64_t state;
    const uint8_t *bytes, *end; // NULL: random
};

// A number at least 0 and below limit (above 0). When a fuzzer's bytes are used up: 0.
uint32_t choose(struct choices *choices, uint32_t limit);
bool choices_left(const struct choices *choices);

// A memory map under construction.
void map_clear(struct boot_info *boot);
void map_add(struct boot_info *boot, uint64_t start, uint64_t size, uint32_t type);

// The map of a QEMU `pc` with so much memory.
void map_pc(struct boot_info *boot, uint64_t bytes);

// Starts a machine with this map: memory is fresh, pmm and kmalloc are initialised.
void machine_start(const struct boot_info *boot);

// The same without calling the allocators.
void machine_clear(void);

// Number of address bits that cpuid_physical_bits reports.
extern unsigned machine_physical_bits;

// What was printed by kprintf, and the message of the last panic.
extern char machine_output[4096];
extern char panic_message[512];

// Runs a statement that must panic with a message that contains `text`.
#define EXPECT_PANIC(statement, text)                                                              \
    do {                                                                                           \
        panic_expected = true;                                                                     \
        if (setjmp(panic_return) == 0) {                                                           \
            statement;                                                                             \
            fail(__FILE__, __LINE__, "did not panic: " #statement);                                \
        }                                                                                          \
        panic_check(text, __FILE__, __LINE__);                                                     \
    } while (0)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail(__FILE__, __LINE__, #condition);                                                  \
        }                                                                                          \
    } while (0)

extern jmp_buf panic_return;
extern bool panic_expected;
void panic_check(const char *text, const char *file, int line);
_Noreturn void fail(const char *file, int line, const char *what);

// The traces: random operations against an oracle, on a machine that runs.
void trace_pages(struct choices *choices, const struct boot_info *boot, unsigned operations);
void trace_kmalloc(struct choices *choices, unsigned operations);

#endif
