// What a file system would do with the cache and the journal, played by a model: blocks of metadata
// and of data are taken, changed and freed in operations, and after a power cut a replay must bring
// back what was committed.
#ifndef RUNG_TESTS_FS_JOURNAL_MODEL_H
#define RUNG_TESTS_FS_JOURNAL_MODEL_H

#include "volatile_disk.h"

#include "host.h"
#include "kernel/fs/jbd.h"

#include <unistd.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

extern struct test_case *cases;

// Defines a test; test_journal.py finds its name and claim in this text.
#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(void);                                                             \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(void)

// ---- The disk: a mark of ours in block 0, the journal, the pool ----

#define BLOCK 1024
#define BLOCK_SECTORS (BLOCK / SECTOR)
#define JOURNAL_BLOCKS 1024
#define POOL_START (1 + JOURNAL_BLOCKS)
#define POOL_MAX 700
#define BLOCKS (POOL_START + POOL_MAX)

extern struct volatile_disk disk, copy; // copy: where states after a power cut are made
extern size_t pool; // blocks of it that are used
extern size_t cache_blocks; // of the next cache
extern uint32_t journal_map[JOURNAL_BLOCKS]; // the journal's blocks, shuffled in pieces
extern struct cache *cache;
extern struct journal *journal;
extern bool failing; // the disk does, now and then

struct jbd_superblock *super_of(struct volatile_disk *on);
void open_cache(struct volatile_disk *on);
int open_journal(void);
void close_both(void);
bool valid(void *context, uint32_t block); // of the pool

// No sector is bad any more.
void heal(void);

// ---- The model ----

enum role {
    FREE,
    WAITING, // freed, until the next checkpoint
    METADATA,
    DATA,
};

struct model {
    uint8_t role[POOL_MAX];
    uint32_t version[POOL_MAX]; // of what it holds: each change has a new one
};

extern struct model now;
extern uint32_t versions;

// A disk and a pool with some metadata and data in it; an empty journal.
void make_pool(size_t blocks, uint32_t sequence);

// A version's contents of a block; the version that a sector has, 0 if none.
void fill(void *data, size_t index, uint32_t version);
uint32_t version_of(const uint8_t *data, size_t index, unsigned half);
const uint8_t *pool_data(const struct volatile_disk *on, size_t index);

// Whether metadata are exactly the model's, and data at least as new.
bool holds(const struct volatile_disk *on, const struct model *model);

// A block with a role; gives it new contents; does up to so many things to the pool.
size_t pick(enum role role);
int change(size_t index, bool fresh);
int change_some(unsigned blocks);
unsigned operation_size(void);

// Operations, and now and then a sync.
void work(unsigned operations, unsigned sync_every);

// The file system's own mark that its journal is in use: written and flushed.
bool marked(struct volatile_disk *on);
void mark(bool in_use);
void mount(void);

// ---- Power cuts ----

// What was committed, and the cut points between which it came to hold.
struct commit {
    struct model model;
    size_t begin, end;
};

extern size_t commit_count;
extern uint64_t states; // looked at so far

void add_commit(const struct model *model, size_t begin);

// Runs a call that may commit, and notes the commit if there was one. all: that it returns 0
// promises that everything so far is safe.
int committing(int result, uint32_t sequence, const struct model *before, size_t begin, bool all);
#define COMMITTING(call, all)                                                                      \
    ({                                                                                             \
        struct model before_ = now;                                                                \
        uint32_t sequence_ = journal->sequence;                                                    \
        size_t begin_ = disk.log_count;                                                            \
        committing(call, sequence_, &before_, begin_, all);                                        \
    })

// Recovers states of the disk at cut points some steps apart, and checks them: all where few sectors
// are in doubt, else `samples` of them. begin: the disk at the log's begin.
void check_cuts(const uint8_t *begin, size_t step, unsigned samples, unsigned exhaustive);

// Lets the power be cut once: what is left is the disk, and the model follows.
void cut_power(const uint8_t *begin);

// Mounts, works and loses power, several times; each time many more states that might have been are
// looked at.
void power_cuts(unsigned sessions, unsigned operations, size_t step, unsigned samples,
                unsigned exhaustive);

#endif
