// What the loader hands to the kernel: EAX holds BOOT_INFO_MAGIC, EBX the physical address of a
// struct boot_info below 1 MiB. The machine is in 32-bit protected mode with flat 4 GiB segments,
// A20 open, paging, interrupts and NMIs off. The kernel copies the struct before it reuses low
// memory.
#ifndef RUNG_BOOT_BOOT_INFO_H
#define RUNG_BOOT_BOOT_INFO_H

#define BOOT_INFO_MAGIC 0x474e5552 // "RUNG" in memory
#define BOOT_INFO_VERSION 1

#ifndef __ASSEMBLER__

#include "boot/command_line.h"
#include "boot/memmap.h"

struct boot_info {
    uint32_t magic; // BOOT_INFO_MAGIC once more
    uint32_t version; // BOOT_INFO_VERSION
    uint32_t boot_drive; // the BIOS drive number, 0x80 for the first disk
    uint32_t disk_signature; // from byte 440 of the boot disk's MBR
    uint32_t kernel_start; // physical extent of kernel.bin as loaded, without .bss
    uint32_t kernel_end;
    char command_line[COMMAND_LINE_SIZE];
    uint32_t memory_range_count;
    uint32_t reserved; // keeps the ranges aligned to 8 in every mode
    struct memory_range memory[MEMORY_MAP_MAX];
};

_Static_assert(sizeof(struct boot_info) == 32 + COMMAND_LINE_SIZE + 24 * MEMORY_MAP_MAX,
               "the same in 16, 32 and 64-bit code");

#endif
#endif
