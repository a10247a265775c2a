// The guest's side of tests/fs/test_powercut.py. The machine's disk is the test's: its root is a
// small file system, and behind that are some sectors for marks. Without the option powercut=
// nothing happens here.
#include "kernel/dev/power.h"
#include "kernel/fs/ext2.h"
#include "kernel/fs/partition.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "tests/fs/powercut_load.h"
#include "tests/kernel/test.h"

// The disk is the file system's: whoever else writes to it has its lock.
static struct mutex *disk_lock(void)
{
    return &((struct ext2 *)vfs_root()->filesystem)->lock;
}

static void lock(void)
{
    mutex_lock(disk_lock());
}

static void unlock(void)
{
    mutex_unlock(disk_lock());
}

TEST(powercut_load, "with powercut=SEED the machine is busy, then goes off with files left open")
{
    static struct powercut load = {
        .folder = "", .mark_lock = lock, .mark_unlock = unlock, .note = test_note};
    struct block_device partition;
    uint8_t type;
    uint64_t seed = options_number("powercut", 0);

    if (seed == 0) {
        return;
    }
    load.disk = block_device(0);
    REQUIRE(partition_open(load.disk, 1, &partition, &type) == 0);
    load.mark_sector = partition.first_sector + partition.sector_count;
    load.random = powercut_random(seed);
    load.buffer = kmalloc(POWERCUT_WRITE_MAX + 8);
    REQUIRE(load.buffer != NULL);
    powercut_run(&load, (uint32_t)options_number("operations", 100));
    power_off();
}

TEST(powercut_mount,
     "with the option `off` the machine goes off as soon as it has mounted its root")
{
    char value[2];

    if (options_get("off", value, sizeof(value))) {
        power_off();
    }
}
