// Block devices: disks and their partitions, as the file systems see them.
#ifndef RUNG_KERNEL_FS_BLOCK_H
#define RUNG_KERNEL_FS_BLOCK_H

#include "lib/types.h"

#define BLOCK_SECTOR_SIZE 512
#define BLOCK_SEGMENTS_MAX 32
#define BLOCK_NAME_SIZE 8
#define BLOCK_DEVICES_MAX 8

// A piece of memory for a part of a request: below 4 GiB, in the direct map, aligned to a sector's
// size and within one page, so that any hardware can reach it.
struct block_segment {
    void *data;
    uint32_t sector_count;
};

// A request: successive sectors of the device from or to segments of memory, in order. The caller
// fills in the first group and keeps the request and its memory until it is finished.
struct block_request {
    bool write;
    unsigned segment_count; // at least 1
    uint64_t sector;
    struct block_segment segments[BLOCK_SEGMENTS_MAX];

    // block_start's, for the driver: where it begins on the disk, and sectors in all segments.
    uint64_t disk_sector;
    unsigned sector_count;

    // The driver's: whether it is done, and the result: 0 or a negative error.
    bool finished;
    int result;
};

// What a driver does for its devices; sectors are within the disk. One request is under way at a
// time: start waits for the one before (whose result is kept in it for finish).
struct block_operations {
    void (*start)(void *driver, struct block_request *request);
    int (*finish)(void *driver, struct block_request *request);
    int (*flush)(void *driver);
};

// A disk, or a partition: the same driver's part of one.
struct block_device {
    char name[BLOCK_NAME_SIZE]; // "ata0", "ata0p1"
    const struct block_operations *operations;
    void *driver;
    uint64_t first_sector; // on the disk
    uint64_t sector_count;
};

// The functions below sleep, need interrupts on, and are not for interrupt handlers. Whoever shares
// a device between processes brings a lock: a file system its own.

// Starts a request; block_finish waits for its end and returns 0, -EIO after retries, or -EINVAL
// for sectors that the device does not have. Between the two the disk works by itself, where it
// can. Every request that was started must be finished, once.
void block_start(struct block_device *device, struct block_request *request);
int block_finish(struct block_device *device, struct block_request *request);

// Reads or writes successive sectors between the device and one piece of kernel memory that needs
// no alignment: through a buffer, so it is for what is rare. 0, -EIO, -EINVAL, -ENOMEM.
int block_read(struct block_device *device, uint64_t sector, void *data, size_t sector_count);
int block_write(struct block_device *device, uint64_t sector, const void *data,
                size_t sector_count);

// Has the device put everything that was written into safety: what returned before survives a loss
// of power once this has returned 0. -EIO when the device could not.
int block_flush(struct block_device *device);

// Adds a disk to the list. Called by its driver at boot. Panics when there are more than
// BLOCK_DEVICES_MAX. block_device(n) is the nth disk, NULL behind the last.
void block_register(const struct block_device *disk);
struct block_device *block_device(unsigned index);

#endif
