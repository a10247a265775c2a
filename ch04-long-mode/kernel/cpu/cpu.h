// Single instructions that C has no words for. Names as in the Intel SDM. Any context, except where
// a function says otherwise.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

// Control registers (Intel SDM vol. 3A, 2.5) and model-specific registers (vol. 4), with those of
// their bits that this kernel uses. Also read by nasm.
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800

// What LGDT and LIDT take: the pseudo-descriptor of Intel SDM vol. 3A, 3.5.1.
struct __attribute__((packed)) cpu_table_pointer {
    uint16_t limit; // size of the table less one
    uint64_t base;
};

// Stops this CPU for good.
_Noreturn static inline void cpu_halt(void)
{
    while (true) {
        __asm__ volatile("cli; hlt" : : : "memory");
    }
}

// Turns interrupts off.
static inline void cpu_disable_interrupts(void)
{
    __asm__ volatile("cli" : : : "memory");
}

// Reads the time stamp counter.
static inline uint64_t cpu_read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
