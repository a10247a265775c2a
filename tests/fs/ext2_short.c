// Readers and writers whose memory ends half-way, as user programs' can: --wrap has io_copy_in and
// io_copy_out come here. usage: ext2_short IMAGE, whose free blocks are full of 'S'.
#include "host.h"

#include "kernel/fs/ext2.h"
#include "kernel/fs/file.h"
#include "lib/errno.h"

#define BLOCKS 300 // of 1 KiB: two levels
#define SIZE (BLOCKS * 1024)

size_t __real_io_copy_in(struct io *io, void *destination, size_t size);
size_t __real_io_copy_out(struct io *io, const void *source, size_t size);
size_t __wrap_io_copy_in(struct io *io, void *destination, size_t size);
size_t __wrap_io_copy_out(struct io *io, const void *source, size_t size);

static size_t reachable = SIZE_MAX; // bytes of the caller's memory, from where the copy begins

static size_t cut(size_t size)
{
    size = size < reachable ? size : reachable;
    reachable -= reachable == SIZE_MAX ? 0 : size;
    return size;
}

size_t __wrap_io_copy_in(struct io *io, void *destination, size_t size)
{
    return __real_io_copy_in(io, destination, cut(size));
}

size_t __wrap_io_copy_out(struct io *io, const void *source, size_t size)
{
    return __real_io_copy_out(io, source, cut(size));
}

static char data[SIZE], found[SIZE];
static struct filesystem *filesystem;
static struct host_disk *disk;

static void check(bool good, const char *what)
{
    if (!good) {
        host_fail("not true: %s", what);
    }
}
#define CHECK(condition) check(condition, #condition)

static void mount(void)
{
    CHECK(ext2_mount(host_disk_device(disk), 1024, &filesystem) == 0);
    vfs_set_root(filesystem);
}

// So that nothing is in the cache.
static void remount(void)
{
    CHECK(vfs_unmount() == 0);
    mount();
}

static struct file *open_file(unsigned flags)
{
    struct file *file;
    CHECK(file_open(NULL, "/file", O_RDWR | flags, 0644, &file) == 0);
    return file;
}

static int64_t put(struct file *file, size_t size, int64_t offset, size_t limit)
{
    struct io io = io_kernel(data, size);
    reachable = limit;
    int64_t result = file_write_at(file, &io, offset);
    reachable = SIZE_MAX;
    return result;
}

static int64_t get(struct file *file, size_t size, int64_t offset, size_t limit)
{
    struct io io = io_kernel(found, size);
    reachable = limit;
    int64_t result = file_read_at(file, &io, offset);
    reachable = SIZE_MAX;
    return result;
}

// Whether the file has `count` times this byte at an offset.
static bool has(struct file *file, int64_t offset, size_t count, char byte)
{
    bool same = get(file, count, offset, SIZE_MAX) == (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        same = same && found[i] == byte;
    }
    return same;
}

int main(int argc, char **argv)
{
    disk = host_disk_open(argc > 1 ? argv[1] : "", HOST_DISK_WRITE);
    memset(data, 'n', sizeof(data));
    mount();

    // A new file: as far as the copy came, and not a byte of what the blocks had before.
    struct file *file = open_file(O_CREAT);
    CHECK(put(file, 20000, 0, 2500) == 2500);
    CHECK(file->inode->size == 2500);
    CHECK(put(file, 20000, 50000, 0) == -EFAULT);
    CHECK(file->inode->size == 2500 && file->inode->sector_count == 6);
    CHECK(file_truncate(file, 60000) == 0);
    file_close(file);
    remount();
    file = open_file(0);
    CHECK(has(file, 0, 2500, 'n') && has(file, 2500, 57500, 0));

    // A hole: zeroes stay zeroes.
    CHECK(put(file, 1024, 40960, 0) == -EFAULT);
    CHECK(put(file, 1024, 30720, 10) == 10);
    file_close(file);
    remount();
    file = open_file(0);
    CHECK(has(file, 40960, 1024, 0) && has(file, 30720, 10, 'n') && has(file, 30730, 1014, 0));

    // Whole blocks of an old file that are not in memory, and then that are: what the copy did not
    // reach is as it was.
    CHECK(put(file, SIZE, 0, SIZE_MAX) == SIZE);
    memset(data, 'm', sizeof(data));
    for (unsigned round = 0; round < 2; round++) {
        if (round == 0) {
            file_close(file);
            remount();
            file = open_file(0);
        }
        int64_t done = put(file, 8192, 4096, 1024 + 100);
        CHECK(done == 1024 || done == 1024 + 100);
        CHECK(has(file, 4096, (size_t)done, 'm') && has(file, 4096 + done, 50000, 'n'));
        CHECK(put(file, 1024, 250 * 1024, 500) == (round == 0 ? -EFAULT : 500));
        CHECK(has(file, 250 * 1024 + 500, 524, 'n'));
    }

    // Readers.
    CHECK(get(file, SIZE, 0, 5000) == 5000 && get(file, 10, 0, 0) == -EFAULT);
    file_close(file);
    CHECK(vfs_unmount() == 0);
    host_disk_close(disk);
    return 0;
}
