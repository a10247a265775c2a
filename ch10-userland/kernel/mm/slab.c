// A slab is a block of 1 << order pages:
//
//     struct slab | next[0..n-1] | padding | object 0 | object 1 | ... | object n-1 | rest
//
// Its free objects form a list through the bytes next[], one for each object, which also tell that
// an object is not free: a double free is seen at once, and writing to a freed object cannot
// destroy the list. From an object to its slab it is one AND, since blocks are aligned to their
// size; the cache stands in the struct page of each of the slab's pages.
#include "kernel/mm/slab.h"

#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/assert.h"
#include "lib/string.h"

#define OBJECT_ALIGNMENT 16
#define ORDER_MAX 3 // a slab has at most 32 KiB

// Values of next[] that are no object's number.
#define ALLOCATED 255
#define END_OF_LIST 254
#define OBJECTS_MAX 254

struct slab {
    struct list_node node; // in its cache, while an object is free
    uint8_t first_free;
    uint8_t used_count;
    uint8_t next[]; // the next free object, END_OF_LIST or ALLOCATED
};

static size_t slab_size(const struct slab_cache *cache)
{
    return (size_t)PAGE_SIZE << cache->order;
}

static void *object_at(const struct slab_cache *cache, const struct slab *slab, unsigned number)
{
    return (char *)slab + cache->first_object + number * cache->object_size;
}

// Fits as many objects as possible into slabs of the order given. Returns the bytes they take.
static size_t plan(struct slab_cache *cache, unsigned order)
{
    size_t alignment = cache->object_size & -cache->object_size; // its lowest bit that is set
    size_t count = ((size_t)PAGE_SIZE << order) / cache->object_size;

    cache->order = order;
    for (count = count < OBJECTS_MAX ? count : OBJECTS_MAX;; count--) {
        size_t header = offsetof(struct slab, next) + count;
        cache->first_object = (header + alignment - 1) & -alignment;
        cache->object_count = (unsigned)count;
        if (cache->first_object + count * cache->object_size <= slab_size(cache)) {
            return count * cache->object_size;
        }
    }
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_size)
{
    ASSERT(object_size >= 1 && object_size <= SLAB_OBJECT_MAX);
    memset(cache, 0, sizeof(*cache));
    cache->name = name;
    cache->object_size = (object_size + OBJECT_ALIGNMENT - 1) & -(size_t)OBJECT_ALIGNMENT;
    list_init(&cache->slabs);
    cache->lock = (struct spinlock)SPINLOCK(name);
    // The smallest slab that loses at most an eighth. Objects of 2 KiB need 16 KiB for that: seven
    // of them, and the header where the eighth would be.
    for (unsigned order = 0; order <= ORDER_MAX; order++) {
        if (plan(cache, order) >= slab_size(cache) / 8 * 7) {
            break;
        }
    }
}

// Says in the struct page of each page of a slab whose it is; NULL: nobody's.
static void set_owner(const struct slab_cache *cache, const struct slab *slab, void *owner)
{
    struct page *page = pmm_page(virt_to_phys(slab));

    for (unsigned i = 0; i < 1u << cache->order; i++) {
        page[i].owner = owner;
    }
}

// Gets a slab from the buddy system, all objects free. Returns NULL without memory.
static struct slab *slab_create(struct slab_cache *cache)
{
    phys_t address = pmm_alloc(cache->order, PAGE_SLAB);
    if (address == 0) {
        return NULL;
    }
    struct slab *slab = phys_to_virt(address);
    set_owner(cache, slab, cache);
    slab->first_free = 0;
    slab->used_count = 0;
    for (unsigned i = 0; i < cache->object_count; i++) {
        slab->next[i] = (uint8_t)(i + 1 < cache->object_count ? i + 1 : END_OF_LIST);
    }
    if (SLAB_POISONING) {
        memset(object_at(cache, slab, 0), SLAB_POISON, cache->object_count * cache->object_size);
    }
    cache->slab_count++;
    cache->empty_count++;
    list_append(&cache->slabs, &slab->node);
    return slab;
}

static void slab_destroy(struct slab_cache *cache, struct slab *slab)
{
    list_remove(&slab->node);
    cache->slab_count--;
    cache->empty_count--;
    set_owner(cache, slab, NULL);
    pmm_free(virt_to_phys(slab));
}

static void check_poison(const struct slab_cache *cache, const uint8_t *object)
{
    for (size_t i = 0; i < cache->object_size; i++) {
        if (object[i] != SLAB_POISON) {
            panic("%s: object %p was written to after it was freed: expected %#x at offset %zu, "
                  "found %#x",
                  cache->name, (const void *)object, SLAB_POISON, i, object[i]);
        }
    }
}

// Takes an object from the first slab that has one. NULL without memory.
static void *take(struct slab_cache *cache)
{
    struct slab *slab = list_empty(&cache->slabs)
                            ? slab_create(cache)
                            : LIST_ENTRY(cache->slabs.next, struct slab, node);
    if (slab == NULL) {
        return NULL;
    }
    unsigned number = slab->first_free;
    slab->first_free = slab->next[number];
    slab->next[number] = ALLOCATED;
    if (slab->used_count == 0) {
        cache->empty_count--;
    }
    slab->used_count++;
    cache->used_count++;
    if (slab->first_free == END_OF_LIST) {
        list_remove(&slab->node);
    }
    return object_at(cache, slab, number);
}

void *slab_alloc(struct slab_cache *cache)
{
    spinlock_acquire(&cache->lock);
    void *object = take(cache);
    spinlock_release(&cache->lock);
    if (SLAB_POISONING && object != NULL) {
        check_poison(cache, object);
    }
    return object;
}

// Finds the slab and the number in it of an allocated object; panics when it is none.
static struct slab *find(const struct slab_cache *cache, const void *object, unsigned *number)
{
    const struct page *page = pmm_page(virt_to_phys(object));
    if (page == NULL || page->owner != cache) {
        panic("%s: expected one of its objects, found %p", cache->name, object);
    }
    size_t offset = (virt_t)object & (slab_size(cache) - 1);
    struct slab *slab = (struct slab *)((char *)object - offset);
    size_t distance = offset - cache->first_object; // huge for a pointer into the header
    if (distance % cache->object_size != 0 ||
        distance / cache->object_size >= cache->object_count) {
        panic("%s: expected the start of an object of %zu bytes, found %p", cache->name,
              cache->object_size, object);
    }
    *number = (unsigned)(distance / cache->object_size);
    if (slab->next[*number] != ALLOCATED) {
        panic("%s: expected an allocated object, found a free one at %p", cache->name, object);
    }
    return slab;
}

static void give_back(struct slab_cache *cache, void *object)
{
    unsigned number;
    struct slab *slab = find(cache, object, &number);
    bool was_full = slab->first_free == END_OF_LIST;

    if (SLAB_POISONING) {
        memset(object, SLAB_POISON, cache->object_size);
    }
    slab->next[number] = slab->first_free;
    slab->first_free = (uint8_t)number;
    slab->used_count--;
    cache->used_count--;
    if (was_full) {
        list_insert(&cache->slabs, &slab->node);
    }
    if (slab->used_count == 0) {
        list_remove(&slab->node);
        list_append(&cache->slabs, &slab->node);
        cache->empty_count++;
        if (cache->empty_count > 1) {
            slab_destroy(cache, slab);
        }
    }
}

void slab_free(struct slab_cache *cache, void *object)
{
    spinlock_acquire(&cache->lock);
    give_back(cache, object);
    spinlock_release(&cache->lock);
}

void slab_check(struct slab_cache *cache, const void *object)
{
    unsigned number;

    spinlock_acquire(&cache->lock);
    find(cache, object, &number);
    spinlock_release(&cache->lock);
}
