// The map of physical memory: which addresses are RAM, and which of it may be used. The kernel has
// the same struct, compiled for 32 or 64 bits.
#ifndef RUNG_BOOT_MEMMAP_H
#define RUNG_BOOT_MEMMAP_H

#include <stdbool.h>
#include <stdint.h>

#define MEMORY_MAP_MAX 64

// Types, and the numbers that the BIOS gives them (ACPI 6.5, section 15, "Address Range Types").
#define MEMORY_USABLE 1
#define MEMORY_RESERVED 2
#define MEMORY_ACPI_TABLES 3 // usable for who has read the tables
#define MEMORY_ACPI_NVS 4 // to be kept for the firmware
#define MEMORY_DEFECTIVE 5

#define MEMORY_ENABLED 0x1u // in attributes: without it the range does not count

struct memory_range {
    uint64_t start;
    uint64_t size; // in bytes
    uint32_t type;
    uint32_t attributes;
};

_Static_assert(sizeof(struct memory_range) == 24, "as the BIOS has it, in 16, 32 and 64-bit code");

// Reads the map of the BIOS and puts it in order, as memmap_normalize does. 640 KiB to 1 MiB, where
// a PC has its devices, is reserved whatever the BIOS says. Returns the number of ranges. Where the
// BIOS has no map, or one that is too long: one line, and a halt.
uint32_t memmap_read(struct memory_range ranges[MEMORY_MAP_MAX]);

// Puts `count` ranges of types above, in any order, overlapping or not, into order: the result is
// sorted, no two ranges overlap, and neighbours of one type are merged. Where ranges overlap, the
// stricter type holds: defective, reserved, NVS, tables, usable. What would begin at or end after
// the last byte of 2^64 is cut there. Returns the number of ranges in the result. If it is above
// MEMORY_MAP_MAX, the highest are missing.
uint32_t memmap_normalize(const struct memory_range *raw, uint32_t count,
                          struct memory_range ranges[MEMORY_MAP_MAX]);

// Prints an ordered map, a line for each range.
void memmap_print(const struct memory_range *ranges, uint32_t count);

// Tells whether all of [start, start + size) is usable, by an ordered map.
bool memmap_is_usable(const struct memory_range *ranges, uint32_t count, uint64_t start,
                      uint64_t size);

#endif
