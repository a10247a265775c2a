// The loader in order: one line for each step.
#include <stdint.h>

#include "boot/a20.h"
#include "boot/command_line.h"
#include "boot/image.h"
#include "boot/load.h"
#include "boot/memmap.h"
#include "boot/print.h"
#include "boot/protected.h"

// Called by start.asm with the BIOS's number of the drive that was booted.
void main(uint32_t drive)
{
    static struct memory_range memory[MEMORY_MAP_MAX];

    print_init();
    print("Rung: hello from 16-bit C.\nboot drive 0x");
    print_number(drive, 16);
    print("\nboot sector: ");
    print_number((uint32_t)sector_bytes_used, 10);
    print(" of 440 bytes\n");
    print("stage 2: ");
    print_number((uint32_t)stage2_sectors, 10);
    print(" sectors\n");
    command_line_read(drive);
    uint32_t memory_count = memmap_read(memory);
    memmap_print(memory, memory_count);
    load_kernel(drive, memory, memory_count);
    a20_open();
    protected_mode_enter((uint32_t)kernel_address, boot_info_make(drive, memory, memory_count));
}
