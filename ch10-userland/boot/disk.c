#include "boot/disk.h"

#include <stdbool.h>

#include "boot/bios.h"
#include "boot/layout.h"
#include "boot/print.h"
#include "boot/start.h"

#define DISK_VECTOR 0x13
#define DISK_RESET 0x0000
#define DISK_EXTENDED_READ 0x4200

#define SEGMENT_SIZE 0x10000

// What int 13h, AH = 42h is to read (EDD-3, 8.1.2).
struct disk_packet {
    uint8_t size;
    uint8_t reserved;
    uint16_t count;
    uint16_t offset;
    uint16_t segment;
    uint64_t lba;
};

_Static_assert(sizeof(struct disk_packet) == 16, "EDD-3, table 2");

static uint32_t minimum(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

// How many sectors one BIOS call may read to `address`: none beyond the next 64 KiB border, where
// a 16-bit offset begins again at 0, and so does the DMA of old controllers.
static uint32_t piece_limit(uint32_t address)
{
    return minimum((SEGMENT_SIZE - address % SEGMENT_SIZE) / SECTOR_SIZE, DISK_SECTORS_MAX);
}

static void reset(uint32_t drive)
{
    struct bios_registers registers = {.eax = DISK_RESET, .edx = drive};

    bios_call(DISK_VECTOR, &registers);
}

// One BIOS call. Returns false, and the BIOS's status, if it failed.
static bool read_once(uint32_t drive, uint32_t lba, uint32_t count, uint32_t address,
                      uint32_t *status)
{
    struct disk_packet packet = {
        .size = sizeof packet,
        .count = (uint16_t)count,
        .segment = (uint16_t)(address / 16),
        .lba = lba,
    };
    struct bios_registers registers = {
        .eax = DISK_EXTENDED_READ,
        .edx = drive,
        .esi = (uint32_t)&packet,
    };

    bios_call(DISK_VECTOR, &registers);
    *status = registers.eax >> 8 & 0xff;
    return !(registers.eflags & EFLAGS_CARRY);
}

static _Noreturn void fail(uint32_t drive, uint32_t lba, uint32_t count, uint32_t status)
{
    print("disk 0x");
    print_number(drive, 16);
    print(": cannot read sectors ");
    print_number(lba, 10);
    print(" to ");
    print_number(lba + count - 1, 10);
    print(", BIOS status 0x");
    print_hex(status, 2);
    print("\n");
    halt();
}

static void read_piece(uint32_t drive, uint32_t lba, uint32_t count, uint32_t address)
{
    uint32_t status = 0;

    for (int tries = 0; tries < DISK_TRIES; tries++) {
        if (read_once(drive, lba, count, address, &status)) {
            return;
        }
        reset(drive);
    }
    fail(drive, lba, count, status);
}

void disk_read(uint32_t drive, uint32_t lba, uint32_t count, uint32_t address)
{
    if (address % SECTOR_SIZE != 0 || address > LOW_MEMORY_END ||
        count > (LOW_MEMORY_END - address) / SECTOR_SIZE) {
        print("disk: a read to an address that is not ours\n");
        halt();
    }
    while (count > 0) {
        uint32_t piece = minimum(count, piece_limit(address));

        read_piece(drive, lba, piece, address);
        lba += piece;
        count -= piece;
        address += piece * SECTOR_SIZE;
    }
}
