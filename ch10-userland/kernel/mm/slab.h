// Caches of objects of one size (Bonwick, "The Slab Allocator", USENIX 1994). A slab is a block of
// pages cut into such objects.
#ifndef RUNG_KERNEL_MM_SLAB_H
#define RUNG_KERNEL_MM_SLAB_H

#include "kernel/sync/spinlock.h"
#include "lib/list.h"
#include "lib/types.h"

#define SLAB_OBJECT_MAX 2048

// In a kernel built with SAN=1 what is free holds this byte, and slab_alloc panics when an object
// does not: it was written to after it was freed.
#define SLAB_POISON 0xdd
#ifdef SAN
#define SLAB_POISONING true
#else
#define SLAB_POISONING false
#endif

struct slab_cache {
    const char *name;
    size_t object_size; // rounded up
    size_t first_object; // its offset in a slab
    unsigned object_count; // in a slab
    unsigned order; // of a slab's pages
    struct list_node slabs; // those with a free object; a wholly free one comes last
    unsigned empty_count; // of these, wholly free: 0 or 1
    size_t slab_count;
    size_t used_count; // objects given out
    struct spinlock lock;
};

// Initialises a cache that the caller keeps, and its name too. object_size is 1 to SLAB_OBJECT_MAX
// and is rounded up to a multiple of 16; objects are aligned to the largest power of two that
// divides the result. Takes no memory yet.
void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_size);

// One object, not cleared, or NULL without memory. Constant time, but for the pages of a new slab
// (pmm_alloc). Any context.
void *slab_alloc(struct slab_cache *cache);

// Gives it back. Panics when it is not an allocated object of this cache (double free, wild
// pointer). A slab whose objects are all free goes back to the buddy system, but one per cache.
// Constant time, but for that. Any context.
void slab_free(struct slab_cache *cache, void *object);

// Panics as slab_free does unless the object is an allocated one of this cache. Constant time. Any
// context.
void slab_check(struct slab_cache *cache, const void *object);

#endif
