// Stands in front of the chapter's kernel/layout.h when kernel code is built for the host: physical
// memory is an array of ours.
#ifndef RUNG_KERNEL_LAYOUT_H
#define RUNG_KERNEL_LAYOUT_H

#include "lib/types.h"

#define PAGE_SIZE 0x1000
#define USER_START 0x10000
#define USER_END 0x00007ffffffff000

extern char *host_memory; // what stands for physical address 0

static inline void *phys_to_virt(phys_t physical)
{
    return host_memory + physical;
}

static inline phys_t virt_to_phys(const void *pointer)
{
    return (phys_t)((virt_t)pointer - (virt_t)host_memory);
}

#endif
