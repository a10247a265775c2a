// Stands in front of the chapter's kernel/layout.h when kernel code is built for the host: physical
// memory is a large array of ours, and the kernel's image is only a hole in it.
#ifndef RUNG_KERNEL_LAYOUT_H
#define RUNG_KERNEL_LAYOUT_H

#include "lib/types.h"

#define KERNEL_PHYS 0x100000
#define DIRECT_MAP_BASE 0xffff800000000000
#define KERNEL_AREA_BASE 0xffffc00000000000
#define PAGE_SIZE 0x1000

extern char *host_memory; // what stands for physical address 0
extern phys_t host_kernel_end; // end of the image that starts at KERNEL_PHYS
extern char kernel_end[];

static inline void *phys_to_virt(phys_t physical)
{
    return host_memory + physical;
}

static inline phys_t virt_to_phys(const void *pointer)
{
    return (phys_t)((virt_t)pointer - (virt_t)host_memory);
}

static inline phys_t image_to_phys(const void *pointer)
{
    (void)pointer; // kernel_end is the only one
    return host_kernel_end;
}

#endif
