// kmalloc: one slab cache for each size class, and whole blocks of pages above the largest one.
// No header precedes a block: which of the two it is, and how large, struct page knows.
#include "kernel/mm/kmalloc.h"

#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "lib/assert.h"
#include "lib/string.h"

#define GRANULE 16
#define LARGE_MAX ((size_t)PAGE_SIZE << PMM_ORDER_MAX)

// Between neighbours is at most a half, so at most a third of an object is lost.
static const struct {
    const char *name;
    uint16_t size;
} classes[] = {
    {"kmalloc-16", 16},     {"kmalloc-32", 32},     {"kmalloc-48", 48},   {"kmalloc-64", 64},
    {"kmalloc-96", 96},     {"kmalloc-128", 128},   {"kmalloc-192", 192}, {"kmalloc-256", 256},
    {"kmalloc-384", 384},   {"kmalloc-512", 512},   {"kmalloc-768", 768}, {"kmalloc-1024", 1024},
    {"kmalloc-1536", 1536}, {"kmalloc-2048", 2048},
};
_Static_assert(GRANULE << 7 == SLAB_OBJECT_MAX, "the last class is the largest that a slab holds");

static struct slab_cache caches[ARRAY_LENGTH(classes)];
static uint8_t class_of[SLAB_OBJECT_MAX / GRANULE + 1]; // by size in granules, rounded up
static size_t large_blocks;

void kmalloc_init(void)
{
    size_t granules = 0;

    large_blocks = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(classes); i++) {
        slab_cache_init(&caches[i], classes[i].name, classes[i].size);
        for (; granules * GRANULE <= classes[i].size; granules++) {
            class_of[granules] = (uint8_t)i;
        }
    }
}

static struct slab_cache *cache_for(size_t size)
{
    return &caches[class_of[(size + GRANULE - 1) / GRANULE]];
}

// The smallest order whose block holds `size` bytes, 1 to LARGE_MAX.
static unsigned order_for(size_t size)
{
    size_t last_page = (size - 1) / PAGE_SIZE;
    return last_page == 0 ? 0 : 64 - (unsigned)__builtin_clzl(last_page);
}

// The size of the block that kmalloc takes for `size` bytes.
static size_t block_size(size_t size)
{
    if (size <= SLAB_OBJECT_MAX) {
        return cache_for(size)->object_size;
    }
    return size <= LARGE_MAX ? (size_t)PAGE_SIZE << order_for(size) : SIZE_MAX;
}

static void *large_alloc(size_t size)
{
    phys_t address = size <= LARGE_MAX ? pmm_alloc(order_for(size), PAGE_LARGE) : 0;
    if (address == 0) {
        return NULL;
    }
    __atomic_fetch_add(&large_blocks, 1, __ATOMIC_RELAXED);
    return phys_to_virt(address);
}

// Returns the page of a pointer that kmalloc may have given out, panics at any other. It lies in
// one of our slabs (`owner` is a cache of ours) or starts a block of pages (`owner` is NULL).
static const struct page *page_of(const void *pointer)
{
    const struct page *page = pmm_page(virt_to_phys(pointer));

    if (page != NULL && page->owner != NULL) {
        if ((virt_t)page->owner - (virt_t)caches < sizeof(caches)) {
            return page;
        }
    } else if (page != NULL && page->block_start && page->use == PAGE_LARGE &&
               (virt_t)pointer % PAGE_SIZE == 0) {
        return page;
    }
    panic("kmalloc: expected an allocated block, found %p", pointer);
}

void *kmalloc(size_t size)
{
    return size <= SLAB_OBJECT_MAX ? slab_alloc(cache_for(size)) : large_alloc(size);
}

void *kcalloc(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        return NULL;
    }
    void *pointer = kmalloc(bytes);
    if (pointer != NULL) {
        memset(pointer, 0, bytes);
    }
    return pointer;
}

void *krealloc(void *pointer, size_t size)
{
    if (pointer == NULL) {
        return kmalloc(size);
    }
    size_t old_size = kmalloc_size(pointer);
    // A smaller block moves only when that frees at least half of it.
    if (size <= old_size && block_size(size) > old_size / 2) {
        return pointer;
    }
    void *moved = kmalloc(size);
    if (moved == NULL) {
        return size <= old_size ? pointer : NULL;
    }
    memcpy(moved, pointer, size < old_size ? size : old_size);
    kfree(pointer);
    return moved;
}

void kfree(void *pointer)
{
    if (pointer == NULL) {
        return;
    }
    const struct page *page = page_of(pointer);
    if (page->owner != NULL) {
        slab_free(page->owner, pointer);
        return;
    }
    if (SLAB_POISONING) {
        memset(pointer, SLAB_POISON, (size_t)PAGE_SIZE << page->order);
    }
    __atomic_fetch_sub(&large_blocks, 1, __ATOMIC_RELAXED);
    pmm_free(virt_to_phys(pointer));
}

size_t kmalloc_size(const void *pointer)
{
    const struct page *page = page_of(pointer);

    if (page->owner != NULL) {
        struct slab_cache *cache = page->owner;
        slab_check(cache, pointer);
        return cache->object_size;
    }
    return (size_t)PAGE_SIZE << page->order;
}

size_t kmalloc_bytes(void)
{
    size_t bytes = pmm_used_pages(PAGE_LARGE) * PAGE_SIZE;

    for (size_t i = 0; i < ARRAY_LENGTH(caches); i++) {
        bytes += caches[i].used_count * caches[i].object_size;
    }
    return bytes;
}

size_t kmalloc_blocks(void)
{
    size_t blocks = __atomic_load_n(&large_blocks, __ATOMIC_RELAXED);

    for (size_t i = 0; i < ARRAY_LENGTH(caches); i++) {
        blocks += caches[i].used_count;
    }
    return blocks;
}
