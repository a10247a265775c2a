// Our own malloc: any size, any time.
#ifndef RUNG_KERNEL_MM_KMALLOC_H
#define RUNG_KERNEL_MM_KMALLOC_H

#include "lib/types.h"

// Called once by kmain, after pmm_init.
void kmalloc_init(void);

// At least `size` bytes, aligned to 16, not cleared. NULL without memory; size 0 gives a unique
// pointer. Up to 2 KiB from slab caches, above whole pages, aligned to them. Constant time, but
// for new pages (pmm_alloc). Does not sleep; any context.
void *kmalloc(size_t size);

// count * size bytes of zeroes; NULL also when the product overflows. Any context.
void *kcalloc(size_t count, size_t size);

// Resizes, in place where the block is large enough, else moving: contents up to the smaller size
// are kept. NULL without memory: the old block is as it was then; making a block smaller never
// fails. pointer may be NULL. Does not sleep; any context.
void *krealloc(void *pointer, size_t size);

// Gives back. NULL is allowed; a pointer that is not an allocated block's start panics. Constant
// time, but for pages that get free (pmm_free). Any context.
void kfree(void *pointer);

// How many bytes the block really has. A pointer that is not an allocated block's start panics.
// Any context.
size_t kmalloc_size(const void *pointer);

// Bytes given out (as kmalloc_size counts them), and blocks. Any context.
size_t kmalloc_bytes(void);
size_t kmalloc_blocks(void);

#endif
