#include "kernel/fs/root.h"

#include "kernel/cpu/cpu.h"
#include "kernel/dev/console.h"
#include "kernel/dev/power.h"
#include "kernel/fs/cache.h"
#include "kernel/fs/ext2.h"
#include "kernel/fs/partition.h"
#include "kernel/mm/pmm.h"
#include "lib/errno.h"

#define ROOT_PARTITION 1
#define ROOT_DEVICE 0x801 // its number for stat: that of the first partition of a disk on Linux
#define CACHE_SHARE 4 // at most a quarter of the memory that is free now
#define CACHE_BYTES_MAX 0x10000000
#define CACHE_BLOCK_SIZE 4096 // of smaller ones there are as many

// Without a root there is nothing to go on with.
#define FAIL(...)                                                                                  \
    do {                                                                                           \
        kprintf("root: " __VA_ARGS__);                                                             \
        kprintf("\n");                                                                             \
        cpu_halt();                                                                                \
    } while (0)

// The first disk with the signature. A copy of the boot disk beside it has the same one.
static struct block_device *find_disk(uint32_t wanted)
{
    struct block_device *found = NULL, *disk;
    for (unsigned i = 0; (disk = block_device(i)); i++) {
        uint32_t signature;
        int error = partition_signature(disk, &signature);
        if (error == -EIO) {
            kprintf("root: %s cannot be read\n", disk->name);
        } else if (error == 0 && signature == wanted && found) {
            kprintf("root: %s has the signature of %s, which is taken\n", disk->name, found->name);
        } else if (error == 0 && signature == wanted) {
            found = disk;
        }
    }
    return found;
}

static size_t cache_blocks(void)
{
    size_t bytes = pmm_free_pages() * PAGE_SIZE / CACHE_SHARE;
    size_t blocks = (bytes < CACHE_BYTES_MAX ? bytes : CACHE_BYTES_MAX) / CACHE_BLOCK_SIZE;
    return blocks > CACHE_BLOCKS_MIN ? blocks : CACHE_BLOCKS_MIN;
}

void root_mount(uint32_t disk_signature)
{
    struct block_device partition;
    struct filesystem *filesystem;
    uint8_t type;
    if (!block_device(0)) {
        FAIL("there is no ATA disk");
    }
    struct block_device *disk = find_disk(disk_signature);
    if (!disk) {
        FAIL("no disk has the signature %08x of the one we came from", disk_signature);
    }
    int error = partition_open(disk, ROOT_PARTITION, &partition, &type);
    if (error != 0) {
        FAIL("%s, partition %d: %s", disk->name, ROOT_PARTITION,
             error == -ENODEV   ? "there is none"
             : error == -EINVAL ? "it does not lie on the disk"
                                : errno_text(error));
    }
    if (type != PARTITION_LINUX) {
        FAIL("%s has type %02xh, expected %02xh", partition.name, type, PARTITION_LINUX);
    }
    error = ext2_mount(&partition, cache_blocks(), &filesystem);
    if (error != 0) {
        FAIL("%s: %s", partition.name,
             error == -EINVAL ? "no ext2 file system" : errno_text(error));
    }
    filesystem->device = ROOT_DEVICE;
    vfs_set_root(filesystem);
    power_on_shutdown(vfs_unmount);
    struct filesystem_statistics space;
    filesystem->operations->statistics(filesystem, &space);
    kprintf("root: %s, ext2, %lu of %lu blocks of %u bytes free%s\n", partition.name,
            space.free_blocks, space.block_count, space.block_size,
            filesystem->read_only ? ", read-only" : "");
}
