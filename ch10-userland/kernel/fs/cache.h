// The block cache: all access of a file system to its device goes through it. Write-back: changed
// blocks stay here until they are written for a reason.
//
// The cache has no lock. Its owner, the file system, calls every function with its own lock held.
// All of them may sleep where they read or write.
#ifndef RUNG_KERNEL_FS_CACHE_H
#define RUNG_KERNEL_FS_CACHE_H

#include "kernel/fs/block.h"
#include "lib/list.h"
#include "lib/string.h"

#define CACHE_BLOCKS_MIN 256 // a file system can't work with less: see journal_limit
#define CACHE_READ_AHEAD_MAX BLOCK_SEGMENTS_MAX // blocks in one request

enum buffer_state {
    BUFFER_CLEAN,      // as on the device
    BUFFER_DIRTY,      // changed; may be written at any time
    BUFFER_RUNNING,    // changed by the journal's running transaction: stays in memory until commit
    BUFFER_CHECKPOINT, // committed to the journal; may be written to its place at any time
};

// A block in memory. Held by whoever got it from cache_read or cache_new, until cache_release.
struct buffer {
    uint32_t block; // number, in blocks of the file system
    uint8_t state; // enum buffer_state
    bool present; // cache_read finds it
    bool peeked; // it was used since it came to its place in the LRU list
    unsigned references; // holds
    int write_error; // of the last attempt to write it: it stays in its state and is tried again
    void *data; // block_size bytes, in one page below 4 GiB
    struct buffer *hash_next;
    struct list_node lru_node; // unheld and clean: least recently used first
    struct list_node state_node; // all of one state but BUFFER_CLEAN
    struct cache_request *reading; // the read-ahead under way that fills it, or NULL
};

#define CACHE_STATES (BUFFER_CHECKPOINT + 1)
#define CACHE_BATCH 512 // buffers that are sorted before they are written

// For cache.c and the short functions below.
struct cache {
    struct block_device *device;
    size_t block_size, blocks_max, block_count;
    uint32_t block_sectors;
    struct buffer_group *groups;
    struct list_node lru, states[CACHE_STATES];
    size_t counts[CACHE_STATES]; // of BUFFER_CLEAN: not a count
    bool unflushed; // something was written since the last flush
    struct block_request request; // for what is waited for at once
    struct buffer *batch[CACHE_BATCH];
    unsigned hash_shift;
    struct buffer *table[];
};

// Makes a cache of at most `blocks_max` blocks (at least CACHE_BLOCKS_MIN, ASSERTed) of block_size
// bytes (1024, 2048 or 4096) over a device that stays the caller's. Memory for the blocks is taken
// as they are needed. 0 or -ENOMEM.
int cache_create(struct block_device *device, size_t block_size, size_t blocks_max,
                 struct cache **cache);

// Gives everything back, written or not: no buffer may be held (ASSERTed).
void cache_destroy(struct cache *cache);

// What cache_create was given: bytes in a block, and how many blocks there may be.
static inline size_t cache_block_size(const struct cache *cache)
{
    return cache->block_size;
}

static inline size_t cache_blocks_max(const struct cache *cache)
{
    return cache->blocks_max;
}

// Finds a block, reads it where it is not in memory, and holds it. Where the cache is full the
// least recently used clean block makes room, after that what is changed is written: but no block
// that is held. 0; -EIO; -EINVAL behind the end of the device; -ENOMEM when there is no memory, or
// all blocks are held or may not be written yet.
int cache_read(struct cache *cache, uint32_t block, struct buffer **buffer);

// A block that is in memory, or NULL. It is not held: so it is the caller's only until the cache's
// next function is called.
struct buffer *cache_peek(struct cache *cache, uint32_t block);

// The same as cache_read, but without reading, for a block that will be overwritten as a whole: its
// bytes are any until the caller has done that, whether it was in memory or not, and since the
// device has others it is BUFFER_DIRTY, unless it was in another state than BUFFER_CLEAN.
int cache_overwrite(struct cache *cache, uint32_t block, struct buffer **buffer);

// The same, and its bytes are zeroes.
static inline int cache_new(struct cache *cache, uint32_t block, struct buffer **buffer)
{
    int error = cache_overwrite(cache, block, buffer);

    if (error == 0) {
        memset((*buffer)->data, 0, cache->block_size);
    }
    return error;
}

// Starts to read those of `count` (at most CACHE_READ_AHEAD_MAX) successive blocks that are not in
// memory, up to the first that is, and comes back at once: who wants them later waits in
// cache_read. A hint: does nothing where there is no memory or no such block. Returns whether it
// has started to read.
bool cache_read_ahead(struct cache *cache, uint32_t block, unsigned count);

// Whether the block is in memory, or on its way there.
bool cache_present(struct cache *cache, uint32_t block);

// Holds a buffer once more.
static inline void cache_hold(struct buffer *buffer)
{
    if (buffer->references++ == 0) {
        list_remove(&buffer->lru_node); // of one that is not clean: from no list
    }
}

// Gives a hold back.
void cache_release(struct cache *cache, struct buffer *buffer);

// Puts a held buffer into a state: BUFFER_DIRTY after it was changed. BUFFER_RUNNING and
// BUFFER_CHECKPOINT are for the journal alone.
void cache_set_state(struct cache *cache, struct buffer *buffer, enum buffer_state state);

// How many buffers are in a state (not BUFFER_CLEAN), and which: a list by state_node.
static inline size_t cache_count(const struct cache *cache, enum buffer_state state)
{
    return cache->counts[state];
}

static inline struct list_node *cache_list(struct cache *cache, enum buffer_state state)
{
    return &cache->states[state];
}

// The block no longer belongs to anything: what was changed in it need not be written. Who holds it
// keeps the bytes until the release, and does not change its state.
void cache_forget(struct cache *cache, uint32_t block);

// Writes all blocks that are in a state (BUFFER_DIRTY or BUFFER_CHECKPOINT) to their places, in
// order of block numbers, neighbours in one request; those written are clean then. Does not flush
// the device. 0, or -EIO when some could not be written: they stay in the state, the others are
// written none the less.
int cache_write_back(struct cache *cache, enum buffer_state state);

// Writes `count` (at most BLOCK_SEGMENTS_MAX) blocks' data to successive blocks of the device, past
// the cache, which forgets them if it had them: the journal's. data[i] as a block_segment demands.
// -EUCLEAN when one of them was changed in the cache, which only a damaged disk can bring about.
int cache_write_raw(struct cache *cache, uint32_t block, void *const *data, unsigned count);

// Has the device put everything into safety that was written through the cache, by whatever
// function; does nothing where that was done since the last write. 0, -EIO.
int cache_flush(struct cache *cache);

struct cache_statistics {
    uint64_t hits, misses; // blocks found in memory, and read from the device, since boot
    size_t blocks; // that there is memory for now
};

// What all caches together have done. Any context.
struct cache_statistics cache_statistics(void);

#endif
