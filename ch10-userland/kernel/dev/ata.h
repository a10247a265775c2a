// Disks on ATA channels (ATA/ATAPI-7, volumes 1 and 2), each a pair of drives that share a set of
// ports and an interrupt.
#ifndef RUNG_KERNEL_DEV_ATA_H
#define RUNG_KERNEL_DEV_ATA_H

#include "kernel/fs/block.h"
#include "kernel/sync/mutex.h"

// Finds channels (on PCI controllers, and where PCs had them before there was PCI) and the disks on
// them, says one line about each disk and registers them as block devices "ata0" and so on. Called
// once by kmain; sleeps.
void ata_init(void);

// The rest is what the files ata*.c share: ata.c has channels, drives and requests, ata_pio.c and
// ata_dma.c the two ways to move a command's data.

// Registers, from a channel's first port on. Count and the three address registers are queues of
// two bytes each for commands with 48-bit addresses.
#define ATA_DATA 0
#define ATA_ERROR 1 // when read
#define ATA_COUNT 2
#define ATA_ADDRESS 3
#define ATA_DEVICE 6
#define ATA_STATUS 7 // when read: tells the drive to take its interrupt back
#define ATA_COMMAND 7 // when written

// Bits of the status. While ATA_BUSY is set the others mean nothing.
#define ATA_FAILED 0x01
#define ATA_DATA_REQUEST 0x08
#define ATA_FAULT 0x20
#define ATA_BUSY 0x80

// A command on its way to a drive. Data, if there is any, is in segments as for a block request.
struct ata_command {
    uint8_t opcode;
    bool write;
    bool dma;
    bool extended; // 48-bit addresses
    uint64_t sector;
    unsigned sector_count;
    const struct block_segment *segments;
    unsigned segment_count; // 0: a command without data
    unsigned timeout_s; // for all of it
    uint8_t status, error; // the drive's registers when it was over
};

struct ata_prd;

struct ata_channel {
    uint16_t ports; // the first register's
    uint16_t control; // device control when written, the status without side effects when read
    uint16_t bus_master; // the first register's, 0: no DMA
    bool broken; // does not come back from a reset: no more commands
    unsigned interrupts; // since the last command was given
    uint64_t deadline_ns; // of the last command
    struct wait_queue queue; // woken by the interrupt
    struct ata_prd *table; // for DMA

    struct mutex mutex; // for the ports and what follows
    struct ata_command command; // the last one given
    struct block_request *request; // the one under way, or NULL
    struct ata_drive *drive; // its drive
    int started; // 0, or why its command was not given
};

struct ata_drive {
    struct ata_channel *channel;
    uint8_t number; // 0 or 1
    bool dma;
    bool extended;
    uint8_t flush; // opcode, 0: has none
    char name[BLOCK_NAME_SIZE];
};

// Waits until all bits in `mask` of the status are clear, without an interrupt that tells so:
// spinning shortly, then sleeping. Returns whether they are before the time is over.
bool ata_poll(struct ata_channel *channel, uint8_t mask, unsigned timeout_ms);

// Sleeps until the drive has come to the end of the command given, or of one sector of it by PIO.
// Returns whether it has before the command's time is over. An interrupt that gets lost makes it
// take twice as long, or 16 ms.
bool ata_wait(struct ata_channel *channel);

// Waits 400 ns: so long a status may be out of date after a command, a sector, or a selection.
void ata_settle(struct ata_channel *channel);

// Moves the data of the command given, sector by sector, through the data register. Returns 0, or
// -EIO when the drive had an error or wanted less. Sleeps.
int ata_pio_transfer(struct ata_channel *channel);

// Gets a channel's bus master ready (Intel 82371AB data sheet, 2.7; Programming Interface for Bus
// Master IDE Controller, rev. 1.0). Returns whether it can be used. Called at boot.
bool ata_dma_init(struct ata_channel *channel);

// Before a command by DMA is given: tells the bus master where its data is. After it: lets it work.
void ata_dma_prepare(struct ata_channel *channel);
void ata_dma_go(struct ata_channel *channel);

// Whether the command under way, by DMA, has come to its end; whether the channel's interrupt has
// come since ata_dma_prepare. Any context.
bool ata_dma_done(const struct ata_channel *channel);
bool ata_dma_interrupted(const struct ata_channel *channel);

// Stops the bus master. Returns 0, or -EIO when not all data had been moved.
int ata_dma_stop(struct ata_channel *channel);

#endif
