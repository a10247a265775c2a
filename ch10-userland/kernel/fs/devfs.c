#include "kernel/fs/devfs.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/percpu.h"
#include "kernel/dev/console.h"
#include "kernel/dev/random.h"
#include "kernel/dev/rtc.h"
#include "kernel/sync/wait.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/string.h"

#define MAGIC 0x01021994 // what tmpfs has, which /dev is on Linux
#define ROOT_NUMBER 1
#define RANDOM_PIECE 256
#define RIGHTS 0666

static struct device *devices; // in the order of adding
static struct filesystem devfs;

// ---- The directory ----

static int lookup(struct inode *directory, const char *name, size_t name_length,
                  struct inode **inode)
{
    (void)directory;
    for (struct device *device = devices; device; device = device->next) {
        if (strlen(device->name) == name_length && memcmp(device->name, name, name_length) == 0) {
            *inode = inode_hold(&device->inode);
            return 0;
        }
    }
    return -ENOENT;
}

static int readdir(struct inode *directory, uint64_t position,
                   bool (*emit)(void *context, const struct directory_entry *entry), void *context)
{
    static const char dots[] = "..";
    const struct device *device = devices;

    for (uint64_t at = 0;; at++) {
        struct directory_entry entry = {.number = directory->number, .type = S_IFDIR,
                                        .name_length = (uint8_t)(at + 1), .name = dots,
                                        .next = at + 1};
        if (at >= 2) {
            if (!device) {
                return 0;
            }
            entry.number = device->inode.number;
            entry.type = S_IFCHR;
            entry.type = device->target ? S_IFLNK : S_IFCHR;
            entry.name = device->name;
            entry.name_length = (uint8_t)strlen(device->name);
            device = device->next;
        }
        if (at >= position && !emit(context, &entry)) {
            return 0;
        }
    }
}

// Devices stay: the last hold of an inode is its file system's own.
static void release(struct inode *inode)
{
    (void)inode;
}

static int nothing(struct filesystem *filesystem)
{
    (void)filesystem;
    return 0;
}

static const struct inode_operations directory_operations = {.lookup = lookup, .readdir = readdir};
static const struct filesystem_operations operations = {
    .name = "devfs", .magic = MAGIC, .release = release, .sync = nothing, .unmount = nothing,
};
static struct inode root = {
    .operations = &directory_operations, .filesystem = &devfs, .number = ROOT_NUMBER,
    .references = 1, .mode = S_IFDIR | 0755, .link_count = 2,
};
static struct filesystem devfs = {.operations = &operations, .root = &root, .device = DEVFS_DEVICE};

void devfs_add(struct device *device)
{
    static uint32_t last_number = ROOT_NUMBER;
    struct device **place = &devices;

    while (*place) {
        place = &(*place)->next;
    }
    *place = device;
    device->next = NULL;
    device->inode = (struct inode){.operations = device->operations,
                                   .filesystem = &devfs,
                                   .number = ++last_number,
                                   .references = 1,
                                   .mode = S_IFCHR | RIGHTS,
                                   .link_count = 1,
                                   .accessed = root.changed,
                                   .modified = root.changed,
                                   .changed = root.changed,
                                   .device_number = device->number};
    if (device->target) {
        device->inode.mode = S_IFLNK | 0777;
        device->inode.size = strlen(device->target);
    }
}

// ---- Devices of memory alone ----

static int64_t null_read(struct inode *inode, struct io *io, uint64_t offset)
{
    (void)inode;
    (void)io;
    (void)offset;
    return 0;
}

static int64_t null_write(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append)
{
    size_t size = io->left;

    (void)inode;
    (void)offset;
    (void)append;
    io->left = 0; // not even looked at
    return (int64_t)size;
}

static int64_t zero_read(struct inode *inode, struct io *io, uint64_t offset)
{
    size_t size = io->left, done = io_zero_out(io, size);

    (void)inode;
    (void)offset;
    return done > 0 || size == 0 ? (int64_t)done : -EFAULT;
}

static int64_t full_write(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append)
{
    (void)inode;
    (void)offset;
    (void)append;
    return io->left > 0 ? -ENOSPC : 0;
}

static int64_t random_read(struct inode *inode, struct io *io, uint64_t offset)
{
    char piece[RANDOM_PIECE];
    size_t size = io->left;

    (void)inode;
    (void)offset;
    while (io->left > 0 && (io->left == size || !this_cpu()->thread->interrupted)) {
        size_t part = io->left < sizeof(piece) ? io->left : sizeof(piece);
        random_bytes(piece, part);
        if (io_copy_out(io, piece, part) < part) {
            break;
        }
    }
    return io->left < size || size == 0 ? (int64_t)(size - io->left) : -EFAULT;
}

static const struct inode_operations null_operations = {.read = null_read, .write = null_write};
static const struct inode_operations zero_operations = {.read = zero_read, .write = null_write};
static const struct inode_operations full_operations = {.read = zero_read, .write = full_write};
static const struct inode_operations random_operations = {
    .read = random_read, .write = null_write};

// The numbers of Linux (Documentation/admin-guide/devices.txt).
static struct device memory_devices[] = {
    {.name = "null", .operations = &null_operations, .number = 1 << 8 | 3},
    {.name = "zero", .operations = &zero_operations, .number = 1 << 8 | 5},
    {.name = "full", .operations = &full_operations, .number = 1 << 8 | 7},
    {.name = "random", .operations = &random_operations, .number = 1 << 8 | 8},
    {.name = "urandom", .operations = &random_operations, .number = 1 << 8 | 9},
};

static int64_t readlink(struct inode *inode, struct io *io)
{
    const struct device *device = LIST_ENTRY(inode, struct device, inode);
    size_t size = io->left < inode->size ? io->left : inode->size;
    return (int64_t)io_copy_out(io, device->target, size);
}

static const struct inode_operations link_operations = {.readlink = readlink};

// What scripts name their own files by.
static struct device links[] = {
    {.name = "fd", .operations = &link_operations, .target = "/proc/self/fd"},
    {.name = "stdin", .operations = &link_operations, .target = "/proc/self/fd/0"},
    {.name = "stdout", .operations = &link_operations, .target = "/proc/self/fd/1"},
    {.name = "stderr", .operations = &link_operations, .target = "/proc/self/fd/2"},
};

void devfs_init(void)
{
    uint64_t now_ns = rtc_now_ns();

    root.changed = (struct timestamp){.seconds = (int64_t)(now_ns / CLOCK_NS_PER_SECOND),
                                      .nanoseconds = now_ns % CLOCK_NS_PER_SECOND};
    root.accessed = root.modified = root.changed;
    for (size_t i = 0; i < ARRAY_LENGTH(memory_devices); i++) {
        devfs_add(&memory_devices[i]);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(links); i++) {
        devfs_add(&links[i]);
    }
    int error = vfs_mount("/dev", &devfs);
    if (error) {
        kprintf("devfs: /dev: %s\n", errno_text(error));
    }
}
