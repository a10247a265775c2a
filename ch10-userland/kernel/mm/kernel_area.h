// The dynamic area of the kernel's addresses: stacks and device memory, each between unmapped
// guard pages.
#ifndef RUNG_KERNEL_MM_KERNEL_AREA_H
#define RUNG_KERNEL_MM_KERNEL_AREA_H

#include "kernel/mm/paging.h"

// So many stacks stay mapped after they were freed, and are the next to be allocated. (Who writes
// to a freed stack is caught only if it was not kept.)
#define KERNEL_AREA_KEPT_STACKS 4

// The functions of this first group are called after kmalloc_init. They do not sleep; any context.

// Allocates a stack of KERNEL_STACK_SIZE bytes, unmapped pages on both sides. Returns its lowest
// address, or NULL without memory. Not cleared. The cost does not grow with the stacks in use.
void *kernel_area_alloc_stack(void);

// Gives a stack back. Panics when it is not the lowest address of one in use. Not while running on
// it. The cost does not grow either.
void kernel_area_free_stack(void *stack);

// Maps device registers, uncached. physical and size (at least 1) need no alignment. Returns the
// pointer to `physical`, or NULL without memory or when the processor cannot address the range.
void *kernel_area_map_device(phys_t physical, size_t size);

// Takes the mapping away. Panics when the pointer is not one that kernel_area_map_device gave.
void kernel_area_unmap_device(void *pointer);

// The functions below explain faults and backtraces. They take no lock and never fault; call them
// with interrupts off.

// Says in words what an address of the area is, or is next to: "guard page below the stack at
// 0xffffc00000001000" or the like, cut to size - 1 bytes. Returns false outside of the area.
bool kernel_area_describe(virt_t address, char *text, size_t size);

// Whether an address lies in the unmapped page right below a stack: the mark of an overflow.
bool kernel_area_is_stack_guard(virt_t address);

// Whether [address, address + size) lies within one stack in use: all of it is mapped.
bool kernel_area_in_stack(virt_t address, size_t size);

#endif
