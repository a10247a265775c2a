// Physical memory: a buddy system over all usable RAM (Knuth, TAOCP vol. 1, 2.5).
#ifndef RUNG_KERNEL_MM_PMM_H
#define RUNG_KERNEL_MM_PMM_H

#include "boot/boot_info.h"
#include "kernel/layout.h"
#include "lib/list.h"

// What lies below is never used, RAM or not: some BIOSes write there long after the start, when a
// cable is plugged in or the machine wakes up.
#define LOW_RESERVED 0x10000

#define PMM_ORDER_MAX 18 // blocks of 4 KiB << 0 to 4 KiB << 18 (1 GiB)

enum pmm_zone {
    PMM_ZONE_LOW,  // below 4 GiB: for hardware that holds 32-bit addresses
    PMM_ZONE_HIGH, // above
    PMM_ZONE_COUNT,
};

// What a block of pages is used for: the rows of the memory map.
enum page_use {
    PAGE_RESERVED, // not RAM, or not for us: in no block
    PAGE_FREE,
    PAGE_KERNEL, // the kernel's image and struct page[]: never freed
    PAGE_TABLE,  // page tables
    PAGE_STACK,
    PAGE_SLAB,
    PAGE_LARGE, // kmalloc above 2 KiB
    PAGE_OTHER,
    PAGE_CACHE,  // blocks of file systems
    PAGE_PROGRAM, // a program's memory
    PAGE_USE_COUNT,
};

// One per page frame up to the highest usable address. Pages are in blocks of 1 << order pages,
// each free or allocated, or in none (reserved). In pages that do not start a block only `owner`
// means anything.
struct page {
    struct list_node node; // in its free list; belongs to whoever allocated the block
    uint32_t references; // 0: free
    uint8_t order; // of the block that starts here
    uint8_t use; // enum page_use
    bool block_start; // first page of a free or allocated block
    uint8_t unused;
    void *owner; // in every page of a slab its cache, NULL everywhere else
};

_Static_assert(sizeof(struct page) == 32, "at most 32 bytes for each 4 KiB");

// Builds struct page[] and frees the usable memory below 4 GiB (all that the first page tables
// reach), but what is below LOW_RESERVED. The ranges of boot->memory must not overlap; a page that
// is not wholly usable is not used. Panics when there is not enough memory to hold struct page[].
// Where it would take more than half of the memory below 4 GiB, says so and leaves the highest
// memory unused.
void pmm_init(const struct boot_info *boot);

// Frees the usable memory above 4 GiB. Called once kernel_map_init has mapped it.
void pmm_add_high_memory(const struct boot_info *boot);

// Allocates 1 << order contiguous pages, aligned to their size, not cleared, reference count 1,
// above 4 GiB if possible. `use` is PAGE_TABLE or one behind it. Returns the physical address, or
// 0 when there is no such block. O(log n). Any context.
phys_t pmm_alloc(unsigned order, enum page_use use);

// The same from memory below 4 GiB only, for DMA.
phys_t pmm_alloc_low(unsigned order, enum page_use use);

// Takes one more reference to a block. Panics when the address is not the start of an allocated
// block, or when the count is full. Any context.
void pmm_reference(phys_t address);

// Gives back one reference; with the last one the block is free and joins its free buddies. Panics
// when the address is not the start of an allocated block (double free, wild pointer) or is the
// kernel's own (PAGE_KERNEL). O(log n). Any context.
void pmm_free(phys_t address);

// The struct page of an address, NULL when there is none (beyond the highest usable address). The
// address of a struct page. Any context.
struct page *pmm_page(phys_t address);
phys_t pmm_page_address(const struct page *page);

// The first page of the block, free or allocated, that an address lies in; NULL where memory is
// reserved or there is none. O(log n). For reports: the answer can be old when it arrives.
const struct page *pmm_block(phys_t address);

// Free pages now; usable pages in all, of which some hold the kernel and struct page[]. Any
// context.
size_t pmm_free_pages(void);
size_t pmm_total_pages(void);

// Pages in use for a purpose; PAGE_RESERVED: pages below pmm_end that are not usable. Any context.
size_t pmm_used_pages(enum page_use use);

// One word for a use: "free", "kernel". Any context.
const char *pmm_use_name(enum page_use use);

// The address after the highest usable page.
phys_t pmm_end(void);

// Checks every block and every free list against each other and panics at the first contradiction:
// O(n), for tests.
void pmm_check(void);

#endif
