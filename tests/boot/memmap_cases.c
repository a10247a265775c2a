// The loader's memory map on the host: boot/memmap.c with a BIOS, a console and a halt that are
// played here. Usage: memmap_cases CASE [SEED]
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/bios.h"
#include "boot/memmap.h"
#include "boot/print.h"
#include "boot/start.h"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                 \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SMAP 0x534d4150
#define TOP UINT64_MAX

static uint32_t seed = 1;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(seed >> 8) * limit >> 24);
}

// ---- The console and the halt

static char console[100000];
static size_t console_length;
static jmp_buf halted;

void print(const char *text)
{
    size_t length = strlen(text);

    CHECK(console_length + length < sizeof console);
    memcpy(&console[console_length], text, length + 1);
    console_length += length;
}

void print_number(uint32_t value, unsigned base)
{
    char text[20];

    snprintf(text, sizeof text, base == 16 ? "%x" : "%u", value);
    print(text);
}

void print_hex(uint64_t value, unsigned digits)
{
    char text[20];

    snprintf(text, sizeof text, "%0*llx", (int)digits, (unsigned long long)value);
    print(text);
}

_Noreturn void halt(void)
{
    longjmp(halted, 1);
}

// ---- The BIOS

static const struct {
    const struct memory_range *entries;
    uint32_t count;
    uint32_t entry_size;
    bool only_differences; // writes the fields that differ from the entry before
    bool ends_with_error; // instead of a continuation of 0
    bool endless;
    bool wrong_signature;
    bool unknown_function; // does nothing, but leaves the flags as they were
} * bios;

#define BIOS(...)                                                                                  \
    do {                                                                                           \
        static const __typeof__(*bios) played = {__VA_ARGS__};                                     \
        bios = (const void *)&played;                                                              \
        bios_calls = 0;                                                                            \
        console_length = 0;                                                                        \
        console[0] = '\0';                                                                         \
    } while (0)

static uint32_t bios_calls;

// Continuations are scattered numbers, not indexes: only the BIOS knows what they mean.
static uint32_t continuation_of(uint32_t index)
{
    return index == 0 ? 0 : index * 0x9e3779b1u | 1;
}

static uint32_t index_of(uint32_t continuation)
{
    for (uint32_t index = 0; index <= bios->count; index++) {
        if (continuation_of(index) == continuation) {
            return index;
        }
    }
    printf("unknown continuation %x\n", continuation);
    exit(1);
}

static void write_differences(struct memory_range *target, const struct memory_range *entry)
{
    if (entry->start != entry[-1].start) {
        target->start = entry->start;
    }
    if (entry->size != entry[-1].size) {
        target->size = entry->size;
    }
    if (entry->type != entry[-1].type) {
        target->type = entry->type;
    }
}

void bios_call(uint8_t vector, struct bios_registers *registers)
{
    CHECK(vector == 0x15 && registers->eax == 0xe820 && registers->edx == SMAP);
    CHECK(registers->ecx == 20 && registers->es == 0);
    bios_calls++;
    if (bios->unknown_function) {
        return;
    }
    uint32_t index = bios->endless ? 0 : index_of(registers->ebx);
    registers->eflags &= ~EFLAGS_CARRY;
    registers->eax = bios->wrong_signature ? 0 : SMAP;
    if (index >= bios->count) {
        registers->eflags |= EFLAGS_CARRY;
        return;
    }
    // The loader's pointers have 32 bits; here, the upper half is that of all static variables.
    uint64_t upper = (uint64_t)(uintptr_t)&bios_calls >> 32 << 32;
    struct memory_range *target = (void *)(uintptr_t)(upper | registers->edi);
    const struct memory_range *entry = &bios->entries[index];
    if (!bios->only_differences || index == 0) {
        memcpy(target, entry, bios->entry_size);
    } else {
        write_differences(target, entry);
    }
    registers->ecx = bios->entry_size;
    bool last = index + 1 == bios->count && !bios->ends_with_error;
    registers->ebx = bios->endless ? 7 : last ? 0 : continuation_of(index + 1);
    registers->edx = 0xdeadbeef;
}

// ---- Helpers

// Memory of its own for the result, so that the sanitizer sees a write behind its end.
static struct memory_range *new_result(void)
{
    return calloc(MEMORY_MAP_MAX, sizeof(struct memory_range));
}

static bool same(const struct memory_range *range, uint64_t start, uint64_t size, uint32_t type)
{
    return range->start == start && range->size == size && range->type == type &&
           range->attributes == MEMORY_ENABLED;
}

static struct memory_range *result;

// Whether a range of the result is the PC's hole, which is reserved with any BIOS.
static bool hole(const struct memory_range *range)
{
    return same(range, 0xa0000, 0x60000, MEMORY_RESERVED);
}

// What memmap_read returns, UINT32_MAX if it halts.
static uint32_t read_map(void)
{
    free(result);
    result = new_result();
    return setjmp(halted) ? UINT32_MAX : memmap_read(result);
}

// ---- Cases

#define CASE(name) static void name(void)

// A map over a small universe, against a map of bytes.
#define UNIVERSE 200
#define RAW_MAX 40

static unsigned rank(uint32_t type)
{
    return type == MEMORY_DEFECTIVE     ? 5
           : type == MEMORY_RESERVED    ? 4
           : type == MEMORY_ACPI_NVS    ? 3
           : type == MEMORY_ACPI_TABLES ? 2
                                        : 1;
}

static void check_against_bytes(const struct memory_range *raw, uint32_t count, uint64_t unit)
{
    uint32_t bytes[UNIVERSE + 1] = {0};
    struct memory_range *ranges = new_result();
    uint32_t expected = 0;

    for (uint32_t i = 0; i < count; i++) {
        for (uint64_t at = raw[i].start / unit; at < (raw[i].start + raw[i].size) / unit; at++) {
            if (bytes[at] == 0 || rank(raw[i].type) > rank(bytes[at])) {
                bytes[at] = raw[i].type;
            }
        }
    }
    uint32_t found = memmap_normalize(raw, count, ranges);
    for (uint32_t at = 0; at < UNIVERSE;) {
        uint32_t end = at;
        while (end < UNIVERSE && bytes[end] == bytes[at]) {
            end++;
        }
        if (bytes[at] != 0) {
            if (expected < MEMORY_MAP_MAX) {
                CHECK(same(&ranges[expected], at * unit, (end - at) * unit, bytes[at]));
            }
            expected++;
        }
        at = end;
    }
    CHECK(found == expected);
    free(ranges);
}

CASE(random_maps)
{
    static const uint64_t units[] = {1, 4096, 1ull << 32, 1ull << 56};

    for (int round = 0; round < 20000; round++) {
        struct memory_range raw[RAW_MAX];
        uint32_t count = random_below(RAW_MAX + 1);
        uint64_t unit = units[random_below(COUNT(units))];

        for (uint32_t i = 0; i < count; i++) {
            uint32_t start = random_below(UNIVERSE - 1);
            uint32_t size = 1 + random_below(random_below(2) ? 8 : UNIVERSE - start);

            size = start + size > UNIVERSE ? UNIVERSE - start : size;
            raw[i] = (struct memory_range){start * unit, size * unit, 1 + random_below(5), 1};
        }
        check_against_bytes(raw, count, unit);
    }
}

CASE(unsorted_and_overlapping)
{
    static const struct memory_range entries[] = {
        {0x100000, 0x700000, MEMORY_USABLE, 1},   {0xf0000, 0x10000, MEMORY_RESERVED, 1},
        {0, 0xa0000, MEMORY_USABLE, 1},           {0x9fc00, 0x400, MEMORY_RESERVED, 1},
        {0x800000, 0x100000, MEMORY_USABLE, 1},   {0x3ff000, 0x2000, MEMORY_ACPI_TABLES, 1},
        {0x400000, 0x2000, MEMORY_ACPI_NVS, 1},   {0x500000, 0x1000, MEMORY_DEFECTIVE, 1},
        {0x500800, 0x1000, MEMORY_RESERVED, 1},
    };

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20);
    CHECK(read_map() == 9);
    CHECK(same(&result[0], 0, 0x9fc00, MEMORY_USABLE));
    CHECK(same(&result[1], 0x9fc00, 0x60400, MEMORY_RESERVED));
    CHECK(same(&result[2], 0x100000, 0x2ff000, MEMORY_USABLE));
    CHECK(same(&result[3], 0x3ff000, 0x1000, MEMORY_ACPI_TABLES));
    CHECK(same(&result[4], 0x400000, 0x2000, MEMORY_ACPI_NVS));
    CHECK(same(&result[5], 0x402000, 0xfe000, MEMORY_USABLE));
    CHECK(same(&result[6], 0x500000, 0x1000, MEMORY_DEFECTIVE));
    CHECK(same(&result[7], 0x501000, 0x800, MEMORY_RESERVED));
    CHECK(same(&result[8], 0x501800, 0x3fe800, MEMORY_USABLE));
    CHECK(console_length == 0);
}

// An empty range gives its type to nothing.
CASE(empty)
{
    static const struct memory_range entries[] = {
        {0, 0x1000, MEMORY_USABLE, 1}, {0x900, 0, MEMORY_RESERVED, 1}, {0x5000, 0, MEMORY_USABLE, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20);
    CHECK(read_map() == 2);
    CHECK(same(&result[0], 0, 0x1000, MEMORY_USABLE) && hole(&result[1]));
}

// Some BIOSes have 24 bytes, whatever they are asked for, and leave the attributes of ACPI 3 at 0.
CASE(attributes_do_not_matter)
{
    static const struct memory_range entries[] = {
        {0, 0x1000, MEMORY_USABLE, 0}, {0x1000, 0x1000, MEMORY_RESERVED, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 24);
    CHECK(read_map() == 3);
    CHECK(same(&result[0], 0, 0x1000, MEMORY_USABLE));
    CHECK(same(&result[1], 0x1000, 0x1000, MEMORY_RESERVED) && hole(&result[2]));
}

// Some write only what differs from the entry before: they take it for granted that it still is
// where they put it, as they put it.
CASE(only_differences)
{
    static const struct memory_range entries[] = {{0x200000, 0x1000, MEMORY_USABLE, 1},
                                                  {0x201000, 0x1000, 9, 1},
                                                  {0x202000, 0x1000, 9, 1},
                                                  {0x300000, 0x1000, MEMORY_USABLE, 1},
                                                  {0x400000, 0x1000, MEMORY_USABLE, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20, .only_differences = true);
    CHECK(read_map() == 5);
    CHECK(hole(&result[0]) && same(&result[1], 0x200000, 0x1000, MEMORY_USABLE));
    CHECK(same(&result[2], 0x201000, 0x2000, MEMORY_RESERVED));
    CHECK(same(&result[3], 0x300000, 0x1000, MEMORY_USABLE));
    CHECK(same(&result[4], 0x400000, 0x1000, MEMORY_USABLE));
}

// Video memory and ROMs are no RAM, even where the BIOS says so.
CASE(hole_is_reserved)
{
    static const struct memory_range entries[] = {{0, 0x8000000, MEMORY_USABLE, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20);
    CHECK(read_map() == 3);
    CHECK(same(&result[0], 0, 0xa0000, MEMORY_USABLE) && hole(&result[1]));
    CHECK(same(&result[2], 0x100000, 0x7f00000, MEMORY_USABLE));
}

CASE(ends_with_error)
{
    static const struct memory_range entries[] = {
        {0, 0x1000, MEMORY_USABLE, 1}, {0x1000, 0x1000, MEMORY_RESERVED, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20, .ends_with_error = true);
    CHECK(read_map() == 3);
    CHECK(bios_calls == 3);
}

CASE(unknown_types_are_reserved)
{
    static const struct memory_range entries[] = {
        {0, 0x1000, 0, 1}, {0x1000, 0x1000, 6, 1}, {0x2000, 0x1000, 0xffffffff, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20);
    CHECK(read_map() == 2);
    CHECK(same(&result[0], 0, 0x3000, MEMORY_RESERVED) && hole(&result[1]));
}

CASE(end_of_the_address_space)
{
    static const struct memory_range entries[] = {
        {TOP - 0xfff, 0x1000, MEMORY_RESERVED, 1}, {TOP - 0x1fff, TOP, MEMORY_USABLE, 1}};

    BIOS(.entries = entries, .count = COUNT(entries), .entry_size = 20);
    CHECK(read_map() == 3);
    CHECK(same(&result[1], TOP - 0x1fff, 0x1000, MEMORY_USABLE));
    CHECK(same(&result[2], TOP - 0xfff, 0xfff, MEMORY_RESERVED));
}

CASE(no_map)
{
    static const struct memory_range entries[] = {{0, 0x1000, MEMORY_USABLE, 1}};
    const char *line = "memory: the BIOS has no map (int 15h, EAX = E820h)\n";

    BIOS(.unknown_function = true);
    CHECK(read_map() == UINT32_MAX && strcmp(console, line) == 0);
    BIOS(.count = 0, .entry_size = 20);
    CHECK(read_map() == UINT32_MAX && strcmp(console, line) == 0);
    BIOS(.entries = entries, .count = 1, .entry_size = 20, .wrong_signature = true);
    CHECK(read_map() == UINT32_MAX && strcmp(console, line) == 0);
}

CASE(endless)
{
    static const struct memory_range entries[] = {{0, 0, MEMORY_USABLE, 1}};

    BIOS(.entries = entries, .count = 1, .entry_size = 20, .endless = true);
    CHECK(read_map() == UINT32_MAX);
    CHECK(strcmp(console, "memory: the BIOS's map has more entries than there is room for\n") == 0);
}

static struct memory_range many[200];

static void fill_many(void)
{
    for (uint32_t i = 0; i < COUNT(many); i++) {
        many[i] = (struct memory_range){0x101000 + 0x2000 * (uint64_t)i, 0x1000, MEMORY_USABLE, 1};
    }
}

CASE(too_many_entries)
{
    fill_many();
    BIOS(.entries = many, .count = 129, .entry_size = 20);
    CHECK(read_map() == UINT32_MAX);
    CHECK(strcmp(console, "memory: the BIOS's map has more entries than there is room for\n") == 0);
}

CASE(too_many_ranges)
{
    fill_many();
    BIOS(.entries = many, .count = 63, .entry_size = 20);
    CHECK(read_map() == 64 && console_length == 0);
    BIOS(.entries = many, .count = 128, .entry_size = 20);
    CHECK(read_map() == 64);
    CHECK(strcmp(console, "memory: too many ranges, the highest are left out\n") == 0);
    CHECK(hole(&result[0]));
    for (uint32_t i = 1; i < 64; i++) {
        CHECK(same(&result[i], many[i - 1].start, many[i - 1].size, MEMORY_USABLE));
    }
}

CASE(printed)
{
    static const struct memory_range ranges[] = {
        {0, 0x9fc00, MEMORY_USABLE, 1},
        {0x9fc00, 0x400, MEMORY_RESERVED, 1},
        {0x7fe0000, 0x10000, MEMORY_ACPI_TABLES, 1},
        {0x7ff0000, 0x10000, MEMORY_ACPI_NVS, 1},
        {0xfd00000000, 0x300000000, MEMORY_DEFECTIVE, 1},
    };

    memmap_print(ranges, COUNT(ranges));
    CHECK(strcmp(console, "memory: 0000000000000000-000000000009fbff usable\n"
                          "memory: 000000000009fc00-000000000009ffff reserved\n"
                          "memory: 0000000007fe0000-0000000007feffff ACPI tables\n"
                          "memory: 0000000007ff0000-0000000007ffffff ACPI NVS\n"
                          "memory: 000000fd00000000-000000ffffffffff defective\n") == 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {
        {"random_maps", random_maps},
        {"unsorted_and_overlapping", unsorted_and_overlapping},
        {"empty", empty},
        {"attributes_do_not_matter", attributes_do_not_matter},
        {"only_differences", only_differences},
        {"hole_is_reserved", hole_is_reserved},
        {"ends_with_error", ends_with_error},
        {"unknown_types_are_reserved", unknown_types_are_reserved},
        {"end_of_the_address_space", end_of_the_address_space},
        {"no_map", no_map},
        {"endless", endless},
        {"too_many_entries", too_many_entries},
        {"too_many_ranges", too_many_ranges},
        {"printed", printed},
    };

    seed = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
    for (size_t i = 0; argc > 1 && i < COUNT(cases); i++) {
        if (strcmp(cases[i].name, argv[1]) == 0) {
            cases[i].run();
            return 0;
        }
    }
    printf("no such case\n");
    return 2;
}
