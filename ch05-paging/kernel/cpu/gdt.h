// The kernel's segments. In long mode they carry rights and modes, no longer bases and limits.
#ifndef RUNG_KERNEL_CPU_GDT_H
#define RUNG_KERNEL_CPU_GDT_H

#include "lib/types.h"

#define GDT_KERNEL_CODE 0x08
#define GDT_KERNEL_DATA 0x10

#ifndef __ASSEMBLER__

// Loads the kernel's own GDT and all segment registers from it, and no LDT. Called once by kmain.
void gdt_init(void);

#endif
#endif
