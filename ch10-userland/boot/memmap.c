#include "boot/memmap.h"

#include <stdbool.h>

#include "boot/bios.h"
#include "boot/print.h"
#include "boot/start.h"

#define MEMORY_MAP_VECTOR 0x15
#define MEMORY_MAP_FUNCTION 0xe820
#define MEMORY_MAP_SIGNATURE 0x534d4150 // "SMAP"

// All but the attributes. They came with ACPI 3, and some BIOSes leave them 0: "does not count".
#define ENTRY_SIZE 20

// As many as Linux takes from a BIOS.
#define RAW_MAX 128

// On every PC: video memory, ROMs. Some BIOSes say that it is RAM.
#define HOLE_START 0xa0000
#define HOLE_SIZE 0x60000

// Asks for one entry of the BIOS's map (ACPI 6.5, 15.1). *continuation is 0 for the first; after
// the last it is 0 again. Returns false where there is none. All calls get the same buffer, as it
// was left: some BIOSes write only what differs from the entry before.
static bool read_entry(struct memory_range *entry, uint32_t *continuation)
{
    static struct memory_range buffer;
    struct bios_registers registers = {
        .eax = MEMORY_MAP_FUNCTION,
        .ebx = *continuation,
        .ecx = ENTRY_SIZE,
        .edx = MEMORY_MAP_SIGNATURE,
        .edi = (uint32_t)(uintptr_t)&buffer,
        .eflags = EFLAGS_CARRY, // a BIOS that doesn't know the function leaves it set
    };

    bios_call(MEMORY_MAP_VECTOR, &registers);
    if (registers.eflags & EFLAGS_CARRY || registers.eax != MEMORY_MAP_SIGNATURE) {
        return false;
    }
    *entry = buffer;
    if (entry->type < MEMORY_USABLE || entry->type > MEMORY_DEFECTIVE) {
        entry->type = MEMORY_RESERVED; // for types unknown, ACPI wants that
    }
    *continuation = registers.ebx;
    return true;
}

// Returns the number of entries. Some BIOSes end their list with an error instead of a zero.
static uint32_t read_raw(struct memory_range raw[RAW_MAX])
{
    uint32_t count = 0;
    uint32_t continuation = 0;

    do {
        if (count == RAW_MAX) {
            // It can't be left out: it may say that memory is in use which seemed usable.
            print("memory: the BIOS's map has more entries than there is room for\n");
            halt();
        }
        if (!read_entry(&raw[count], &continuation)) {
            return count;
        }
        count++;
    } while (continuation != 0);
    return count;
}

// The end of a range, cut to what 64 bits hold.
static uint64_t end_of(const struct memory_range *range)
{
    uint64_t end = range->start + range->size;

    return end < range->start ? UINT64_MAX : end;
}

// The first place above `position` where a range starts or ends; UINT64_MAX if there is none.
static uint64_t next_border(const struct memory_range *raw, uint32_t count, uint64_t position)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = end_of(&raw[i]);

        if (raw[i].start > position && raw[i].start < next) {
            next = raw[i].start;
        }
        if (end > position && end < next) {
            next = end;
        }
    }
    return next;
}

static unsigned strictness(uint32_t type)
{
    static const uint8_t order[] = {
        [MEMORY_USABLE] = 1,
        [MEMORY_ACPI_TABLES] = 2,
        [MEMORY_ACPI_NVS] = 3,
        [MEMORY_RESERVED] = 4,
        [MEMORY_DEFECTIVE] = 5,
    };

    return order[type];
}

// The strictest type that any range gives to `position`, 0 if none holds it.
static uint32_t type_at(const struct memory_range *raw, uint32_t count, uint64_t position)
{
    uint32_t type = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (raw[i].start <= position && position < end_of(&raw[i]) &&
            strictness(raw[i].type) > strictness(type)) {
            type = raw[i].type;
        }
    }
    return type;
}

// Adds a range behind the others, or lets the last one grow. Returns the new count, also when
// there was no room.
static uint32_t append(struct memory_range *ranges, uint32_t count, const struct memory_range *new)
{
    if (count > 0 && count <= MEMORY_MAP_MAX) {
        struct memory_range *last = &ranges[count - 1];

        if (last->type == new->type && end_of(last) == new->start) {
            last->size += new->size;
            return count;
        }
    }
    if (count < MEMORY_MAP_MAX) {
        ranges[count] = *new;
    }
    return count + 1;
}

// Goes from border to border. Between two of them nothing changes, so it is enough to look which
// ranges hold the first byte: there is no need to sort, to split or to compare ranges in pairs.
uint32_t memmap_normalize(const struct memory_range *raw, uint32_t raw_count,
                          struct memory_range ranges[MEMORY_MAP_MAX])
{
    uint32_t count = 0;
    uint64_t position = 0;

    while (position < UINT64_MAX) {
        uint64_t next = next_border(raw, raw_count, position);
        struct memory_range range = {
            .start = position,
            .size = next - position,
            .type = type_at(raw, raw_count, position),
            .attributes = MEMORY_ENABLED,
        };

        if (range.type != 0) {
            count = append(ranges, count, &range);
        }
        position = next;
    }
    return count;
}

uint32_t memmap_read(struct memory_range ranges[MEMORY_MAP_MAX])
{
    static struct memory_range raw[RAW_MAX + 1];
    uint32_t raw_count = read_raw(raw);

    if (raw_count == 0) {
        print("memory: the BIOS has no map (int 15h, EAX = E820h)\n");
        halt();
    }
    raw[raw_count] = (struct memory_range){HOLE_START, HOLE_SIZE, MEMORY_RESERVED, MEMORY_ENABLED};
    uint32_t count = memmap_normalize(raw, raw_count + 1, ranges);

    if (count > MEMORY_MAP_MAX) {
        print("memory: too many ranges, the highest are left out\n");
        return MEMORY_MAP_MAX;
    }
    return count;
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {
        [MEMORY_USABLE] = "usable",
        [MEMORY_RESERVED] = "reserved",
        [MEMORY_ACPI_TABLES] = "ACPI tables",
        [MEMORY_ACPI_NVS] = "ACPI NVS",
        [MEMORY_DEFECTIVE] = "defective",
    };

    return names[type];
}

void memmap_print(const struct memory_range *ranges, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        print("memory: ");
        print_hex(ranges[i].start, 16);
        print("-");
        print_hex(end_of(&ranges[i]) - 1, 16);
        print(" ");
        print(type_name(ranges[i].type));
        print("\n");
    }
}

bool memmap_is_usable(const struct memory_range *ranges, uint32_t count, uint64_t start,
                      uint64_t size)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t end = end_of(&ranges[i]);

        if (ranges[i].start <= start && start < end) {
            return ranges[i].type == MEMORY_USABLE && end - start >= size;
        }
    }
    return false;
}
