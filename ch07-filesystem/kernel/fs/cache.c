// A hash table finds a block's buffer. Every buffer that may be used for another block, because
// nobody holds it and the device has the same bytes, is in the LRU list, those without a block at
// its front; one that was changed is in the list of its state.
#include "kernel/fs/cache.h"

#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

// A read-ahead under way: its buffers are in the LRU list, and not held.
struct cache_request {
    struct block_request request;
    struct buffer *buffers[CACHE_READ_AHEAD_MAX];
};

// The buffers whose data share a page, which is that of the first one.
struct buffer_group {
    struct buffer_group *next;
    struct buffer buffers[];
};

static struct cache_statistics statistics;

int cache_create(struct block_device *device, size_t block_size, size_t blocks_max,
                 struct cache **created)
{
    unsigned bits = 1;

    ASSERT(block_size == 1024 || block_size == 2048 || block_size == 4096);
    ASSERT(blocks_max >= CACHE_BLOCKS_MIN && blocks_max <= UINT32_MAX / 2);
    while ((size_t)1 << bits < blocks_max) {
        bits++;
    }
    struct cache *cache = kcalloc(1, sizeof(*cache) + (sizeof(cache->table[0]) << bits));
    if (!cache) {
        return -ENOMEM;
    }
    cache->device = device;
    cache->block_size = block_size;
    cache->block_sectors = (uint32_t)(block_size / BLOCK_SECTOR_SIZE);
    cache->blocks_max = blocks_max;
    cache->hash_shift = 32 - bits;
    list_init(&cache->lru);
    for (unsigned state = 0; state < CACHE_STATES; state++) {
        list_init(&cache->states[state]);
    }
    *created = cache;
    return 0;
}

struct cache_statistics cache_statistics(void)
{
    return statistics;
}

// ---- The table ----

static struct buffer **bucket(struct cache *cache, uint32_t block)
{
    // Fibonacci hashing (Knuth, TAOCP vol. 3, 6.4): blocks at regular distances spread, too.
    return &cache->table[block * 2654435769u >> cache->hash_shift];
}

static struct buffer *find(struct cache *cache, uint32_t block)
{
    struct buffer *buffer = *bucket(cache, block);

    while (buffer && buffer->block != block) {
        buffer = buffer->hash_next;
    }
    return buffer;
}

static void table_insert(struct cache *cache, struct buffer *buffer, uint32_t block)
{
    struct buffer **link = bucket(cache, block);

    buffer->block = block;
    buffer->present = true;
    buffer->write_error = 0;
    buffer->hash_next = *link;
    *link = buffer;
}

static void table_remove(struct cache *cache, struct buffer *buffer)
{
    struct buffer **link = bucket(cache, buffer->block);

    while (*link != buffer) {
        link = &(*link)->hash_next;
    }
    *link = buffer->hash_next;
    buffer->present = false;
}

// ---- States and holds ----

// Puts a clean buffer that nobody holds where its turn is: last, or without a block first.
static void make_reusable(struct cache *cache, struct buffer *buffer)
{
    list_insert(buffer->present ? cache->lru.previous : &cache->lru, &buffer->lru_node);
}

void cache_release(struct cache *cache, struct buffer *buffer)
{
    ASSERT(buffer->references > 0);
    if (--buffer->references == 0 && buffer->state == BUFFER_CLEAN) {
        make_reusable(cache, buffer);
    }
}

void cache_set_state(struct cache *cache, struct buffer *buffer, enum buffer_state state)
{
    if (buffer->state == BUFFER_CLEAN && state != BUFFER_CLEAN) {
        ASSERT(buffer->references > 0 && buffer->present);
    }
    cache->counts[buffer->state]--;
    cache->counts[state]++;
    list_remove(&buffer->state_node);
    buffer->state = (uint8_t)state;
    if (state != BUFFER_CLEAN) {
        list_append(&cache->states[state], &buffer->state_node);
    } else if (buffer->references == 0) {
        list_remove(&buffer->lru_node);
        make_reusable(cache, buffer);
    }
}

// Takes a present buffer's block from it.
static void discard(struct cache *cache, struct buffer *buffer)
{
    table_remove(cache, buffer);
    cache_set_state(cache, buffer, BUFFER_CLEAN);
}

static void start(struct cache *cache, struct block_request *request, bool write, uint32_t block,
                  void *const *data, unsigned count)
{
    request->write = write;
    request->sector = (uint64_t)block * cache->block_sectors;
    request->segment_count = count;
    for (unsigned i = 0; i < count; i++) {
        request->segments[i] = (struct block_segment){data[i], cache->block_sectors};
    }
    cache->unflushed = cache->unflushed || write;
    block_start(cache->device, request);
}

// Reads or writes successive blocks.
static int transfer(struct cache *cache, bool write, uint32_t block, void *const *data,
                    unsigned count)
{
    start(cache, &cache->request, write, block, data, count);
    return block_finish(cache->device, &cache->request);
}

// Waits for the end of a read-ahead. When it failed, its blocks are as if nobody had asked for
// them: who wants one reads it alone, and is told.
static void settle(struct cache *cache, struct cache_request *reading)
{
    int result = block_finish(cache->device, &reading->request);

    for (unsigned i = 0; i < reading->request.segment_count; i++) {
        reading->buffers[i]->reading = NULL;
        if (result != 0) {
            discard(cache, reading->buffers[i]);
        }
    }
    kfree(reading);
}

int cache_flush(struct cache *cache)
{
    int result = cache->unflushed ? block_flush(cache->device) : 0;

    cache->unflushed = result != 0;
    return result;
}

// ---- Writing ----

// Writes buffers of successive blocks. Where that fails each is tried alone, so that only those
// stay in their state that can't be written.
static void write_run(struct cache *cache, struct buffer *const *buffers, unsigned count)
{
    void *data[BLOCK_SEGMENTS_MAX];

    for (unsigned i = 0; i < count; i++) {
        data[i] = buffers[i]->data;
    }
    int error = transfer(cache, true, buffers[0]->block, data, count);
    for (unsigned i = 0; i < count; i++) {
        struct buffer *buffer = buffers[i];
        buffer->write_error =
            error && count > 1 ? transfer(cache, true, buffer->block, &buffer->data, 1) : error;
        if (buffer->write_error == 0) {
            cache_set_state(cache, buffer, BUFFER_CLEAN);
        }
    }
}

// Sorts by block (D. L. Shell's method; TAOCP vol. 3, 5.2.1).
static void sort(struct buffer **buffers, size_t count)
{
    for (size_t gap = CACHE_BATCH / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            struct buffer *moving = buffers[i];
            size_t place = i;
            for (; place >= gap && buffers[place - gap]->block > moving->block; place -= gap) {
                buffers[place] = buffers[place - gap];
            }
            buffers[place] = moving;
        }
    }
}

// Writes the blocks of a state, those that are held only if `held` says so.
static void write_state(struct cache *cache, enum buffer_state state, bool held)
{
    struct list_node *head = &cache->states[state], *node = head->next;
    struct buffer **batch = cache->batch;

    while (node != head) {
        size_t count = 0;
        for (; node != head && count < CACHE_BATCH; node = node->next) {
            struct buffer *buffer = LIST_ENTRY(node, struct buffer, state_node);
            if (held || buffer->references == 0) {
                batch[count++] = buffer;
            }
        }
        sort(batch, count);
        for (size_t i = 0, run; i < count; i += run) {
            for (run = 1; run < BLOCK_SEGMENTS_MAX && i + run < count; run++) {
                if (batch[i + run]->block != batch[i]->block + run) {
                    break;
                }
            }
            write_run(cache, &batch[i], (unsigned)run);
        }
    }
}

int cache_write_back(struct cache *cache, enum buffer_state state)
{
    ASSERT(state == BUFFER_DIRTY || state == BUFFER_CHECKPOINT);
    write_state(cache, state, true);
    return cache->counts[state] == 0 ? 0 : -EIO;
}

int cache_write_raw(struct cache *cache, uint32_t block, void *const *data, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct buffer *buffer = find(cache, block + i);
        if (buffer && buffer->state != BUFFER_CLEAN) {
            return -EUCLEAN; // on a damaged disk it belongs to two
        }
        cache_forget(cache, block + i);
    }
    return transfer(cache, true, block, data, count);
}

// ---- Memory for blocks ----

// Makes the buffers of one more page, if there may be more. They are the next to be used.
static void grow(struct cache *cache)
{
    size_t count = PAGE_SIZE / cache->block_size;
    struct buffer_group *group = NULL;

    if (count <= cache->blocks_max - cache->block_count) {
        group = kcalloc(1, sizeof(*group) + count * sizeof(group->buffers[0]));
    }
    phys_t page = group ? pmm_alloc_low(0, PAGE_CACHE) : 0;
    if (!page) {
        kfree(group);
        return;
    }
    group->next = cache->groups;
    cache->groups = group;
    cache->block_count += count;
    statistics.blocks += count;
    for (size_t i = 0; i < count; i++) {
        struct buffer *buffer = &group->buffers[i];
        buffer->data = (char *)phys_to_virt(page) + i * cache->block_size;
        list_init(&buffer->state_node);
        list_insert(&cache->lru, &buffer->lru_node);
    }
}

void cache_destroy(struct cache *cache)
{
    size_t count = PAGE_SIZE / cache->block_size;

    // First all that is under way: its end still changes the lists, with buffers of other groups.
    for (struct buffer_group *group = cache->groups; group; group = group->next) {
        for (size_t i = 0; i < count; i++) {
            ASSERT(group->buffers[i].references == 0);
            if (group->buffers[i].reading) {
                settle(cache, group->buffers[i].reading);
            }
        }
    }
    while (cache->groups) {
        struct buffer_group *group = cache->groups;
        cache->groups = group->next;
        statistics.blocks -= count;
        pmm_free(virt_to_phys(group->buffers[0].data));
        kfree(group);
    }
    kfree(cache);
}

static struct buffer *least_recent(struct cache *cache)
{
    while (!list_empty(&cache->lru)) {
        struct buffer *buffer = LIST_ENTRY(cache->lru.next, struct buffer, lru_node);
        if (!buffer->peeked) {
            return buffer;
        }
        buffer->peeked = false;
        list_remove(&buffer->lru_node);
        make_reusable(cache, buffer);
    }
    return NULL;
}

// Finds a buffer for a block that is not in memory, and takes it out of the LRU list. Without
// `wait` only one that can be had at once.
static int take(struct cache *cache, uint32_t block, bool wait, struct buffer **taken)
{
    struct buffer *buffer = least_recent(cache);

    if (block >= cache->device->sector_count / cache->block_sectors) {
        return -EINVAL;
    }
    if (!buffer || buffer->present) {
        grow(cache);
    }
    if (list_empty(&cache->lru) && wait) {
        write_state(cache, BUFFER_DIRTY, false);
    }
    if (list_empty(&cache->lru) && wait) {
        write_state(cache, BUFFER_CHECKPOINT, false);
    }
    while ((buffer = least_recent(cache)) && buffer->reading && wait) {
        settle(cache, buffer->reading);
    }
    if (!buffer || buffer->reading) {
        return -ENOMEM;
    }
    if (buffer->present) {
        table_remove(cache, buffer);
    }
    list_remove(&buffer->lru_node);
    table_insert(cache, buffer, block);
    *taken = buffer;
    return 0;
}

// ---- Blocks ----

// Finds a block whose data are there.
static struct buffer *find_settled(struct cache *cache, uint32_t block)
{
    struct buffer *buffer = find(cache, block);

    if (buffer && buffer->reading) {
        settle(cache, buffer->reading);
        buffer = find(cache, block);
    }
    return buffer;
}

// cache_read for a block that is not in memory, or on its way there. Not inline: a hit needs none
// of the registers that it saves.
static __attribute__((noinline)) int read_block(struct cache *cache, uint32_t block,
                                                struct buffer **result)
{
    struct buffer *buffer = find_settled(cache, block);

    if (buffer) {
        return cache_read(cache, block, result);
    }
    int error = take(cache, block, true, &buffer);
    if (error) {
        return error;
    }
    statistics.misses++;
    error = transfer(cache, false, block, &buffer->data, 1);
    if (error) {
        discard(cache, buffer);
        return error;
    }
    cache_hold(buffer);
    *result = buffer;
    return 0;
}

int cache_read(struct cache *cache, uint32_t block, struct buffer **result)
{
    struct buffer *buffer = find(cache, block);

    if (!buffer || buffer->reading) {
        return read_block(cache, block, result);
    }
    statistics.hits++;
    cache_hold(buffer);
    *result = buffer;
    return 0;
}

struct buffer *cache_peek(struct cache *cache, uint32_t block)
{
    struct buffer *buffer = find(cache, block);

    if (!buffer || buffer->reading) {
        return NULL;
    }
    statistics.hits++;
    buffer->peeked = true;
    return buffer;
}

int cache_overwrite(struct cache *cache, uint32_t block, struct buffer **result)
{
    struct buffer *buffer = find_settled(cache, block);
    int error = buffer ? 0 : take(cache, block, true, &buffer);

    if (error) {
        return error;
    }
    cache_hold(buffer);
    if (buffer->state == BUFFER_CLEAN) {
        cache_set_state(cache, buffer, BUFFER_DIRTY);
    }
    *result = buffer;
    return 0;
}

bool cache_read_ahead(struct cache *cache, uint32_t block, unsigned count)
{
    struct cache_request *reading;
    struct buffer *buffer;
    void *data[CACHE_READ_AHEAD_MAX];
    unsigned i = 0;

    ASSERT(count <= CACHE_READ_AHEAD_MAX);
    if (find(cache, block)) {
        return false;
    }
    reading = kmalloc(sizeof(*reading));
    while (reading && i < count && !find(cache, block + i) &&
           take(cache, block + i, false, &buffer) == 0) {
        buffer->reading = reading;
        reading->buffers[i] = buffer;
        data[i++] = buffer->data;
        make_reusable(cache, buffer);
    }
    if (i > 0) {
        statistics.misses += i;
        start(cache, &reading->request, false, block, data, i);
    } else {
        kfree(reading);
    }
    return i > 0;
}

bool cache_present(struct cache *cache, uint32_t block)
{
    return find(cache, block);
}

void cache_forget(struct cache *cache, uint32_t block)
{
    struct buffer *buffer = find_settled(cache, block);

    if (buffer) {
        discard(cache, buffer);
    }
}
