// Any service of the BIOS from C.
#ifndef RUNG_BOOT_BIOS_H
#define RUNG_BOOT_BIOS_H

#include <stdint.h>

// What the registers are to hold when the service starts, and what they held when it was done. In
// the order in which bios.asm pops and pushes them.
struct bios_registers {
    uint32_t edi, esi, ebp;
    uint32_t esp; // not used: the stack stays ours
    uint32_t ebx, edx, ecx, eax;
    uint16_t es, ds;
    uint32_t eflags;
};

_Static_assert(sizeof(struct bios_registers) == 40, "as bios.asm has it");

#define EFLAGS_CARRY 0x0001u // for most services: set after an error

// Calls software interrupt `vector`. Interrupts are on while the service runs and after it.
void bios_call(uint8_t vector, struct bios_registers *registers);

#endif
