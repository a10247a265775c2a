// Slab caches and kmalloc in the machine.
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/slab.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

// Whether all bytes have one value.
static bool filled_with(const void *memory, int byte, size_t size)
{
    const uint8_t *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (uint8_t)byte) {
            return false;
        }
    }
    return true;
}

TEST(slab_objects, "objects of a cache are aligned, apart from each other, and come back")
{
    static const unsigned sizes[] = {1, 16, 40, 100, 256, 600, 1024, 2048};
    static struct slab_cache cache;
    static uint8_t *objects[300];

    for (size_t k = 0; k < ARRAY_LENGTH(sizes); k++) {
        slab_cache_init(&cache, "test", sizes[k]);
        size_t alignment = cache.object_size & -cache.object_size;
        for (unsigned i = 0; i < ARRAY_LENGTH(objects); i++) {
            objects[i] = slab_alloc(&cache);
            REQUIRE(objects[i] != NULL);
            CHECK_EQUAL((virt_t)objects[i] % alignment, 0);
            memset(objects[i], (int)i, sizes[k]);
        }
        CHECK_EQUAL(cache.used_count, ARRAY_LENGTH(objects));
        for (unsigned i = 0; i < ARRAY_LENGTH(objects); i++) {
            CHECK(filled_with(objects[i], (int)i, sizes[k]));
            slab_free(&cache, objects[i]);
        }
        CHECK_EQUAL(cache.used_count, 0);
        CHECK_EQUAL(cache.slab_count, 1); // an empty one is kept
    }
    pmm_check();
}

TEST(slab_waste, "a slab's objects take at least seven eighths of its pages, of 2 KiB too")
{
    static struct slab_cache cache;

    for (size_t size = 1; size <= SLAB_OBJECT_MAX; size++) {
        slab_cache_init(&cache, "test", size);
        CHECK(cache.object_count * cache.object_size >= ((size_t)PAGE_SIZE << cache.order) * 7 / 8);
    }
}

TEST(kmalloc_sizes, "a block is as large as asked for, aligned to 16, and wastes little")
{
    size_t bytes = kmalloc_bytes(), blocks = kmalloc_blocks();

    for (size_t size = 0; size <= 20000; size += size < 2100 ? 1 : 97) {
        char *pointer = kmalloc(size);
        REQUIRE(pointer != NULL);
        size_t whole = kmalloc_size(pointer);
        CHECK(whole >= size && whole <= (size <= 2048 ? size + size / 2 + 16 : 2 * size));
        CHECK_EQUAL((virt_t)pointer % (size <= 2048 ? 16 : PAGE_SIZE), 0);
        CHECK_EQUAL(kmalloc_bytes(), bytes + whole);
        CHECK_EQUAL(kmalloc_blocks(), blocks + 1);
        memset(pointer, 0x5a, whole);
        kfree(pointer);
    }
    CHECK_EQUAL(kmalloc_bytes(), bytes);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}

TEST(kmalloc_fails, "too much gives NULL: more than there is, more than fits a number")
{
    CHECK(kmalloc(pmm_total_pages() * PAGE_SIZE) == NULL);
    CHECK(kmalloc(SIZE_MAX) == NULL);
    CHECK(kcalloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(kcalloc((size_t)1 << 32, (size_t)1 << 32) == NULL);
    char *pointer = kmalloc(100);
    REQUIRE(pointer != NULL);
    memset(pointer, 0x11, 100);
    CHECK(krealloc(pointer, SIZE_MAX) == NULL);
    CHECK(filled_with(pointer, 0x11, 100));
    kfree(pointer);
    kfree(NULL);
}

TEST(kmalloc_zero, "kmalloc(0) gives a pointer of its own, kcalloc zeroes what was used before")
{
    void *one = kmalloc(0), *two = kmalloc(0);

    CHECK(one != NULL && two != NULL && one != two);
    kfree(one);
    kfree(two);
    for (size_t size = 10; size < 20000; size *= 3) {
        char *pointer = kmalloc(size);
        REQUIRE(pointer != NULL);
        memset(pointer, 0xff, size);
        kfree(pointer);
        pointer = kcalloc(size, 1);
        REQUIRE(pointer != NULL);
        CHECK(filled_with(pointer, 0, size));
        kfree(pointer);
    }
}

TEST(kmalloc_realloc, "krealloc keeps the contents and moves only when the block is too small")
{
    char *pointer = krealloc(NULL, 1);

    REQUIRE(pointer != NULL);
    for (size_t size = 2; size < 100000; size += size / 2) {
        size_t whole = kmalloc_size(pointer);
        memset(pointer, 'x', whole);
        char *moved = krealloc(pointer, size);
        REQUIRE(moved != NULL);
        CHECK((moved == pointer) == (size <= whole));
        CHECK(filled_with(moved, 'x', size < whole ? size : whole));
        pointer = moved;
    }
    memset(pointer, 'x', 100);
    char *small = krealloc(pointer, 100);
    REQUIRE(small != NULL);
    CHECK(kmalloc_size(small) == 128 && filled_with(small, 'x', 100));
    kfree(small);
}

TEST(kmalloc_exhaustion, "without memory kmalloc returns NULL, and the frees bring all back")
{
    struct chain {
        struct chain *next;
    } *chain = NULL, *more;
    size_t free, blocks = kmalloc_blocks();

    // One of each size class, so that the slabs kept for later are there before.
    for (size_t size = 16; size <= 2048; size += 16) {
        kfree(kmalloc(size));
    }
    free = pmm_free_pages();
    while ((more = kmalloc(2048)) != NULL) {
        more->next = chain;
        chain = more;
    }
    while ((more = kmalloc(64)) != NULL) {
        more->next = chain;
        chain = more;
    }
    CHECK_EQUAL(pmm_free_pages(), 0);
    CHECK(kmalloc(5000) == NULL);
    for (; chain != NULL; chain = more) {
        more = chain->next;
        kfree(chain);
    }
    CHECK_EQUAL(pmm_free_pages(), free);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
    pmm_check();
}

TEST(kmalloc_random, "a hundred thousand random operations mix up no contents and lose no memory")
{
    static struct {
        uint8_t *pointer;
        size_t size;
    } live[1000];
    size_t bytes = kmalloc_bytes(), blocks = kmalloc_blocks();

    memset(live, 0, sizeof(live));
    for (unsigned i = 0; i < 100000; i++) {
        unsigned slot = test_random_below(ARRAY_LENGTH(live));
        size_t size = test_random_below(test_random_below(20) == 0 ? 20000 : 500);
        if (live[slot].pointer == NULL) {
            live[slot].pointer = kmalloc(size);
        } else {
            CHECK(filled_with(live[slot].pointer, (int)slot, live[slot].size));
            if (test_random_below(3) == 0) {
                uint8_t *moved = krealloc(live[slot].pointer, size);
                if (moved == NULL) {
                    continue;
                }
                size_t kept = size < live[slot].size ? size : live[slot].size;
                CHECK(filled_with(moved, (int)slot, kept));
                live[slot].pointer = moved;
            } else {
                kfree(live[slot].pointer);
                live[slot].pointer = NULL;
            }
        }
        live[slot].size = size;
        if (live[slot].pointer != NULL) {
            memset(live[slot].pointer, (int)slot, size);
        }
    }
    for (unsigned slot = 0; slot < ARRAY_LENGTH(live); slot++) {
        kfree(live[slot].pointer);
    }
    CHECK_EQUAL(kmalloc_bytes(), bytes);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
    pmm_check();
}

TEST(kmalloc_poison, "with SAN=1 freed memory is overwritten at once")
{
    if (SLAB_POISONING) {
        uint8_t *small = kmalloc(100), *large = kmalloc(5000);
        REQUIRE(small != NULL && large != NULL);
        memset(small, 0, 100);
        memset(large, 0, 5000);
        kfree(small);
        kfree(large);
        CHECK(filled_with(small, SLAB_POISON, 100));
        CHECK(filled_with(large, SLAB_POISON, 5000));
    }
}

TEST_PANIC(kmalloc_double_free, "freeing a block twice panics",
           "panic: kmalloc-128: expected an allocated object, found a free one at 0xffff8")
{
    void *pointer = kmalloc(100);
    kfree(pointer);
    kfree(pointer);
}

TEST_PANIC(kmalloc_double_free_large, "freeing a block of pages twice panics",
           "panic: kmalloc: expected an allocated block, found 0xffff8")
{
    void *pointer = kmalloc(10000);
    kfree(pointer);
    kfree(pointer);
}

TEST_PANIC(kmalloc_free_inside, "freeing the middle of a block panics",
           "panic: kmalloc-128: expected the start of an object of 128 bytes, found 0xffff8")
{
    char *pointer = kmalloc(100);
    kfree(pointer + 16);
}

TEST_PANIC(kmalloc_free_outside, "freeing what kmalloc never gave out panics",
           "panic: kmalloc: expected an allocated block, found 0xffffffff8")
{
    static char variable[16];
    kfree(variable);
}

TEST_PANIC(slab_free_other, "freeing an object into another cache panics",
           "panic: second: expected one of its objects, found 0xffff8")
{
    static struct slab_cache first, second;
    slab_cache_init(&first, "first", 64);
    slab_cache_init(&second, "second", 64);
    slab_free(&second, slab_alloc(&first));
}
