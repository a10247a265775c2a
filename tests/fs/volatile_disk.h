// A disk for the host with a volatile write cache that the tests see into: every sector written and
// every flush is logged, so that any state can be made that a power cut may leave behind.
#ifndef RUNG_TESTS_FS_VOLATILE_DISK_H
#define RUNG_TESTS_FS_VOLATILE_DISK_H

#include "kernel/fs/block.h"

#define SECTOR BLOCK_SECTOR_SIZE
#define FLUSH UINT32_MAX // in place of a sector number: a flush

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            check_failed(__FILE__, __LINE__, #condition);                                          \
        }                                                                                          \
    } while (0)
_Noreturn void check_failed(const char *file, int line, const char *what);

// Random numbers: splitmix64.
extern uint64_t random_state;
uint64_t random_bits(void);
size_t random_below(size_t limit);

struct volatile_disk {
    struct block_device device;
    uint8_t *data; // as reads see it
    size_t sector_count;

    // What was written, in order: sectors one by one. A cut point is a number of entries.
    uint32_t *log; // sector numbers, or FLUSH
    uint8_t (*log_data)[SECTOR];
    size_t log_count, log_size;

    // Errors: of sectors (a bit each: 1 read, 2 write), and of the next flushes.
    uint8_t *bad;
    unsigned failing_flushes;
    uint64_t reads, writes, flushes; // requests
    // Called before each write of a sector, if it is not NULL.
    void (*on_write)(uint32_t sector);
    struct block_request *under_way;
};

void disk_create(struct volatile_disk *disk, size_t sector_count);
void disk_destroy(struct volatile_disk *disk);

// A request must not be under way: all that were started have been finished.
void disk_log_clear(struct volatile_disk *disk);

// The states of the disk that a power cut at a cut point can leave: all writes before the last flush before it,
// and any of the sectors written after that. Walks over the cut points in order.
struct crash {
    const struct volatile_disk *disk; // whose log is looked at
    struct volatile_disk *copy; // where the states are made
    uint8_t *base; // what the flushes before the cut have made safe
    size_t flushed; // entries of the log that are in it
    size_t cut;
};

// Starts with what the disk held at the log's begin. The copy is as large, and is overwritten.
void crash_begin(struct crash *crash, const struct volatile_disk *disk, const uint8_t *begin,
                 struct volatile_disk *copy);
void crash_end(struct crash *crash);

// Goes to a cut point, not before the one it is at: how many sectors are in doubt there.
size_t crash_seek(struct crash *crash, size_t cut);

// Makes a state: of the sectors in doubt those are written, in order, for which chosen(i) is true.
void crash_make(const struct crash *crash, bool (*chosen)(size_t i));

// Undoes that, and all that was written to the copy and logged since then.
void crash_undo(const struct crash *crash);

#endif
