// The block cache in the machine, over a disk that is memory: where its blocks are, and what a hit
// costs. What it does is tested on the host (tests/fs/test_cache.py).
#include "kernel/cpu/cpu.h"
#include "kernel/fs/cache.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define BLOCKS 1024
#define BLOCK_SIZE 1024
#define BLOCK_SECTORS (BLOCK_SIZE / BLOCK_SECTOR_SIZE)
#define COUNT 1000

static char *disk;

static void disk_start(void *driver, struct block_request *request)
{
    char *place = (char *)driver + request->disk_sector * BLOCK_SECTOR_SIZE;

    for (unsigned i = 0; i < request->segment_count; i++) {
        struct block_segment *segment = &request->segments[i];
        size_t size = segment->sector_count * BLOCK_SECTOR_SIZE;
        memcpy(request->write ? place : segment->data, request->write ? segment->data : place,
               size);
        place += size;
    }
    request->result = 0;
    request->finished = true;
}

static int disk_finish(void *driver, struct block_request *request)
{
    (void)driver;
    return request->result;
}

static int disk_flush(void *driver)
{
    (void)driver;
    return 0;
}

static const struct block_operations operations = {disk_start, disk_finish, disk_flush};

static bool open_disk(struct block_device *device)
{
    disk = kcalloc(BLOCKS, BLOCK_SIZE);
    *device = (struct block_device){.name = "memory",
                                    .operations = &operations,
                                    .driver = disk,
                                    .sector_count = BLOCKS * BLOCK_SECTORS};
    for (uint32_t block = 0; disk != NULL && block < BLOCKS; block++) {
        memcpy(disk + block * BLOCK_SIZE, &block, sizeof(block));
    }
    return disk != NULL;
}

TEST(cache_pages, "a cache takes pages below 4 GiB, no more than it may have, and gives all back")
{
    struct block_device device;
    struct cache *cache;
    size_t cached = pmm_used_pages(PAGE_CACHE), blocks = kmalloc_blocks();

    REQUIRE(open_disk(&device));
    REQUIRE(cache_create(&device, BLOCK_SIZE, CACHE_BLOCKS_MIN, &cache) == 0);
    CHECK_EQUAL(pmm_used_pages(PAGE_CACHE), cached);
    for (uint32_t block = 0; block < BLOCKS; block++) {
        struct buffer *buffer;
        REQUIRE(cache_read(cache, block, &buffer) == 0);
        CHECK_EQUAL(*(uint32_t *)buffer->data, block);
        CHECK(virt_to_phys(buffer->data) < (phys_t)1 << 32);
        *(uint32_t *)buffer->data = ~block;
        cache_set_state(cache, buffer, BUFFER_DIRTY);
        cache_release(cache, buffer);
    }
    CHECK_EQUAL(pmm_used_pages(PAGE_CACHE), cached + CACHE_BLOCKS_MIN * BLOCK_SIZE / PAGE_SIZE);
    CHECK_EQUAL(cache_write_back(cache, BUFFER_DIRTY), 0);
    for (uint32_t block = 0; block < BLOCKS; block++) {
        CHECK_EQUAL(*(uint32_t *)(disk + block * BLOCK_SIZE), ~block);
    }
    cache_destroy(cache);
    kfree(disk);
    CHECK_EQUAL(pmm_used_pages(PAGE_CACHE), cached);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}

TEST(cache_hit, "a block in memory is got and given back in a few dozen instructions")
{
    struct block_device device;
    struct cache *cache;
    struct buffer *buffer;

    REQUIRE(open_disk(&device));
    REQUIRE(cache_create(&device, BLOCK_SIZE, BLOCKS, &cache) == 0);
    cache_read_ahead(cache, 0, CACHE_READ_AHEAD_MAX);
    uint64_t start = cpu_read_tsc();
    for (uint32_t i = 0; i < COUNT; i++) {
        cache_read(cache, i % CACHE_READ_AHEAD_MAX, &buffer);
        cache_release(cache, buffer);
    }
    test_note("cache_hit %lu", (cpu_read_tsc() - start) / COUNT);
    cache_destroy(cache);
    kfree(disk);
}

TEST_PANIC(cache_held, "a cache with a block that somebody holds is not destroyed",
           "references == 0")
{
    struct block_device device;
    struct cache *cache;
    struct buffer *buffer;

    REQUIRE(open_disk(&device));
    REQUIRE(cache_create(&device, BLOCK_SIZE, CACHE_BLOCKS_MIN, &cache) == 0);
    REQUIRE(cache_read(cache, 7, &buffer) == 0);
    cache_destroy(cache);
}

TEST_PANIC(cache_unheld, "a block that nobody holds is not given back", "references > 0")
{
    struct block_device device;
    struct cache *cache;
    struct buffer *buffer;

    REQUIRE(open_disk(&device));
    REQUIRE(cache_create(&device, BLOCK_SIZE, CACHE_BLOCKS_MIN, &cache) == 0);
    REQUIRE(cache_read(cache, 7, &buffer) == 0);
    cache_release(cache, buffer);
    cache_release(cache, buffer);
}
