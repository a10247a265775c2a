// Brings the kernel from the disk to 1 MiB, and notes what it is to know.
#ifndef RUNG_BOOT_LOAD_H
#define RUNG_BOOT_LOAD_H

#include <stdint.h>

#include "boot/boot_info.h"
#include "boot/memmap.h"

// Loads kernel.bin to its address, which is usable memory by the ordered map given. Where that
// isn't so, or the BIOS can't copy: one line, and a halt. A BIOS may close A20 on the way.
void load_kernel(uint32_t drive, const struct memory_range *memory, uint32_t memory_count);

// Fills the one struct boot_info, once the command line was read. It stays ours.
const struct boot_info *boot_info_make(uint32_t drive, const struct memory_range *memory,
                                       uint32_t memory_count);

#endif
