// Memory below 1 MiB while the loader runs. Read by C, by nasm (as boot/layout.inc) and by boot.ld.
//
//   0x00000  the BIOS: interrupt vectors, its variables
//   0x00500  our stack, which grows down from 0x7c00
//   0x07c00  the first sector of the disk, loaded by the BIOS: stage 1
//   0x07e00  SECTOR_BUFFER, for one sector
//   0x08000  STAGE2_ADDRESS
//   0x10000  STAGE2_END: above it 16-bit code reaches memory only with the help of a segment
//            and BOUNCE_BUFFER: here the BIOS puts the pieces of the kernel on their way up
//   0x80000  LOW_MEMORY_END: from somewhere above it up to 0xa0000 the BIOS keeps more variables
#ifndef RUNG_BOOT_LAYOUT_H
#define RUNG_BOOT_LAYOUT_H

#define SECTOR_SIZE 512
#define SECTOR_BUFFER 0x7e00
#define STAGE2_ADDRESS 0x8000
#define STAGE2_END 0x10000
#define BOUNCE_BUFFER 0x10000
#define LOW_MEMORY_END 0x80000

// The most that one BIOS call reads. Some BIOSes take no more than 127; and 64 sectors are half of
// a 64 KiB segment.
#define DISK_SECTORS_MAX 64
#define DISK_TRIES 3

// The boot area is the first MiB of the disk.
#define BOOT_AREA_SECTORS 2048

// Its last four bytes. Without them the image wasn't copied to its end.
#define BOOT_AREA_END_MARK 0x21646e45 // "End!"

#endif
