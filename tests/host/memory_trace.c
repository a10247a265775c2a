// Random operations on pmm and kmalloc, each checked against an oracle that knows only what was
// given out.
//
// What kmalloc gives out is poisoned for the address sanitizer while it is out: an allocator that
// touches it, or gives part of it out once more, is caught in the act.
#include "memory.h"

#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a trace did, printed at its end.
struct counts {
    unsigned long allocated, refused, freed, others;
};

static void print_counts(const struct counts *counts)
{
    printf("operations %lu: %lu allocations, %lu refused, %lu frees, %lu others\n",
           counts->allocated + counts->refused + counts->freed + counts->others, counts->allocated,
           counts->refused, counts->freed, counts->others);
}

// ---- Pages ----

enum { PAGES_LIVE_MAX = 4096 };

struct block {
    phys_t address;
    unsigned order, references;
    enum page_use use;
};

// What the oracle knows of each page.
enum page_state { NOT_OURS, FREE, TAKEN };

struct page_oracle {
    uint8_t *state;
    size_t count;
    size_t free;
    size_t used[PAGE_USE_COUNT];
};

// Which pages the map, read page by page, lets us have.
static void oracle_init(struct page_oracle *oracle, const struct boot_info *boot)
{
    memset(oracle, 0, sizeof(*oracle));
    oracle->count = pmm_end() / PAGE_SIZE;
    oracle->state = calloc(oracle->count, 1);
    for (unsigned i = 0; i < boot->memory_range_count; i++) {
        const struct memory_range *range = &boot->memory[i];
        if (range->type != MEMORY_USABLE) {
            continue;
        }
        size_t page = (range->start + PAGE_SIZE - 1) / PAGE_SIZE;
        for (; (page + 1) * PAGE_SIZE <= range->start + range->size && page < oracle->count;
             page++) {
            oracle->state[page] = FREE;
        }
    }
    for (size_t page = 0; page < 0x10000 / PAGE_SIZE && page < oracle->count; page++) {
        oracle->state[page] = NOT_OURS; // BIOSes write there
    }
    for (phys_t address = KERNEL_PHYS; address < host_kernel_end; address += PAGE_SIZE) {
        oracle->state[address / PAGE_SIZE] = NOT_OURS;
    }
    phys_t array = virt_to_phys(pmm_page(0));
    for (phys_t address = array; address < array + oracle->count * sizeof(struct page);
         address += PAGE_SIZE) {
        CHECK(oracle->state[address / PAGE_SIZE] == FREE);
        oracle->state[address / PAGE_SIZE] = NOT_OURS;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        oracle->free += oracle->state[i] == FREE;
    }
}

// Whether pages up to `limit` hold an aligned free block.
static bool oracle_has_block(const struct page_oracle *oracle, unsigned order, size_t limit)
{
    size_t size = (size_t)1 << order;

    for (size_t start = 0; start + size <= limit; start += size) {
        if (memchr(&oracle->state[start], NOT_OURS, size) == NULL &&
            memchr(&oracle->state[start], TAKEN, size) == NULL) {
            return true;
        }
    }
    return false;
}

static void oracle_take(struct page_oracle *oracle, const struct block *block)
{
    size_t size = (size_t)1 << block->order, first = block->address / PAGE_SIZE;

    CHECK(block->address % (size * PAGE_SIZE) == 0);
    CHECK(first + size <= oracle->count);
    for (size_t i = first; i < first + size; i++) {
        CHECK(oracle->state[i] == FREE);
        oracle->state[i] = TAKEN;
    }
    oracle->free -= size;
    oracle->used[block->use] += size;
}

static void oracle_release(struct page_oracle *oracle, const struct block *block)
{
    size_t size = (size_t)1 << block->order;

    memset(&oracle->state[block->address / PAGE_SIZE], FREE, size);
    oracle->free += size;
    oracle->used[block->use] -= size;
}

static void oracle_compare(const struct page_oracle *oracle)
{
    CHECK(pmm_free_pages() == oracle->free);
    for (unsigned use = PAGE_TABLE; use < PAGE_USE_COUNT; use++) {
        CHECK(pmm_used_pages(use) == oracle->used[use]);
    }
}

// A hash over all blocks, free and allocated, in the order of their addresses.
static uint64_t fingerprint(void)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (phys_t address = 0; address < pmm_end();) {
        const struct page *block = pmm_block(address);
        if (block == NULL) {
            address += PAGE_SIZE;
            continue;
        }
        CHECK(pmm_page_address(block) == address);
        hash = (hash ^ address ^ block->order ^ (uint64_t)block->use << 32) * 0x100000001b3;
        address += (phys_t)PAGE_SIZE << block->order;
    }
    return hash;
}

static unsigned choose_order(struct choices *choices)
{
    // Mostly small ones, as in life; sometimes any.
    return choose(choices, 16) == 0 ? choose(choices, PMM_ORDER_MAX + 1)
                                    : (unsigned)__builtin_ctz(choose(choices, 256) | 256);
}

static bool allocate_block(struct choices *choices, struct page_oracle *oracle, struct block *live,
                           unsigned *live_count)
{
    const size_t low_limit = 4 * GIB / PAGE_SIZE;
    struct block block = {.order = choose_order(choices), .references = 1};
    bool low = choose(choices, 4) == 0;

    block.use = PAGE_TABLE + (enum page_use)choose(choices, PAGE_USE_COUNT - PAGE_TABLE);
    block.address = low ? pmm_alloc_low(block.order, block.use) : pmm_alloc(block.order, block.use);
    if (block.address == 0) {
        // Rightly so? The search is long, so not every time.
        if (choose(choices, 64) == 0) {
            size_t limit = low && low_limit < oracle->count ? low_limit : oracle->count;
            CHECK(!oracle_has_block(oracle, block.order, limit));
        }
        return false;
    }
    if (low) {
        CHECK(block.address + ((phys_t)PAGE_SIZE << block.order) <= 4 * GIB);
    } else if (block.address < 4 * GIB && oracle->count > low_limit && choose(choices, 64) == 0) {
        struct page_oracle high = {.state = oracle->state + low_limit};
        CHECK(!oracle_has_block(&high, block.order, oracle->count - low_limit));
    }
    const struct page *page = pmm_page(block.address);
    CHECK(page->references == 1 && page->order == block.order && page->use == block.use);
    CHECK(pmm_block(block.address + choose(choices, 1u << block.order) * (phys_t)PAGE_SIZE) ==
          page);
    oracle_take(oracle, &block);
    live[(*live_count)++] = block;
    return true;
}

static void free_block(struct page_oracle *oracle, struct block *live, unsigned *live_count,
                       unsigned which)
{
    struct block *block = &live[which];

    pmm_free(block->address);
    if (--block->references == 0) {
        oracle_release(oracle, block);
        *block = live[--*live_count];
    } else {
        CHECK(pmm_page(block->address)->references == block->references);
    }
}

void trace_pages(struct choices *choices, const struct boot_info *boot, unsigned operations)
{
    static struct block live[PAGES_LIVE_MAX];
    struct page_oracle oracle;
    struct counts counts = {0};
    unsigned live_count = 0, appetite = 5;

    oracle_init(&oracle, boot);
    oracle_compare(&oracle);
    CHECK(pmm_total_pages() == oracle.free + pmm_used_pages(PAGE_KERNEL));
    uint64_t before = fingerprint();
    for (unsigned i = 0; i < operations && choices_left(choices); i++) {
        // Phases of growing and of shrinking, so that it is now nearly full and now nearly empty.
        if (choose(choices, 1024) == 0) {
            appetite = 2 + choose(choices, 7);
        }
        if (live_count == 0 || (live_count < PAGES_LIVE_MAX && choose(choices, 10) < appetite)) {
            bool done = allocate_block(choices, &oracle, live, &live_count);
            counts.allocated += done;
            counts.refused += !done;
        } else if (choose(choices, 16) == 0) {
            struct block *block = &live[choose(choices, live_count)];
            pmm_reference(block->address);
            block->references++;
            counts.others++;
        } else {
            free_block(&oracle, live, &live_count, choose(choices, live_count));
            counts.freed++;
        }
        if (i % 65536 == 0) {
            pmm_check();
        }
    }
    oracle_compare(&oracle);
    pmm_check();
    while (live_count > 0) {
        free_block(&oracle, live, &live_count, choose(choices, live_count));
        counts.freed++;
    }
    oracle_compare(&oracle);
    pmm_check();
    CHECK(fingerprint() == before);
    free(oracle.state);
    print_counts(&counts);
}

// ---- kmalloc ----

enum { OBJECTS_LIVE_MAX = 8192 };

struct object {
    uint8_t *pointer;
    size_t size; // as asked for
    size_t whole; // as given
    uint8_t tag; // what it is filled with
};

// Objects are closed while they are out: only their owner opens them.
static void object_open(struct object *object)
{
    __asan_unpoison_memory_region(object->pointer, object->whole);
}

static void object_close(struct object *object, uint8_t tag)
{
    object->tag = tag;
    memset(object->pointer, tag, object->whole);
    __asan_poison_memory_region(object->pointer, object->whole);
}

static void object_check_new(struct object *object, void *pointer, size_t size)
{
    object->pointer = pointer;
    object->size = size;
    object->whole = kmalloc_size(pointer);
    CHECK(object->whole >= size);
    CHECK((uintptr_t)pointer % (object->whole > 2048 ? PAGE_SIZE : 16) == 0);
    CHECK(__asan_region_is_poisoned(pointer, object->whole) == NULL);
}

static void object_check_contents(const struct object *object, size_t size)
{
    // All bytes are the same when each is the one before it.
    CHECK(size == 0 || (object->pointer[0] == object->tag &&
                        memcmp(object->pointer, object->pointer + 1, size - 1) == 0));
}

static size_t choose_size(struct choices *choices)
{
    switch (choose(choices, 32)) {
    case 0:
        return choose(choices, 60000);
    case 1:
        return 2040 + choose(choices, 20);
    case 2:
    case 3:
    case 4:
        return choose(choices, 2049);
    default:
        return choose(choices, 300);
    }
}

// The most that a block for `size` bytes may take.
static size_t largest_block(size_t size)
{
    return size <= 2048 ? size + size / 2 + 16 : 2 * size + PAGE_SIZE;
}

static void object_free(struct object *objects, unsigned *count, unsigned which, size_t *bytes)
{
    struct object *object = &objects[which];

    object_open(object);
    object_check_contents(object, object->whole);
    kfree(object->pointer);
    *bytes -= object->whole;
    *object = objects[--*count];
}

static void object_resize(struct choices *choices, struct object *object, size_t *bytes)
{
    size_t size = choose_size(choices);

    object_open(object);
    void *old = object->pointer, *moved = krealloc(old, size);
    if (moved == NULL) {
        CHECK(size > object->whole); // making it smaller never fails
        object_check_contents(object, object->whole);
        object_close(object, object->tag);
        return;
    }
    size_t kept = size < object->whole ? size : object->whole;
    uint8_t tag = object->tag;
    *bytes -= object->whole;
    object_check_new(object, moved, size);
    CHECK(moved == old || object->whole <= largest_block(size));
    *bytes += object->whole;
    object_check_contents(object, kept);
    object_close(object, tag);
}

static bool object_allocate(struct choices *choices, struct object *objects, unsigned *count,
                            size_t *bytes)
{
    size_t size = choose_size(choices);
    bool clear = choose(choices, 8) == 0;
    uint8_t *pointer = clear ? kcalloc(1, size) : kmalloc(size);

    if (pointer == NULL) {
        return false;
    }
    struct object *object = &objects[(*count)++];
    object_check_new(object, pointer, size);
    CHECK(object->whole <= largest_block(size));
    if (clear) {
        object->tag = 0;
        object_check_contents(object, size);
    }
    *bytes += object->whole;
    object_close(object, (uint8_t)choose(choices, 256));
    return true;
}

void trace_kmalloc(struct choices *choices, unsigned operations)
{
    static struct object objects[OBJECTS_LIVE_MAX];
    struct counts counts = {0};
    unsigned count = 0, appetite = 6;
    size_t bytes = 0;

    for (unsigned i = 0; i < operations && choices_left(choices); i++) {
        if (choose(choices, 2048) == 0) {
            appetite = 2 + choose(choices, 8);
        }
        if (count == 0 || (count < OBJECTS_LIVE_MAX && choose(choices, 10) < appetite)) {
            bool done = object_allocate(choices, objects, &count, &bytes);
            counts.allocated += done;
            counts.refused += !done;
        } else if (choose(choices, 5) == 0) {
            object_resize(choices, &objects[choose(choices, count)], &bytes);
            counts.others++;
        } else {
            object_free(objects, &count, choose(choices, count), &bytes);
            counts.freed++;
        }
        CHECK(kmalloc_bytes() == bytes);
        CHECK(kmalloc_blocks() == count);
    }
    pmm_check();
    while (count > 0) {
        object_free(objects, &count, choose(choices, count), &bytes);
        counts.freed++;
    }
    CHECK(bytes == 0 && kmalloc_bytes() == 0 && kmalloc_blocks() == 0);
    CHECK(pmm_used_pages(PAGE_LARGE) == 0);
    // What stays: at most one empty slab for each of the 14 caches, of at most four pages.
    CHECK(pmm_used_pages(PAGE_SLAB) <= 14 * 4);
    pmm_check();
    print_counts(&counts);
}
