#include "kernel/fs/partition.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/printf.h"

#define PARTITIONS 4
#define BOOT_MARK 0xaa55

// One entry of the table. The addresses in cylinders, heads and sectors are history.
struct __attribute__((packed)) entry {
    uint8_t active;
    uint8_t first_chs[3];
    uint8_t type; // 0: not used
    uint8_t last_chs[3];
    uint32_t first_sector, sector_count;
};

struct __attribute__((packed)) boot_record {
    uint8_t code[440];
    uint32_t signature;
    uint16_t unused;
    struct entry entries[PARTITIONS];
    uint16_t mark;
};

_Static_assert(sizeof(struct boot_record) == BLOCK_SECTOR_SIZE, "the sector as it is");

static int read_record(struct block_device *disk, struct boot_record *record)
{
    int result = block_read(disk, 0, record, 1);
    return result == 0 && record->mark != BOOT_MARK ? -EINVAL : result;
}

int partition_signature(struct block_device *disk, uint32_t *signature)
{
    struct boot_record record;
    int result = read_record(disk, &record);
    if (result == 0) {
        *signature = record.signature;
    }
    return result;
}

int partition_open(struct block_device *disk, unsigned number, struct block_device *partition,
                   uint8_t *type)
{
    ASSERT(number >= 1 && number <= PARTITIONS);
    struct boot_record record;
    int result = read_record(disk, &record);
    if (result < 0) {
        return result;
    }
    const struct entry *entry = &record.entries[number - 1];
    if (entry->type == 0) {
        return -ENODEV;
    }
    // Sector 0 is the table's own.
    if (entry->first_sector == 0 || entry->sector_count == 0 ||
        (uint64_t)entry->first_sector + entry->sector_count > disk->sector_count) {
        return -EINVAL;
    }
    *partition = *disk;
    partition->first_sector += entry->first_sector;
    partition->sector_count = entry->sector_count;
    snprintf(partition->name, sizeof(partition->name), "%sp%u", disk->name, number);
    *type = entry->type;
    return 0;
}
