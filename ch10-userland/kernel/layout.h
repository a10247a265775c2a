// Where things are in memory. Read by C, by nasm (as kernel/layout.inc) and by the linker script,
// so constants carry no suffixes and no casts.
#ifndef RUNG_KERNEL_LAYOUT_H
#define RUNG_KERNEL_LAYOUT_H

// Where the loader puts the kernel, and what to add to a physical address to get the virtual one:
// for the kernel's image, and for anything else in memory.
#define KERNEL_PHYS 0x100000
#define KERNEL_BASE 0xffffffff80000000
#define DIRECT_MAP_BASE 0xffff800000000000
// The dynamic area: kernel stacks between unmapped guard pages, device memory. One top-level entry.
#define KERNEL_AREA_BASE 0xffffc00000000000
#define KERNEL_AREA_SIZE 0x8000000000

// Programs: nothing is mapped below (what a null pointer reaches), nothing from the end on, as on
// Linux. The end is an address still: the last page of the half stays free, so that no instruction
// of a program ends where the next one has no address.
#define USER_START 0x10000
#define USER_END 0x00007ffffffff000

#define PAGE_SIZE 0x1000
#define KERNEL_STACK_SIZE 0x4000

// The memory of the VGA in text mode: rows of cells, a character and its colours each.
#define VGA_PHYS 0xb8000

#ifndef __ASSEMBLER__

#include "lib/types.h"

// The symbols of kernel.ld. They are addresses: take them with &, never read them. All are page
// aligned. The image is [kernel_start, kernel_end): entry code, text, rodata, then data, .bss and
// the boot stack, which are [kernel_data_start, kernel_data_end) with kernel_data_end at
// kernel_end. [boot_stack_guard, boot_stack) is the page below the boot stack that nobody may
// touch; boot_stack_top is kernel_end.
extern char kernel_start[], kernel_text_start[], kernel_text_end[], kernel_rodata_start[],
    kernel_rodata_end[], kernel_data_start[], kernel_data_end[], kernel_end[];
extern char boot_stack_guard[], boot_stack[], boot_stack_top[];

// Returns the pointer through which the kernel reaches physical memory. Valid for what the direct
// map holds: usable RAM and the VGA window (below 4 GiB before kernel_map_init has run).
static inline void *phys_to_virt(phys_t physical)
{
    return (void *)(virt_t)(physical + DIRECT_MAP_BASE);
}

// The reverse, for a pointer into the direct map.
static inline phys_t virt_to_phys(const void *pointer)
{
    return (virt_t)pointer - DIRECT_MAP_BASE;
}

// The reverse, for a pointer into the kernel's own image (a function, a static variable, a symbol
// of the linker script).
static inline phys_t image_to_phys(const void *pointer)
{
    return (virt_t)pointer - KERNEL_BASE;
}

#endif
#endif
