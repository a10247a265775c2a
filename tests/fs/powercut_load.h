// The busy workload of the power-cut tests, the same in the guest (tests/kernel/07-powercut.c) and
// on the host (powercut_host.c): random operations from a seed, on few names so that they meet.
//
// Before each operation its number goes as a mark into a sector outside the file system, so that a
// log of the disk's writes tells what had begun and what was done. For the model (powercut_model.py)
// lines say what it is, and what came of it:
//
//     op 17 rename /d0/f1 /d2/f3
//     = 0
//
// What operation 17 writes at offset x of a file is byte x % 8 of the little-endian word
// (17 << 32 | x / 8): it depends on nothing else, and no two writes are alike.
#ifndef RUNG_TESTS_FS_POWERCUT_LOAD_H
#define RUNG_TESTS_FS_POWERCUT_LOAD_H

#include "kernel/fs/block.h"
#include "kernel/fs/file.h"
#include "kernel/fs/vfs.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"

#define POWERCUT_SLOTS 4 // files that stay open
#define POWERCUT_KNOWN 32 // paths that were there once, to be used again
#define POWERCUT_PATH_SIZE 384
#define POWERCUT_WRITE_MAX 150000 // bytes in one write
#define POWERCUT_SIZE_MAX 400000 // bytes in a file: beyond the first double indirect block of 1 KiB

struct powercut {
    const char *folder; // where it works, without a slash at its end: "" for the root
    struct block_device *disk; // for the marks
    uint64_t mark_sector;
    void (*mark_lock)(void), (*mark_unlock)(void); // around them
    void (*note)(const char *text, ...) __attribute__((format(printf, 1, 2)));
    char *buffer; // POWERCUT_WRITE_MAX + 8 bytes
    uint64_t random; // not 0
    // The load's own:
    uint32_t operation; // number of the last one begun
    struct file *slots[POWERCUT_SLOTS];
    char known[POWERCUT_KNOWN][POWERCUT_PATH_SIZE];
    char path[POWERCUT_PATH_SIZE], other[POWERCUT_PATH_SIZE];
    uint64_t mark[BLOCK_SECTOR_SIZE / sizeof(uint64_t)];
};

static uint32_t powercut_below(struct powercut *load, uint32_t limit)
{
    load->random ^= load->random >> 12;
    load->random ^= load->random << 25;
    load->random ^= load->random >> 27;
    return (uint32_t)((((load->random * 0x2545f4914f6cdd1d) >> 32) * limit) >> 32);
}

static bool powercut_chance(struct powercut *load, uint32_t percent)
{
    return powercut_below(load, 100) < percent;
}

// The next operation begins.
static void powercut_begin(struct powercut *load)
{
    load->operation++;
    memcpy(load->mark, "powercut", 8);
    load->mark[1] = load->operation;
    load->mark_lock();
    if (block_write(load->disk, load->mark_sector, load->mark, 1) != 0) {
        load->note("error: no mark %u", load->operation);
    }
    load->mark_unlock();
}

// It has ended.
static void powercut_end(struct powercut *load, int64_t result)
{
    load->note("= %lld", (long long)result);
}

// ---- Names ----

// Appends a name: of the first `directories` directories, or of a file if that is 0. Some names are
// so long that directories take several blocks.
static void powercut_add_name(struct powercut *load, char *path, unsigned directories)
{
    size_t length = strlen(path);
    uint32_t number = powercut_below(load, directories ? directories : 12);

    snprintf(path + length, POWERCUT_PATH_SIZE - length, "/%c%u", directories ? 'd' : 'f',
             (unsigned)number);
    if (!directories && number >= 8) {
        length = strlen(path);
        memset(path + length, 'x', 100);
        path[length + 100] = '\0';
    }
}

// Makes a path for a directory or for what is none, now and then the wrong one. Some directories
// never have anything in them, so that they can be removed.
static void powercut_make_path(struct powercut *load, char *path, bool directory)
{
    uint32_t depth = powercut_below(load, 8);

    strlcpy(path, load->folder, POWERCUT_PATH_SIZE);
    for (depth = depth < 3 ? 0 : depth < 6 ? 1 : 2; depth > 0; depth--) {
        powercut_add_name(load, path, 4);
    }
    powercut_add_name(load, path, directory != powercut_chance(load, 5) ? 6 : 0);
}

// A path of something that is probably there.
static void powercut_find_path(struct powercut *load, char *path)
{
    struct file_status status;

    for (unsigned tries = 0; tries < 8; tries++) {
        char *known = load->known[powercut_below(load, POWERCUT_KNOWN)];
        if (known[0] == '\0' || vfs_stat(NULL, known, false, &status) != 0) {
            known[0] = '\0';
        } else if (!S_ISDIR(status.mode) || powercut_chance(load, 10)) {
            strlcpy(path, known, POWERCUT_PATH_SIZE);
            return;
        }
    }
    powercut_make_path(load, path, false);
}

static void powercut_remember(struct powercut *load, const char *path)
{
    strlcpy(load->known[powercut_below(load, POWERCUT_KNOWN)], path, POWERCUT_PATH_SIZE);
}

// ---- Operations ----

static void powercut_fill(struct powercut *load, uint64_t offset, size_t size)
{
    uint64_t word = offset / 8;

    for (size_t done = 0; done < offset % 8 + size; done += 8, word++) {
        uint64_t value = (uint64_t)load->operation << 32 | word;
        memcpy(load->buffer + done, &value, 8);
    }
}

static uint32_t powercut_length(struct powercut *load)
{
    uint32_t kind = powercut_below(load, 100);
    uint32_t limit = kind < 30 ? 200 : kind < 90 ? 9000 : kind < 97 ? 60000 : POWERCUT_WRITE_MAX;
    return 1 + powercut_below(load, limit);
}

// Writes somewhere into a file, and says where before it does.
static int64_t powercut_write_file(struct powercut *load, struct file *file, const char *name)
{
    uint32_t size = (uint32_t)file->inode->size, offset = size;
    uint32_t kind = powercut_below(load, 100), length = powercut_length(load);

    if (kind >= 85) {
        offset += powercut_below(load, kind < 95 ? 5000 : 90000); // leaves a hole
    } else if (kind >= 35) {
        offset = powercut_below(load, size + 1);
        offset -= powercut_chance(load, 30) ? offset % 512 : 0;
    }
    if (offset + length > POWERCUT_SIZE_MAX) {
        offset = powercut_below(load, 20000);
    }
    load->note("op %u %s %u %u", (unsigned)load->operation, name, (unsigned)offset,
               (unsigned)length);
    powercut_fill(load, offset, length);
    struct io io = io_kernel(load->buffer + offset % 8, length);
    return file_write_at(file, &io, (int64_t)offset);
}

// Writes into load->path, now and then so that it is safe when that returns.
static void powercut_write(struct powercut *load)
{
    char name[POWERCUT_PATH_SIZE + 16];
    bool safe = powercut_chance(load, 6);
    struct file *file;

    powercut_begin(load);
    int64_t result = file_open(NULL, load->path, safe ? O_WRONLY | O_SYNC : O_WRONLY, 0, &file);
    snprintf(name, sizeof(name), "%s %s", safe ? "safewrite" : "write", load->path);
    if (result == 0) {
        result = powercut_write_file(load, file, name);
        file_close(file);
    } else {
        load->note("op %u %s 0 0", (unsigned)load->operation, name);
    }
    powercut_end(load, result);
}

// Opens and closes. O_CREAT and O_TRUNC say whether it creates or empties.
static void powercut_open(struct powercut *load, const char *name, unsigned flags)
{
    struct file *file;

    powercut_begin(load);
    load->note("op %u %s %s", (unsigned)load->operation, name, load->path);
    int result = file_open(NULL, load->path, flags | O_WRONLY, 0640, &file);
    powercut_end(load, result);
    if (result == 0) {
        file_close(file);
        powercut_remember(load, load->path);
    }
}

static void powercut_truncate(struct powercut *load)
{
    struct file_status status;
    uint32_t size = powercut_below(load, 12000);

    if (vfs_stat(NULL, load->path, true, &status) == 0 && powercut_chance(load, 80)) {
        size = powercut_below(load, (uint32_t)status.size + 1);
    }
    size -= powercut_chance(load, 20) ? size % 1024 : 0;
    powercut_begin(load);
    load->note("op %u truncate %s %u", (unsigned)load->operation, load->path, (unsigned)size);
    powercut_end(load, vfs_truncate(NULL, load->path, size));
}

// An operation on load->path, or from load->path to load->other.
static void powercut_one(struct powercut *load, const char *name,
                         int (*operation)(struct inode *, const char *))
{
    powercut_begin(load);
    load->note("op %u %s %s", (unsigned)load->operation, name, load->path);
    powercut_end(load, operation(NULL, load->path));
}

static void powercut_two(struct powercut *load, const char *name,
                         int (*operation)(struct inode *, const char *, const char *))
{
    powercut_begin(load);
    load->note("op %u %s %s %s", (unsigned)load->operation, name, load->path, load->other);
    int result = operation(NULL, load->path, load->other);
    powercut_end(load, result);
    if (result == 0) {
        powercut_remember(load, load->other);
    }
}

static int powercut_do_fsync(struct inode *base, const char *path)
{
    struct file *file;
    int result = file_open(base, path, O_RDONLY, 0, &file);

    if (result == 0) {
        result = file_sync(file);
        file_close(file);
    }
    return result;
}

static int powercut_do_sync(struct inode *base, const char *path)
{
    (void)base;
    (void)path;
    return vfs_sync();
}

static int powercut_do_mkdir(struct inode *base, const char *path)
{
    return vfs_mkdir(base, path, 0750);
}

// path is the target here: short ones lie in the inode, long ones have a block.
static void powercut_symlink(struct powercut *load)
{
    size_t length =
        powercut_chance(load, 60) ? 1 + powercut_below(load, 59) : 60 + powercut_below(load, 300);

    memset(load->path, 'a' + (int)(load->operation % 26), length);
    load->path[length] = '\0';
    powercut_make_path(load, load->other, false);
    powercut_two(load, "symlink", vfs_symlink);
}

static void powercut_rename(struct powercut *load, bool directory)
{
    if (directory) {
        powercut_make_path(load, load->path, true);
    } else {
        powercut_find_path(load, load->path);
    }
    if (directory || powercut_chance(load, 50)) {
        powercut_make_path(load, load->other, directory);
    } else {
        powercut_find_path(load, load->other);
    }
    powercut_two(load, "rename", vfs_rename);
}

// What careful programs do: a new file, made safe, takes an old one's name.
static void powercut_replace(struct powercut *load)
{
    powercut_make_path(load, load->path, false);
    powercut_open(load, "trunc", O_CREAT | O_TRUNC);
    powercut_write(load);
    powercut_one(load, "fsync", powercut_do_fsync);
    powercut_find_path(load, load->other);
    powercut_two(load, "rename", vfs_rename);
}

// ---- Files that stay open, also without a name ----

static void powercut_slot_open(struct powercut *load, unsigned slot)
{
    powercut_find_path(load, load->path);
    powercut_begin(load);
    load->note("op %u open %u %s", (unsigned)load->operation, slot, load->path);
    int result = file_open(NULL, load->path, O_CREAT | O_RDWR, 0640, &load->slots[slot]);
    powercut_end(load, result);
    if (result != 0) {
        load->slots[slot] = NULL;
    } else if (powercut_chance(load, 60)) {
        powercut_one(load, "unlink", vfs_unlink);
    }
}

static void powercut_slot_close(struct powercut *load, unsigned slot)
{
    powercut_begin(load);
    load->note("op %u close %u", (unsigned)load->operation, slot);
    file_close(load->slots[slot]);
    load->slots[slot] = NULL;
    powercut_end(load, 0);
}

static void powercut_slot(struct powercut *load)
{
    unsigned slot = powercut_below(load, POWERCUT_SLOTS);
    struct file *file = load->slots[slot];
    uint32_t kind = powercut_below(load, 100), size = powercut_below(load, 3000);
    char name[16];

    if (!file) {
        powercut_slot_open(load, slot);
    } else if (kind < 25) {
        powercut_slot_close(load, slot);
    } else if (kind < 30) {
        powercut_begin(load);
        load->note("op %u sfsync %u", (unsigned)load->operation, slot);
        powercut_end(load, file_sync(file));
    } else if (kind < 40) {
        powercut_begin(load);
        load->note("op %u struncate %u %u", (unsigned)load->operation, slot, (unsigned)size);
        powercut_end(load, file_truncate(file, size));
    } else {
        powercut_begin(load);
        snprintf(name, sizeof(name), "swrite %u", slot);
        powercut_end(load, powercut_write_file(load, file, name));
    }
}

static void powercut_step(struct powercut *load)
{
    uint32_t kind = powercut_below(load, 100);

    powercut_find_path(load, load->path);
    if (kind < 12) {
        powercut_make_path(load, load->path, false);
        powercut_open(load, "create", O_CREAT | O_EXCL);
    } else if (kind < 38) {
        powercut_write(load);
    } else if (kind < 43) {
        powercut_truncate(load);
    } else if (kind < 46) {
        powercut_open(load, "trunc", O_CREAT | O_TRUNC);
    } else if (kind < 50) {
        powercut_make_path(load, load->other, false);
        powercut_two(load, "link", vfs_link);
    } else if (kind < 54) {
        powercut_symlink(load);
    } else if (kind < 61) {
        powercut_one(load, "unlink", vfs_unlink);
    } else if (kind < 66) {
        powercut_make_path(load, load->path, true);
        powercut_one(load, "mkdir", powercut_do_mkdir);
    } else if (kind < 69) {
        powercut_make_path(load, load->path, true);
        powercut_one(load, "rmdir", vfs_rmdir);
    } else if (kind < 80) {
        powercut_rename(load, kind >= 76);
    } else if (kind < 83) {
        powercut_one(load, "fsync", powercut_do_fsync);
    } else if (kind < 85) {
        load->path[0] = '\0';
        powercut_one(load, "sync", powercut_do_sync);
    } else if (kind < 88) {
        powercut_replace(load);
    } else {
        powercut_slot(load);
    }
}

// ---- Another load: a file whose end takes several transactions ----

#define POWERCUT_PIECES 40 // of the file, each with an indirect block of its own: 1 KiB blocks
#define POWERCUT_PIECE_STEP 262144
#define POWERCUT_PIECE_SIZE 100

static void powercut_make_large(struct powercut *load)
{
    struct file *file;
    int64_t result;

    strlcpy(load->path, "/large", sizeof(load->path));
    powercut_open(load, "trunc", O_CREAT | O_TRUNC);
    powercut_begin(load);
    load->note("op %u pieces /large %u %u %u", (unsigned)load->operation, POWERCUT_PIECES,
               POWERCUT_PIECE_STEP, POWERCUT_PIECE_SIZE);
    result = file_open(NULL, load->path, O_WRONLY, 0, &file);
    for (unsigned i = 0; i < POWERCUT_PIECES && result >= 0; i++) {
        powercut_fill(load, i * POWERCUT_PIECE_STEP, POWERCUT_PIECE_SIZE);
        struct io io = io_kernel(load->buffer, POWERCUT_PIECE_SIZE);
        result = file_write_at(file, &io, i * POWERCUT_PIECE_STEP);
    }
    file_close(file);
    powercut_end(load, result);
    powercut_one(load, "sync", powercut_do_sync);
}

// Makes a large file and ends it, again and again, each time with a little more data that waits to
// be written: so that a commit comes between, sooner or later.
static void powercut_run_large(struct powercut *load)
{
    for (unsigned round = 0; round < 12; round++) {
        powercut_make_large(load);
        strlcpy(load->path, "/other", sizeof(load->path));
        powercut_open(load, "trunc", O_CREAT | O_TRUNC);
        powercut_begin(load);
        uint32_t length = (60 + round) * 1024;
        load->note("op %u write /other 0 %u", (unsigned)load->operation, (unsigned)length);
        powercut_fill(load, 0, length);
        struct io io = io_kernel(load->buffer, length);
        struct file *file;
        int64_t result = file_open(NULL, load->path, O_WRONLY, 0, &file);
        if (result == 0) {
            result = file_write_at(file, &io, 0);
            file_close(file);
        }
        powercut_end(load, result);
        strlcpy(load->path, "/large", sizeof(load->path));
        if (round % 3 == 0) {
            powercut_one(load, "unlink", vfs_unlink);
        } else {
            powercut_begin(load);
            load->note("op %u truncate /large 5000", (unsigned)load->operation);
            powercut_end(load, vfs_truncate(NULL, load->path, 5000));
        }
    }
}

// ---- The busy load ----

// The random numbers of a seed.
static uint64_t powercut_random(uint64_t seed)
{
    return (seed + 1) * 0x9e3779b97f4a7c15;
}

// Runs until `operations` have begun; 0: the load with the large file.
static void powercut_run(struct powercut *load, uint32_t operations)
{
    if (operations == 0) {
        powercut_run_large(load);
    }
    while (load->operation < operations) {
        powercut_step(load);
    }
    powercut_begin(load);
    load->note("op %u end", (unsigned)load->operation);
    powercut_end(load, 0);
}

#endif
