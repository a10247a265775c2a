// The power-cut tests' program on the host, over tools/ext2.
//
//     powercut_host load IMAGE LOG SEED OPERATIONS CACHE_BLOCKS MARK_SECTOR
//         mounts IMAGE, runs the load (0 operations: the one with large files), unmounts; logs all
//         writes and flushes of that
//     powercut_host mount IMAGE [LOG]
//         mounts and unmounts: a journal is replayed, orphans are cleared up
#include "host.h"

#include "kernel/fs/ext2.h"
#include "tests/fs/powercut_load.h"

#include <stdarg.h>

#define MOUNT_CACHE_BLOCKS 256

static void note(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vprintf(text, arguments);
    va_end(arguments);
    putchar('\n');
}

static void no_lock(void)
{
}

static struct filesystem *mount(struct host_disk *disk, size_t cache_blocks)
{
    struct filesystem *filesystem;
    int result = ext2_mount(host_disk_device(disk), cache_blocks, &filesystem);

    if (result != 0) {
        host_fail("mount: error %d", result);
    }
    return filesystem;
}

static void unmount(struct filesystem *filesystem)
{
    int result = filesystem->operations->unmount(filesystem);

    if (result != 0) {
        host_fail("unmount: error %d", result);
    }
}

static void close_all(struct powercut *load)
{
    for (unsigned i = 0; i < POWERCUT_SLOTS; i++) {
        if (load->slots[i]) {
            file_close(load->slots[i]);
            load->slots[i] = NULL;
        }
    }
}

static void run_load(struct host_disk *disk, char **arguments)
{
    static char buffer[POWERCUT_WRITE_MAX + 8];
    static struct powercut load = {
        .folder = "", .mark_lock = no_lock, .mark_unlock = no_lock, .note = note, .buffer = buffer};
    uint64_t seed = strtoull(arguments[0], NULL, 0);

    load.disk = host_disk_device(disk);
    load.mark_sector = strtoull(arguments[3], NULL, 0);
    load.random = powercut_random(seed);
    struct filesystem *filesystem = mount(disk, strtoull(arguments[2], NULL, 0));
    vfs_set_root(filesystem);
    powercut_run(&load, (uint32_t)strtoull(arguments[1], NULL, 0));
    // With every other seed files are open when it is unmounted, as at a power-off.
    if (seed % 2 == 0) {
        close_all(&load);
    }
    unmount(filesystem);
    close_all(&load);
}

int main(int count, char **arguments)
{
    bool load = count == 8 && strcmp(arguments[1], "load") == 0;

    if (!load && !((count == 3 || count == 4) && strcmp(arguments[1], "mount") == 0)) {
        host_fail("powercut_host load IMAGE LOG SEED OPERATIONS CACHE_BLOCKS MARK_SECTOR\n"
                  "powercut_host mount IMAGE [LOG]");
    }
    struct host_disk *disk = host_disk_open(arguments[2], HOST_DISK_WRITE);
    if (count > 3) {
        host_disk_log(disk, arguments[3]);
    }
    setvbuf(stdout, NULL, _IOLBF, 0); // the kernel's lines come between these, not into them
    if (load) {
        run_load(disk, arguments + 4);
    } else {
        unmount(mount(disk, MOUNT_CACHE_BLOCKS));
    }
    host_disk_close(disk);
    return 0;
}
