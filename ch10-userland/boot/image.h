// Numbers that only the linker knows, from boot.ld. A symbol of the linker is an address, so the
// address of each of these "arrays" is the number itself: (uint32_t)sector_bytes_used.
#ifndef RUNG_BOOT_IMAGE_H
#define RUNG_BOOT_IMAGE_H

extern char sector_bytes_used[]; // of the 440 that an MBR has for code
extern char stage2_sectors[];
extern char last_lba[]; // the last sector of the boot area
extern char kernel_lba[]; // the first sector of kernel.bin
extern char kernel_sectors[];
extern char kernel_size[]; // in bytes
extern char kernel_memory_size[]; // with .bss, which the file leaves out
extern char kernel_address[]; // the physical address that kernel.bin is linked for

#endif
