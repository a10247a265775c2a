// The guest's side of tests/fs/test_powercut.py with several processes, each busy in a folder of its
// own, /p0 and so on, and each with marks in a sector of its own. Without the option powercut=
// nothing happens here.
#include "kernel/dev/power.h"
#include "kernel/fs/ext2.h"
#include "kernel/fs/partition.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/options.h"
#include "kernel/panic.h"
#include "kernel/proc/process.h"
#include "tests/fs/powercut_load.h"
#include "tests/kernel/test.h"

#define WORKERS 4

static struct powercut workers[WORKERS];
static const char *const folders[WORKERS] = {"/p0", "/p1", "/p2", "/p3"};
static struct mutex note_lock = MUTEX("powercut note");

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

// A line begins with the worker's number.
static void note(const char *text, ...)
{
    static char line[3 * POWERCUT_PATH_SIZE];
    const struct powercut *load = process_current()->argument;
    va_list arguments;

    mutex_lock(&note_lock);
    va_start(arguments, text);
    vsnprintf(line, sizeof(line), text, arguments);
    va_end(arguments);
    test_note("%u: %s", (unsigned)(load - workers), line);
    mutex_unlock(&note_lock);
}

static int work(void *argument)
{
    powercut_run(argument, (uint32_t)options_number("operations", 100));
    return 0;
}

TEST(powercut_processes, "with powercut=SEED several processes are busy, then the machine goes off")
{
    struct block_device partition;
    uint8_t type;
    uint64_t seed = options_number("powercut", 0);

    if (seed == 0) {
        return;
    }
    struct block_device *disk = block_device(0);
    REQUIRE(partition_open(disk, 1, &partition, &type) == 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct powercut){
            .folder = folders[i],
            .disk = disk,
            .mark_sector = partition.first_sector + partition.sector_count + i,
            .mark_lock = lock,
            .mark_unlock = unlock,
            .note = note,
            .buffer = kmalloc(POWERCUT_WRITE_MAX + 8),
            .random = powercut_random(seed * WORKERS + i),
        };
        REQUIRE(workers[i].buffer != NULL);
        REQUIRE(process_create("busy", work, &workers[i]) > 0);
    }
    while (process_wait(-1, NULL) > 0) {
    }
    power_off();
}
