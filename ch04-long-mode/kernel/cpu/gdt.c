#include "kernel/cpu/gdt.h"

#include "kernel/cpu/cpu.h"

// Segment descriptor (Intel SDM vol. 3A, 3.4.5). 64-bit code and data have no base and no limit.
struct __attribute__((packed)) segment_descriptor {
    uint16_t limit_low;
    uint16_t base_low;
    uint8_t base_middle;
    uint8_t access;
    uint8_t flags; // and bits 19 to 16 of the limit
    uint8_t base_high;
};

_Static_assert(sizeof(struct segment_descriptor) == 8, "selectors count in steps of 8");

#define ACCESS_P 0x80 // present
#define ACCESS_S 0x10 // code or data, no system segment
#define ACCESS_CODE 0x08 // code, else data
#define ACCESS_RW 0x02 // readable code, writable data
#define ACCESS_ACCESSED 0x01 // set from the start, so that the processor need not do it
#define ACCESS_SEGMENT (ACCESS_P | ACCESS_S | ACCESS_RW | ACCESS_ACCESSED)
#define FLAGS_L 0x20 // 64-bit code

static struct segment_descriptor gdt[] = {
    [GDT_KERNEL_CODE / 8] = {.access = ACCESS_SEGMENT | ACCESS_CODE, .flags = FLAGS_L},
    [GDT_KERNEL_DATA / 8] = {.access = ACCESS_SEGMENT},
};

void gdt_init(void)
{
    const struct cpu_table_pointer pointer = {.limit = sizeof(gdt) - 1, .base = (virt_t)gdt};

    __asm__ volatile("lgdt %0" : : "m"(pointer));
    // CS changes only by a jump, call or return to another segment.
    __asm__ volatile("pushq %0\n"
                     "leaq 1f(%%rip), %%rax\n"
                     "pushq %%rax\n"
                     "lretq\n"
                     "1:\n"
                     "movl %1, %%eax\n"
                     "movl %%eax, %%ds\n"
                     "movl %%eax, %%es\n"
                     "movl %%eax, %%ss\n"
                     "movl %%eax, %%fs\n"
                     "movl %%eax, %%gs\n"
                     :
                     : "i"(GDT_KERNEL_CODE), "i"(GDT_KERNEL_DATA)
                     : "rax", "memory");
    // After reset there is an LDT of 64 KiB at address 0 (Intel SDM vol. 3A, table 10-1).
    __asm__ volatile("lldt %w0" : : "r"(0));
}
