// Tests of the chapter's block cache on the host: `cache_cases NAME SEED` runs one.
#include "volatile_disk.h"

#include "host.h"
#include "kernel/fs/cache.h"
#include "lib/errno.h"

#include <unistd.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

static struct test_case *cases;

// Defines a test; test_cache.py finds its name and claim in this text.
#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(void);                                                             \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(void)

// ---- A model: what each block should hold, and what it may hold on the disk ----

#define BLOCKS 1500
#define MAX CACHE_BLOCKS_MIN
#define HELD_MAX (MAX / 4)

static struct volatile_disk disk;
static struct cache *cache;
static size_t block_size;
static uint32_t block_sectors;

static struct {
    uint32_t version; // what a reader must see
    enum buffer_state state; // changed ones: in memory until they are written
    bool unknown; // forgotten, or a write failed: both may be anything
} blocks[BLOCKS];
static uint32_t versions;
static bool checking; // writes of sectors are looked at
static bool reading; // what is written now is written to make room

static struct {
    struct buffer *buffer;
    uint32_t block;
} held[HELD_MAX];
static size_t held_count;

static void fill(void *data, uint32_t block, uint32_t version)
{
    uint32_t *words = data;

    for (size_t i = 0; i < block_size / 4; i++) {
        words[i] = version == 0 ? 0 : (block << 20 ^ version * 2654435769u) + (uint32_t)i;
    }
}

static bool is(const void *data, uint32_t block, uint32_t version)
{
    static uint32_t expected[1024];

    fill(expected, block, version);
    return memcmp(data, expected, block_size) == 0;
}

static uint8_t *on_disk(uint32_t block)
{
    return disk.data + block * block_size;
}

static bool is_held(uint32_t block)
{
    for (size_t i = 0; i < held_count; i++) {
        if (held[i].block == block) {
            return true;
        }
    }
    return false;
}

// What must not be written yet is not.
static void on_write(uint32_t sector)
{
    uint32_t block = sector / block_sectors;

    if (checking && !blocks[block].unknown) {
        CHECK(blocks[block].state == BUFFER_DIRTY || blocks[block].state == BUFFER_CHECKPOINT);
        CHECK(!reading || !is_held(block));
    }
}

static bool is_bad(uint32_t block, unsigned how)
{
    for (uint32_t i = 0; i < block_sectors; i++) {
        if (disk.bad[block * block_sectors + i] & how) {
            return true;
        }
    }
    return false;
}

static void start(size_t size)
{
    block_size = size;
    block_sectors = (uint32_t)(size / SECTOR);
    disk_create(&disk, BLOCKS * block_sectors + block_sectors - 1);
    disk.on_write = on_write;
    checking = true;
    versions = 0;
    for (uint32_t block = 0; block < BLOCKS; block++) {
        blocks[block].version = ++versions;
        blocks[block].state = BUFFER_CLEAN;
        blocks[block].unknown = false;
        fill(on_disk(block), block, versions);
    }
    CHECK(cache_create(&disk.device, size, MAX, &cache) == 0);
    CHECK(cache_block_size(cache) == size && cache_blocks_max(cache) == MAX);
}

static void stop(void)
{
    cache_destroy(cache);
    disk_destroy(&disk);
    CHECK(host_allocated() == 0 && cache_statistics().blocks == 0);
}

// ---- Random operations ----

static bool failing; // errors of the disk, and of memory, are allowed

static void get(void)
{
    uint32_t block = (uint32_t)random_below(random_below(2) == 0 ? BLOCKS : 300);
    bool fresh = random_below(5) == 0;
    struct buffer *buffer;

    if (held_count == HELD_MAX) {
        return;
    }
    reading = true;
    int error = fresh ? cache_new(cache, block, &buffer) : cache_read(cache, block, &buffer);
    reading = false;
    if (error) {
        CHECK(failing && (error == -ENOMEM || (error == -EIO && is_bad(block, 1))));
        return;
    }
    CHECK(buffer->block == block && buffer->references > 0);
    if (fresh) {
        blocks[block].version = 0;
        blocks[block].unknown = false;
        if (blocks[block].state == BUFFER_CLEAN) {
            blocks[block].state = BUFFER_DIRTY;
        }
    } else if (blocks[block].unknown) {
        // Whoever uses a block again that was forgotten overwrites it.
        memset(buffer->data, 0, block_size);
        blocks[block].version = 0;
        blocks[block].unknown = false;
        blocks[block].state = BUFFER_DIRTY;
        cache_set_state(cache, buffer, BUFFER_DIRTY);
    }
    CHECK(is(buffer->data, block, blocks[block].version));
    held[held_count].buffer = buffer;
    held[held_count++].block = block;
}

static void put(size_t i)
{
    cache_release(cache, held[i].buffer);
    held[i] = held[--held_count];
}

static void change(void)
{
    if (held_count > 0) {
        size_t i = random_below(held_count);
        uint32_t block = held[i].block;
        enum buffer_state state =
            random_below(3) == 0 && cache_count(cache, BUFFER_RUNNING) < MAX / 4 ? BUFFER_RUNNING
                                                                                 : BUFFER_DIRTY;
        blocks[block].version = ++versions;
        fill(held[i].buffer->data, block, versions);
        if (blocks[block].state != BUFFER_RUNNING) {
            blocks[block].state = state;
            cache_set_state(cache, held[i].buffer, state);
        }
        CHECK(held[i].buffer->state == blocks[block].state);
    }
}

// What a commit does.
static void commit(void)
{
    struct list_node *list = cache_list(cache, BUFFER_RUNNING);

    while (list->next != list) {
        struct buffer *buffer = LIST_ENTRY(list->next, struct buffer, state_node);
        blocks[buffer->block].state = BUFFER_CHECKPOINT;
        cache_set_state(cache, buffer, BUFFER_CHECKPOINT);
    }
    CHECK(cache_count(cache, BUFFER_RUNNING) == 0);
}

// Blocks that are clean now hold the same in memory and on the disk.
static void settle_states(enum buffer_state state, bool all)
{
    for (uint32_t block = 0; block < BLOCKS; block++) {
        if (blocks[block].state == state && !blocks[block].unknown) {
            bool same = is(on_disk(block), block, blocks[block].version);
            CHECK(same || !all);
            if (same && !is_bad(block, 2)) {
                blocks[block].state = BUFFER_CLEAN;
            }
        }
    }
}

static void write_back(enum buffer_state state)
{
    int error = cache_write_back(cache, state);

    CHECK(error == 0 || (failing && error == -EIO));
    CHECK((error == 0) == (cache_count(cache, state) == 0));
    struct list_node *list = cache_list(cache, state);
    for (struct list_node *node = list->next; node != list; node = node->next) {
        struct buffer *buffer = LIST_ENTRY(node, struct buffer, state_node);
        CHECK(buffer->write_error == -EIO && buffer->state == state);
        CHECK(is_bad(buffer->block, 2)); // all others were written
    }
    settle_states(state, error == 0);
}

static void forget(void)
{
    uint32_t block = (uint32_t)random_below(300);

    if (!is_held(block)) {
        cache_forget(cache, block);
        blocks[block].unknown = true;
        blocks[block].state = BUFFER_CLEAN;
        CHECK(!cache_present(cache, block));
    }
}

static void write_raw(void)
{
    uint32_t block = (uint32_t)random_below(300);
    unsigned count = 1 + (unsigned)random_below(BLOCK_SEGMENTS_MAX);
    void *data[BLOCK_SEGMENTS_MAX];
    bool usable = true;

    for (unsigned i = 0; i < count; i++) {
        usable = usable && !is_held(block + i) && blocks[block + i].state == BUFFER_CLEAN;
    }
    if (!usable) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        blocks[block + i].unknown = true;
        data[i] = aligned_alloc(4096, 4096);
        fill(data[i], block + i, versions + 1 + i);
    }
    int error = cache_write_raw(cache, block, data, count);
    CHECK(error == 0 || (failing && error == -EIO));
    for (unsigned i = 0; i < count; i++) {
        CHECK(!cache_present(cache, block + i));
        blocks[block + i].version = ++versions;
        blocks[block + i].unknown = error != 0;
        free(data[i]);
    }
}

static void read_ahead(void)
{
    uint32_t block = (uint32_t)random_below(BLOCKS + 10);

    cache_read_ahead(cache, block, (unsigned)random_below(CACHE_READ_AHEAD_MAX + 1));
}

static void break_some(void)
{
    for (unsigned i = 0; i < 20; i++) {
        disk.bad[random_below(BLOCKS * block_sectors)] |= (uint8_t)(1 + random_below(3));
    }
}

static void random_step(void)
{
    switch (random_below(24)) {
    case 0:
        commit();
        break;
    case 1:
        write_back(random_below(2) == 0 ? BUFFER_DIRTY : BUFFER_CHECKPOINT);
        break;
    case 2:
        forget();
        break;
    case 3:
        write_raw();
        break;
    case 4:
    case 5:
        read_ahead();
        break;
    case 6:
        if (held_count > 0 && held_count < HELD_MAX) {
            held[held_count] = held[random_below(held_count)];
            cache_hold(held[held_count++].buffer);
        }
        break;
    case 7:
    case 8:
    case 9:
    case 10:
        change();
        break;
    case 11:
    case 12:
    case 13:
    case 14:
    case 15:
        if (held_count > 0) {
            put(random_below(held_count));
        }
        break;
    default:
        get();
    }
}

// Everything that was changed is in memory or on the disk, and at the end on the disk.
static void random_run(size_t size, unsigned steps, bool with_errors)
{
    start(size);
    for (unsigned i = 0; i < steps; i++) {
        if (with_errors && i % 200 == 0) {
            failing = random_below(3) > 0;
            memset(disk.bad, 0, disk.sector_count);
            host_fail_allocations(random_below(20), failing ? random_below(200) : 0);
            if (failing) {
                break_some();
            }
        }
        random_step();
    }
    failing = false;
    memset(disk.bad, 0, disk.sector_count);
    host_fail_allocations(0, 0);
    commit();
    write_back(BUFFER_DIRTY);
    write_back(BUFFER_CHECKPOINT);
    while (held_count > 0) {
        put(0);
    }
    for (uint32_t block = 0; block < BLOCKS; block++) {
        struct buffer *buffer;
        if (!blocks[block].unknown) {
            CHECK(is(on_disk(block), block, blocks[block].version));
            CHECK(cache_read(cache, block, &buffer) == 0);
            CHECK(is(buffer->data, block, blocks[block].version));
            cache_release(cache, buffer);
        }
    }
    CHECK(cache_statistics().blocks <= MAX);
    cache_read_ahead(cache, 7, 32); // destroyed while it is under way
    stop();
}

CASE(model_1k, "random calls over 1 KiB blocks give what a model gives")
{
    random_run(1024, 100000, false);
}

CASE(model_4k, "the same over 4 KiB blocks")
{
    random_run(4096, 100000, false);
}

CASE(errors_1k, "the same with bad sectors and without memory now and then: -EIO for a block that "
                "can't be read, all others are written, nothing is lost")
{
    random_run(1024, 200000, true);
}

CASE(errors_2k, "the same over 2 KiB blocks")
{
    random_run(2048, 100000, true);
}

// ---- What single calls promise ----

static struct buffer *got(uint32_t block)
{
    struct buffer *buffer;
    CHECK(cache_read(cache, block, &buffer) == 0);
    return buffer;
}

static void touch(uint32_t block)
{
    struct buffer *buffer = got(block);
    CHECK(is(buffer->data, block, blocks[block].version));
    cache_release(cache, buffer);
}

static void dirty(uint32_t block)
{
    struct buffer *buffer = got(block);
    blocks[block].state = BUFFER_DIRTY;
    blocks[block].version = ++versions;
    fill(buffer->data, block, versions);
    cache_set_state(cache, buffer, BUFFER_DIRTY);
    cache_release(cache, buffer);
}

CASE(least_recent,
     "the block that was not used for the longest time makes room; forgotten ones first")
{
    start(1024);
    for (uint32_t block = 0; block < MAX; block++) {
        touch(block);
    }
    touch(0);
    CHECK(disk.reads == MAX); // once each
    for (uint32_t block = MAX; block < MAX + 3; block++) {
        touch(block);
    }
    CHECK(cache_present(cache, 0) && !cache_present(cache, 1) && !cache_present(cache, 3));
    CHECK(cache_present(cache, 4));
    cache_forget(cache, 100);
    CHECK(!cache_present(cache, 100));
    touch(MAX + 3);
    CHECK(cache_present(cache, 4));
    CHECK(cache_statistics().blocks == MAX);
    stop();
}

CASE(bounds,
     "blocks behind the end are -EINVAL, and a last piece that is no whole block is not there")
{
    struct buffer *buffer;

    start(4096);
    touch(BLOCKS - 1);
    CHECK(cache_read(cache, BLOCKS, &buffer) == -EINVAL);
    CHECK(cache_read(cache, UINT32_MAX, &buffer) == -EINVAL);
    CHECK(cache_new(cache, BLOCKS, &buffer) == -EINVAL);
    cache_read_ahead(cache, BLOCKS - 2, 32);
    CHECK(cache_present(cache, BLOCKS - 2) && !cache_present(cache, BLOCKS));
    cache_forget(cache, UINT32_MAX);
    stop();
}

CASE(ahead, "a read-ahead is one request up to the first block in memory, waits for nothing, and "
            "its blocks are not read again")
{
    start(1024);
    touch(40);
    CHECK(disk.reads == 1);
    cache_read_ahead(cache, 20, 32);
    CHECK(disk.reads == 2 && disk.under_way != NULL);
    for (uint32_t block = 20; block < 40; block++) {
        CHECK(cache_present(cache, block));
        touch(block);
    }
    CHECK(!cache_present(cache, 41) && disk.reads == 2);
    cache_read_ahead(cache, 40, 32); // the first is there: nothing is to be read
    CHECK(!cache_present(cache, 41) && disk.reads == 2);
    cache_read_ahead(cache, 41, 0);
    CHECK(disk.reads == 2);
    stop();
}

CASE(ahead_fails, "a read-ahead that fails says nothing; each block is read alone then, and only "
                  "the bad one fails")
{
    struct buffer *buffer;

    start(2048);
    disk.bad[105 * block_sectors + 3] = 1;
    cache_read_ahead(cache, 100, 32);
    touch(100);
    CHECK(!cache_present(cache, 120));
    CHECK(cache_read(cache, 105, &buffer) == -EIO && !cache_present(cache, 105));
    touch(120);
    disk.bad[105 * block_sectors + 3] = 0;
    touch(105);
    stop();
}

CASE(ahead_given_up,
     "what a read-ahead under way fills is not used for something else before it is "
     "finished: forgotten, overwritten, the cache full or gone")
{
    struct buffer *buffer;

    start(1024);
    cache_read_ahead(cache, 0, 32);
    cache_forget(cache, 5);
    CHECK(disk.under_way == NULL && !cache_present(cache, 5));
    cache_read_ahead(cache, 100, 32);
    CHECK(cache_new(cache, 101, &buffer) == 0 && disk.under_way == NULL);
    CHECK(is(buffer->data, 101, 0));
    blocks[101].state = buffer->state;
    blocks[101].version = 0;
    cache_release(cache, buffer);
    disk.bad[205 * block_sectors] = 1;
    for (uint32_t block = 200; block < 200 + 8 * 32; block += 32) {
        cache_read_ahead(cache, block, 32); // as many as the cache has, all under way
    }
    for (uint32_t block = 600; block < 600 + 32; block++) {
        dirty(block);
    }
    for (uint32_t block = 600; block < 600 + 32; block++) {
        touch(block);
    }
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0);
    for (uint32_t block = 700; block < 700 + MAX; block++) {
        touch(block);
    }
    for (uint32_t block = 1100; block < 1100 + 8 * 32; block += 32) {
        disk.bad[(block + 30) * block_sectors] = 1;
        cache_read_ahead(cache, block, 32);
        CHECK(cache_present(cache, block + 31));
    }
    stop();
}

CASE(write_merged, "blocks are written in order, neighbours in one request of up to 32")
{
    start(1024);
    for (uint32_t i = 0; i < 200; i++) {
        dirty(i * 77 % 200); // each once, in no order
    }
    disk_log_clear(&disk);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0);
    CHECK(disk.writes == (200 + 31) / 32);
    for (size_t i = 0; i < disk.log_count; i++) {
        CHECK(disk.log[i] == i);
    }
    dirty(10);
    dirty(12);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0 && disk.writes == (200 + 31) / 32 + 2);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0 && disk.writes == (200 + 31) / 32 + 2);
    stop();
}

CASE(full, "when all blocks are changed those that may be are written to make room; when none may "
           "be: -ENOMEM")
{
    static struct buffer *buffers[MAX];
    struct buffer *buffer;

    start(1024);
    for (uint32_t block = 0; block < MAX; block++) {
        dirty(block);
    }
    buffer = got(3); // somebody may be changing it
    touch(MAX);
    CHECK(disk.writes > 0 && cache_count(cache, BUFFER_DIRTY) == 1);
    CHECK(buffer->state == BUFFER_DIRTY);
    cache_release(cache, buffer);
    for (uint32_t block = 0; block < MAX; block++) {
        dirty(block);
        buffer = got(block);
        cache_set_state(cache, buffer, BUFFER_RUNNING);
        blocks[block].state = BUFFER_RUNNING;
        cache_release(cache, buffer);
    }
    CHECK(cache_read(cache, MAX, &buffer) == -ENOMEM);
    CHECK(cache_new(cache, MAX, &buffer) == -ENOMEM);
    commit();
    touch(MAX);
    CHECK(cache_count(cache, BUFFER_CHECKPOINT) == 0);
    for (uint32_t block = 0; block < MAX; block++) {
        buffers[block] = got(block);
    }
    CHECK(cache_read(cache, MAX, &buffer) == -ENOMEM);
    cache_read_ahead(cache, MAX, 32);
    CHECK(!cache_present(cache, MAX));
    for (uint32_t block = 0; block < MAX; block++) {
        cache_release(cache, buffers[block]);
    }
    stop();
}

CASE(flush, "a flush reaches the device only when something was written since the last")
{
    void *data[1] = {aligned_alloc(4096, 4096)};

    start(4096);
    CHECK(cache_flush(cache) == 0 && disk.flushes == 0);
    dirty(3);
    CHECK(cache_flush(cache) == 0 && disk.flushes == 0);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0 && cache_flush(cache) == 0);
    CHECK(disk.flushes == 1 && cache_flush(cache) == 0 && disk.flushes == 1);
    checking = false;
    memset(data[0], 0, 4096);
    CHECK(cache_write_raw(cache, 9, data, 1) == 0);
    disk.failing_flushes = 1;
    CHECK(cache_flush(cache) == -EIO && cache_flush(cache) == 0 && disk.flushes == 2);
    for (uint32_t block = 100; block < 101 + MAX; block++) {
        dirty(block); // the last one has others written
    }
    CHECK(cache_flush(cache) == 0 && disk.flushes == 3);
    disk.bad[7 * block_sectors] = 2;
    dirty(7);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == -EIO && cache_flush(cache) == 0);
    CHECK(disk.flushes == 4);
    free(data[0]);
    stop();
}

CASE(no_memory, "a cache that gets no memory for more blocks works with those that it has")
{
    struct cache *none;
    struct buffer *buffer;

    start(1024);
    host_fail_allocations(0, UINT64_MAX);
    CHECK(cache_create(&disk.device, 1024, MAX, &none) == -ENOMEM);
    CHECK(cache_read(cache, 0, &buffer) == -ENOMEM);
    host_fail_allocations(0, 0);
    touch(0);
    host_fail_allocations(0, UINT64_MAX);
    for (uint32_t block = 1; block < 100; block++) {
        touch(block);
        cache_read_ahead(cache, block + 200, 32);
    }
    CHECK(cache_statistics().blocks == 4);
    host_fail_allocations(0, 0);
    stop();
}

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    random_state = strtoull(argv[2], NULL, 0);
    alarm(300);
    for (struct test_case *test = cases; test != NULL; test = test->next) {
        if (strcmp(test->name, argv[1]) == 0) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
