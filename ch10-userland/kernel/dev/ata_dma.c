// Data by DMA: the controller's bus master moves it to and from memory by itself.
#include "kernel/cpu/io.h"
#include "kernel/dev/ata.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "lib/assert.h"
#include "lib/errno.h"

// Registers of a channel's bus master, and their bits.
#define COMMAND 0
#define STATUS 2
#define TABLE 4 // physical address, 32 bits
#define COMMAND_GO 0x01
#define COMMAND_TO_MEMORY 0x08
#define STATUS_ACTIVE 0x01
#define STATUS_ERROR 0x02 // cleared by writing 1, as the next
#define STATUS_INTERRUPT 0x04 // stays set after the drive has taken its interrupt back
#define STATUS_ONE_CHANNEL 0x80 // the controller's two channels cannot both work

#define PRD_LAST 0x8000
#define PRD_END 0x100000000 // of what it can address

// A physical region descriptor. The region must not cross a border of 64 KiB: a segment, which lies
// within a page, never does.
struct ata_prd {
    uint32_t address;
    uint16_t size;
    uint16_t flags;
};

_Static_assert(BLOCK_SEGMENTS_MAX * sizeof(struct ata_prd) <= PAGE_SIZE, "the table is one page");

bool ata_dma_init(struct ata_channel *channel)
{
    if (in8(channel->bus_master + STATUS) & STATUS_ONE_CHANNEL) {
        return false;
    }
    phys_t page = pmm_alloc_low(0, PAGE_OTHER);
    channel->table = page ? phys_to_virt(page) : NULL;
    return page;
}

void ata_dma_prepare(struct ata_channel *channel)
{
    const struct ata_command *command = &channel->command;
    for (unsigned i = 0; i < command->segment_count; i++) {
        const struct block_segment *segment = &command->segments[i];
        phys_t address = virt_to_phys(segment->data);
        ASSERT(address < PRD_END);
        channel->table[i] = (struct ata_prd){
            .address = (uint32_t)address,
            .size = (uint16_t)(segment->sector_count * BLOCK_SECTOR_SIZE),
            .flags = i + 1 == command->segment_count ? PRD_LAST : 0,
        };
    }
    out32(channel->bus_master + TABLE, (uint32_t)virt_to_phys(channel->table));
    out8(channel->bus_master + COMMAND, command->write ? 0 : COMMAND_TO_MEMORY);
    out8(channel->bus_master + STATUS,
         in8(channel->bus_master + STATUS) | STATUS_INTERRUPT | STATUS_ERROR);
}

void ata_dma_go(struct ata_channel *channel)
{
    out8(channel->bus_master + COMMAND,
         (channel->command.write ? 0 : COMMAND_TO_MEMORY) | COMMAND_GO);
}

bool ata_dma_interrupted(const struct ata_channel *channel)
{
    return in8(channel->bus_master + STATUS) & STATUS_INTERRUPT;
}

bool ata_dma_done(const struct ata_channel *channel)
{
    // Without the interrupt, the bus master having moved all data tells the same.
    uint8_t status = in8(channel->bus_master + STATUS);
    return (status & STATUS_INTERRUPT || !(status & STATUS_ACTIVE)) &&
           !(in8(channel->control) & (ATA_BUSY | ATA_DATA_REQUEST));
}

int ata_dma_stop(struct ata_channel *channel)
{
    uint8_t status = in8(channel->bus_master + STATUS);
    out8(channel->bus_master + COMMAND, 0);
    return status & (STATUS_ACTIVE | STATUS_ERROR) ? -EIO : 0;
}
