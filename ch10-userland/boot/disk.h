// Reading from the drive that was booted, whatever it is: the BIOS knows.
#ifndef RUNG_BOOT_DISK_H
#define RUNG_BOOT_DISK_H

#include <stdint.h>

// Reads `count` sectors from sector `lba` on to linear address `address`, which is a multiple of
// SECTOR_SIZE; the last byte is below LOW_MEMORY_END. Each BIOS call that fails is tried
// DISK_TRIES times. If it still fails: one line with the BIOS's status, and a halt.
void disk_read(uint32_t drive, uint32_t lba, uint32_t count, uint32_t address);

#endif
