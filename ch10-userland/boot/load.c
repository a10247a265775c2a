#include "boot/load.h"

#include "boot/bios.h"
#include "boot/command_line.h"
#include "boot/disk.h"
#include "boot/image.h"
#include "boot/layout.h"
#include "boot/print.h"
#include "boot/start.h"

#define COPY_VECTOR 0x15
#define COPY_FUNCTION 0x8700

// A segment descriptor (Intel SDM vol. 3, 3.4.5), as the 286 had it: a base of 24 bits, a limit of
// 16. The last byte came with the 386.
struct descriptor {
    uint16_t limit;
    uint16_t base_low;
    uint8_t base_middle;
    uint8_t access;
    uint8_t limit_high;
    uint8_t base_high;
};

_Static_assert(sizeof(struct descriptor) == 8, "Intel SDM vol. 3, figure 3-8");

#define ACCESS_DATA 0x93 // present, ring 0, data, writable, accessed

// In the MBR, which the BIOS left at 0x7c00 (boot.ld).
extern const uint32_t disk_signature;

static struct descriptor data_segment(uint32_t base)
{
    return (struct descriptor){
        .limit = 0xffff,
        .base_low = (uint16_t)base,
        .base_middle = (uint8_t)(base >> 16),
        .access = ACCESS_DATA,
        .base_high = (uint8_t)(base >> 24),
    };
}

// Copies `size` bytes, at most 64 KiB, from the buffer to `target`, which 16-bit code can't reach:
// int 15h, AH = 87h switches to protected mode, copies and comes back. It wants a table with
// descriptors of both places, and fills in the others itself (IBM PS/2 and PC BIOS Interface
// Technical Reference).
static void copy_up(uint32_t target, uint32_t size)
{
    struct descriptor table[6] = {
        [2] = data_segment(BOUNCE_BUFFER),
        [3] = data_segment(target),
    };
    struct bios_registers registers = {
        .eax = COPY_FUNCTION,
        .ecx = size / 2, // in words
        .esi = (uint32_t)table,
    };

    bios_call(COPY_VECTOR, &registers);
    if (registers.eflags & EFLAGS_CARRY) {
        print("kernel: cannot copy to 0x");
        print_hex(target, 8);
        print(", BIOS status 0x");
        print_hex(registers.eax >> 8, 2);
        print("\n");
        halt();
    }
}

static void check_memory(const struct memory_range *memory, uint32_t memory_count)
{
    if (!memmap_is_usable(memory, memory_count, (uint32_t)kernel_address,
                          (uint32_t)kernel_memory_size)) {
        print("kernel: no usable memory for it at 0x");
        print_hex((uint32_t)kernel_address, 8);
        print("\n");
        halt();
    }
}

void load_kernel(uint32_t drive, const struct memory_range *memory, uint32_t memory_count)
{
    uint32_t lba = (uint32_t)kernel_lba;
    uint32_t left = (uint32_t)kernel_sectors;
    uint32_t address = (uint32_t)kernel_address;

    print("kernel: ");
    print_number((uint32_t)kernel_size, 10);
    print(" bytes\n");
    check_memory(memory, memory_count);
    while (left > 0) {
        uint32_t piece = left < DISK_SECTORS_MAX ? left : DISK_SECTORS_MAX;

        disk_read(drive, lba, piece, BOUNCE_BUFFER);
        copy_up(address, piece * SECTOR_SIZE);
        lba += piece;
        left -= piece;
        address += piece * SECTOR_SIZE;
    }
}

static void copy_bytes(void *target, const void *source, uint32_t size)
{
    uint8_t *to = target;
    const uint8_t *from = source;

    while (size-- > 0) {
        *to++ = *from++;
    }
}

const struct boot_info *boot_info_make(uint32_t drive, const struct memory_range *memory,
                                       uint32_t memory_count)
{
    static struct boot_info info;

    info.magic = BOOT_INFO_MAGIC;
    info.version = BOOT_INFO_VERSION;
    info.boot_drive = drive;
    info.disk_signature = disk_signature;
    info.kernel_start = (uint32_t)kernel_address;
    info.kernel_end = (uint32_t)kernel_address + (uint32_t)kernel_size;
    copy_bytes(info.command_line, command_line, sizeof info.command_line);
    info.memory_range_count = memory_count;
    copy_bytes(info.memory, memory, memory_count * sizeof memory[0]);
    return &info;
}
