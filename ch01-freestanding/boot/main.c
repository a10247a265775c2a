// The loader in order: one line for each step.
#include <stdint.h>

#include "boot/image.h"
#include "boot/print.h"

// Called by start.asm with the BIOS's number of the drive that was booted.
void main(uint32_t drive)
{
    print_init();
    print("Rung: hello from 16-bit C.\nboot drive 0x");
    print_number(drive, 16);
    print("\nboot sector: ");
    print_number((uint32_t)sector_bytes_used, 10);
    print(" of 440 bytes\n");
    print(CHAPTER ": ready\n");
}
