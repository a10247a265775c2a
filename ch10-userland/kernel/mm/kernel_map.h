// The kernel's half of every address space (see kernel/layout.h for what is where).
#ifndef RUNG_KERNEL_MM_KERNEL_MAP_H
#define RUNG_KERNEL_MM_KERNEL_MAP_H

#include "boot/boot_info.h"
#include "kernel/mm/paging.h"

// The table that kernel_map_init makes. After it only the dynamic area changes, and only
// kernel/mm/kernel_area.c changes it.
extern struct page_table kernel_page_table;

// Builds and activates the final map: the image with its rights (text R-X, rodata R, data RW; none
// both writable and executable), the direct map of usable RAM and of the VGA window, in which the
// image's text and rodata are read-only too, no page below the boot stack, nothing at address 0.
// Fills all top-level entries of the kernel's half that will ever be used. Called once by kmain,
// between pmm_init and pmm_add_high_memory. Panics without memory for the tables.
void kernel_map_init(const struct boot_info *boot);

#endif
