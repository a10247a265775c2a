// Stands in front of the chapter's kernel/cpu/cpu.h: interrupts are those of model.c.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

bool cpu_save_interrupts(void);
void cpu_restore_interrupts(bool enabled);

#endif
