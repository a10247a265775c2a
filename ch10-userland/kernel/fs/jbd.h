// The journal's structures on the disk (JBD, version 2; names as in jbd2.h of Linux and e2fsprogs
// without their prefixes), and what journal.c and journal_replay.c share. Numbers are big-endian on
// the disk: read and write them by big_endian(). Nobody else includes this.
//
//     block 0       first                                                          maxlen
//     | superblock  | ... | descriptor | data | data | ... | commit | descriptor ... |  then first
//                         ^ s_start: the oldest transaction that may not be in its place
#ifndef RUNG_KERNEL_FS_JBD_H
#define RUNG_KERNEL_FS_JBD_H

#include "kernel/fs/journal.h"

#define JBD_MAGIC 0xc03b3998
#define JBD_BLOCKS_MIN 1024 // in a journal, as Linux demands

enum jbd_type {
    JBD_DESCRIPTOR = 1, // tags, and behind it a block for each: one that a transaction changed
    JBD_COMMIT = 2,     // the transaction is whole
    JBD_SUPER_V1 = 3,   // without features
    JBD_SUPER_V2 = 4,
    JBD_REVOKE = 5,     // blocks that this and older transactions must not write
};

// The start of every block of the log but those behind a descriptor, which are escaped.
struct jbd_header {
    uint32_t magic, type, sequence;
};

#define JBD_INCOMPAT_REVOKE 0x1

struct jbd_superblock {
    struct jbd_header header;
    uint32_t blocksize, maxlen, first; // bytes; blocks of the journal; first of the log
    uint32_t sequence, start; // of the oldest transaction; start 0: the log is empty
    uint32_t error; // errno
    uint32_t feature_compat, feature_incompat, feature_ro_compat;
    uint8_t uuid[16];
    uint32_t unused[240];
};
_Static_assert(sizeof(struct jbd_superblock) == 1024, "the superblock takes 1 KiB");

#define JBD_TAG_ESCAPE 1    // the block begins with JBD_MAGIC, and in the log with 0
#define JBD_TAG_SAME_UUID 2 // else JBD_UUID_SIZE bytes follow, as behind each first tag
#define JBD_TAG_LAST 8
#define JBD_UUID_SIZE 16

struct jbd_tag {
    uint32_t block, flags; // the upper half of flags is a checksum's, where there are any
};

struct jbd_revoke {
    struct jbd_header header;
    uint32_t size; // bytes that are used, with these 16
    uint32_t blocks[];
};

static inline uint32_t big_endian(uint32_t value)
{
    return __builtin_bswap32(value);
}

struct journal {
    struct cache *cache;
    uint32_t *blocks; // of the device
    uint32_t block_count;
    size_t block_size;
    struct jbd_superblock *super; // a block in a page of its own; in the next one
    void *scratch; // a descriptor or commit block
    uint32_t first, last; // the log: from first on, below last
    uint32_t head; // where the next transaction begins
    uint32_t used; // blocks from the oldest transaction to head
    uint32_t sequence; // of the running transaction
    uint32_t quarter; // blocks of the log that a transaction may take
    unsigned limit, tags_max; // blocks in a transaction, in a descriptor
    bool aborted;
    void (*checkpointed)(void *context);
    void *context;
};

// The block of the log that lies `distance` behind `index`: from last on it continues at first.
static inline uint32_t journal_behind(const struct journal *journal, uint32_t index,
                                      uint32_t distance)
{
    uint32_t left = journal->last - index;
    return distance < left ? index + distance : journal->first + (distance - left);
}

// Writes the journal's superblock; does not flush.
int journal_write_super(struct journal *journal, uint32_t start, uint32_t sequence);

#endif
