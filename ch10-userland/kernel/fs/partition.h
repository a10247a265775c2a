// The partition table of a disk's first sector (MBR).
#ifndef RUNG_KERNEL_FS_PARTITION_H
#define RUNG_KERNEL_FS_PARTITION_H

#include "kernel/fs/block.h"

#define PARTITION_LINUX 0x83

// Reads the disk's signature (bytes 440 to 443 of the MBR). 0, -EIO, or -EINVAL when the sector
// does not end in 55h AAh. Sleeps.
int partition_signature(struct block_device *disk, uint32_t *signature);

// Makes the block device of primary partition `number` (1 to 4) of a disk, and tells its type. 0;
// -EIO; -ENODEV when the entry is empty; -EINVAL when there is no table, or the partition does not
// lie within the disk. Sleeps.
int partition_open(struct block_device *disk, unsigned number, struct block_device *partition,
                   uint8_t *type);

#endif
