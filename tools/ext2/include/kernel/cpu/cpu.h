// Stands in front of the chapter's kernel/cpu/cpu.h when kernel code is built for the host, where
// nothing interrupts.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

static inline bool cpu_save_interrupts(void)
{
    return true;
}

static inline void cpu_restore_interrupts(bool enabled)
{
    (void)enabled;
}

#endif
