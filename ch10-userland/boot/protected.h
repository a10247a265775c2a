// The way out of real mode.
#ifndef RUNG_BOOT_PROTECTED_H
#define RUNG_BOOT_PROTECTED_H

#include <stdint.h>

#include "boot/boot_info.h"

// Enters 32-bit protected mode and jumps to the kernel at `entry`, as boot_info.h says. From then
// on nobody can call the BIOS. A20 is open.
_Noreturn void protected_mode_enter(uint32_t entry, const struct boot_info *info);

#endif
