// The two ends of the kernel's start.
#ifndef RUNG_KERNEL_MAIN_H
#define RUNG_KERNEL_MAIN_H

#include "lib/types.h"

// Called by the entry code on the boot stack, interrupts off, with the physical address of the
// loader's struct boot_info. When it returns, the machine halts.
void kmain(uint32_t boot_info_address);

// What runs once the kernel stands: the chapter's show. Ends its start with the line "chNN: ready".
void first_program(void);

#endif
