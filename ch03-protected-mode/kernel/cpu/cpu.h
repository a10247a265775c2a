// Single instructions that C has no words for. Names as in the Intel SDM. Any context, except where
// a function says otherwise.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

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
