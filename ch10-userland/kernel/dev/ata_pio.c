// Data by programmed input and output: the processor moves every word (ATA/ATAPI-7 vol. 2, 11.5 and
// 11.6).
#include "kernel/cpu/io.h"
#include "kernel/dev/ata.h"
#include "lib/errno.h"

#define SECTOR_WORDS (BLOCK_SECTOR_SIZE / 2)
#define REQUEST_TIMEOUT_MS 1000

static bool wants_data(struct ata_channel *channel)
{
    uint8_t status = in8(channel->control);
    return (status & (ATA_BUSY | ATA_FAULT | ATA_DATA_REQUEST | ATA_FAILED)) == ATA_DATA_REQUEST;
}

static void move_sector(struct ata_channel *channel, char *data)
{
    if (channel->command.write) {
        out16_string(channel->ports + ATA_DATA, data, SECTOR_WORDS);
    } else {
        in16_string(channel->ports + ATA_DATA, data, SECTOR_WORDS);
    }
    ata_settle(channel);
}

int ata_pio_transfer(struct ata_channel *channel)
{
    const struct ata_command *command = &channel->command;
    // The drive interrupts when it has a sector to read, or has taken one that was written. That it
    // is ready for the first one to be written it only shows.
    bool ready =
        command->write ? ata_poll(channel, ATA_BUSY, REQUEST_TIMEOUT_MS) : ata_wait(channel);
    unsigned left = command->sector_count;
    for (const struct block_segment *segment = command->segments; left > 0; segment++) {
        for (uint32_t i = 0; i < segment->sector_count; i++, left--) {
            if (!ready || !wants_data(channel)) {
                return -EIO;
            }
            move_sector(channel, (char *)segment->data + (size_t)i * BLOCK_SECTOR_SIZE);
            ready = left == 1 && !command->write ? true : ata_wait(channel);
        }
    }
    return ready ? 0 : -EIO;
}
