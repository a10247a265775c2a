// A kernel for the host: what a chapter's kernel/fs/*.c need of the rest of the system, on top of
// the C library, and a disk that can be made to fail. The file system's sources are the chapter's
// own files, unchanged.
#ifndef RUNG_TOOLS_EXT2_HOST_H
#define RUNG_TOOLS_EXT2_HOST_H

#include "kernel/fs/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Kernel headers have their own ideas of these (the same values on Linux).
#undef SEEK_SET
#undef SEEK_CUR
#undef SEEK_END

// ---- host.c ----

// Ends the program with a message.
_Noreturn void host_fail(const char *text, ...) __attribute__((format(printf, 1, 2)));

// What kprintf has printed goes to standard error, or nowhere; host_output has the last 4 KiB of it
// in either case, and can be emptied.
extern bool host_quiet;
extern char host_output[4096];

// The time that rtc_now_ns gives: 0 stands for the host's own. Then it advances by a microsecond
// with each look.
extern uint64_t host_time_ns;

// Lets the allocation that comes after `after` more fail, and `count` in all (UINT64_MAX: every one
// from there on). count 0 ends it. How many allocations were asked for, and how many pieces are
// given out now.
void host_fail_allocations(uint64_t after, uint64_t count);
uint64_t host_allocations(void);
size_t host_allocated(void);

// No mutex is held: true between operations.
bool host_unlocked(void);

// ---- disk.c ----

struct host_disk;

enum host_disk_mode {
    HOST_DISK_READ, // writes fail
    HOST_DISK_WRITE,
    HOST_DISK_PRIVATE, // writes stay in this process
};

// A disk over an image file; ends the program where it can't be opened. Sectors are those of the
// image.
struct host_disk *host_disk_open(const char *path, enum host_disk_mode mode);

// A disk over memory that stays the caller's.
struct host_disk *host_disk_memory(void *data, size_t size);

void host_disk_close(struct host_disk *disk);

// The whole disk as a block device, which lives as long as the disk; partitions are made of it by
// partition_open.
struct block_device *host_disk_device(struct host_disk *disk);

enum host_disk_operation { HOST_DISK_READS, HOST_DISK_WRITES, HOST_DISK_FLUSHES };

// Makes operations fail with -EIO: of those that touch a sector from first to last (any flush does)
// `after` go well, and then `count` fail. Several may be set at once. A write that fails has
// written the sectors before the bad one.
struct host_disk_fault {
    enum host_disk_operation operation;
    uint64_t first, last;
    uint64_t after, count;
};
void host_disk_fail(struct host_disk *disk, const struct host_disk_fault *fault);
void host_disk_heal(struct host_disk *disk);

// Operations so far, failed ones too.
uint64_t host_disk_count(const struct host_disk *disk, enum host_disk_operation operation);

// Cuts the power after `writes` more writes: the file is left as it is then, and what follows is
// lost; or with `exit` the program ends with HOST_POWER_CUT.
#define HOST_POWER_CUT 3
void host_disk_cut(struct host_disk *disk, uint64_t writes, bool exit);
bool host_disk_off(const struct host_disk *disk);

// Logs all writes and flushes from now on into a file, in the format of QEMU's blklogwrites and
// Linux's dm-log-writes (512-byte sectors). A mark is an entry of its own with a text.
void host_disk_log(struct host_disk *disk, const char *path);
void host_disk_mark(struct host_disk *disk, const char *text);

#endif
