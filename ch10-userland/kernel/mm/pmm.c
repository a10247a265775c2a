// The buddy system. A block of order k has 1 << k pages and starts at a multiple of its size.
// Splitting it gives two buddies of order k - 1, whose page numbers differ in bit k - 1 alone:
//
//     page    8   9   10  11  12  13  14  15
//     order 3 [8............................]
//     order 2 [8............] [12...........]     buddy of 8 at order 2: 8 ^ 4 = 12
//     order 1 [8....] [10...] [12...] [14...]     buddy of 12 at order 1: 12 ^ 2 = 14
//
// A freed block joins its buddy when that is free and whole, the result joins its own buddy, and
// so on: no two free blocks are ever buddies of each other.
#include "kernel/mm/pmm.h"

#include "kernel/cpu/cpuid.h"
#include "kernel/dev/console.h"
#include "kernel/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/string.h"

#define FIRST_PAGE (LOW_RESERVED / PAGE_SIZE)
#define LOW_PAGES ((size_t)0x100000000 / PAGE_SIZE) // the zones' border, 4 GiB

struct zone {
    struct list_node free[PMM_ORDER_MAX + 1];
    uint32_t orders; // bit k: free[k] is not empty
};

// Pages [first, last).
struct extent {
    size_t first, last;
};

static struct zone zones[PMM_ZONE_COUNT];
static struct page *pages;
static size_t page_count;
static size_t used_pages[PAGE_USE_COUNT]; // PAGE_RESERVED stays 0: derived
static struct extent image, page_array; // what the kernel itself takes, in this order
static struct spinlock lock = SPINLOCK("pmm");

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

static size_t larger(size_t left, size_t right)
{
    return left > right ? left : right;
}

static size_t block_pages(unsigned order)
{
    return (size_t)1 << order;
}

static size_t index_of(const struct page *page)
{
    return (size_t)(page - pages);
}

static struct zone *zone_of(size_t index)
{
    return &zones[index < LOW_PAGES ? PMM_ZONE_LOW : PMM_ZONE_HIGH];
}

static void insert_free(size_t index, unsigned order)
{
    struct zone *zone = zone_of(index);
    struct page *page = &pages[index];

    page->references = 0;
    page->order = (uint8_t)order;
    page->use = PAGE_FREE;
    page->block_start = true;
    list_insert(&zone->free[order], &page->node);
    zone->orders |= 1u << order;
}

static void remove_free(size_t index)
{
    struct zone *zone = zone_of(index);
    struct page *page = &pages[index];

    page->block_start = false;
    list_remove(&page->node);
    if (list_empty(&zone->free[page->order])) {
        zone->orders &= ~(1u << page->order);
    }
}

static bool is_free_block(size_t index, unsigned order)
{
    return index < page_count && pages[index].block_start && pages[index].references == 0 &&
           pages[index].order == order;
}

// Makes pages free that are in no block.
static void release(size_t index, unsigned order)
{
    used_pages[PAGE_FREE] += block_pages(order);
    for (; order < PMM_ORDER_MAX; order++) {
        size_t buddy = index ^ block_pages(order);
        if (!is_free_block(buddy, order)) {
            break;
        }
        remove_free(buddy);
        index &= buddy; // the lower one
    }
    insert_free(index, order);
}

static void set_allocated(size_t index, unsigned order, enum page_use use)
{
    struct page *page = &pages[index];

    page->references = 1;
    page->order = (uint8_t)order;
    page->use = (uint8_t)use;
    page->block_start = true;
    used_pages[use] += block_pages(order);
}

// Takes a block from the zone's free lists. Returns its page number, or 0 (page 0 is never free).
static size_t take(struct zone *zone, unsigned order)
{
    uint32_t large_enough = zone->orders >> order << order;
    if (large_enough == 0) {
        return 0;
    }
    unsigned found = (unsigned)__builtin_ctz(large_enough);
    size_t index = index_of(LIST_ENTRY(zone->free[found].next, struct page, node));
    remove_free(index);
    while (found > order) {
        found--;
        insert_free(index + block_pages(found), found);
    }
    used_pages[PAGE_FREE] -= block_pages(order);
    return index;
}

static phys_t allocate(enum pmm_zone zone, unsigned order, enum page_use use)
{
    ASSERT(order <= PMM_ORDER_MAX);
    ASSERT(use > PAGE_KERNEL && use < PAGE_USE_COUNT);
    spinlock_acquire(&lock);
    size_t index = take(&zones[zone], order);
    if (index == 0 && zone == PMM_ZONE_HIGH) {
        index = take(&zones[PMM_ZONE_LOW], order);
    }
    if (index != 0) {
        set_allocated(index, order, use);
    }
    spinlock_release(&lock);
    return (phys_t)index * PAGE_SIZE;
}

phys_t pmm_alloc(unsigned order, enum page_use use)
{
    return allocate(PMM_ZONE_HIGH, order, use);
}

phys_t pmm_alloc_low(unsigned order, enum page_use use)
{
    return allocate(PMM_ZONE_LOW, order, use);
}

// Returns the page that starts the allocated block at an address; panics when there is none.
static struct page *allocated_page(phys_t address)
{
    struct page *page = pmm_page(address);
    if (page != NULL && address % PAGE_SIZE == 0 && page->block_start && page->references > 0 &&
        page->use != PAGE_KERNEL) {
        return page;
    }
    const struct page *block = pmm_block(address);
    if (block == NULL) {
        panic("pmm: expected an allocated block at %#lx, found %s", address,
              page == NULL ? "no memory" : "reserved memory");
    }
    panic("pmm: expected an allocated block at %#lx, found a %s block of %zu pages at %#lx "
          "with %u references",
          address, pmm_use_name(block->use), block_pages(block->order), pmm_page_address(block),
          block->references);
}

void pmm_reference(phys_t address)
{
    spinlock_acquire(&lock);
    struct page *page = allocated_page(address);
    if (page->references == UINT32_MAX) {
        panic("pmm: too many references to %#lx", address);
    }
    page->references++;
    spinlock_release(&lock);
}

void pmm_free(phys_t address)
{
    spinlock_acquire(&lock);
    struct page *page = allocated_page(address);
    page->references--;
    if (page->references == 0) {
        page->block_start = false;
        used_pages[page->use] -= block_pages(page->order);
        release(index_of(page), page->order);
    }
    spinlock_release(&lock);
}

struct page *pmm_page(phys_t address)
{
    return address / PAGE_SIZE < page_count ? &pages[address / PAGE_SIZE] : NULL;
}

phys_t pmm_page_address(const struct page *page)
{
    return (phys_t)index_of(page) * PAGE_SIZE;
}

const struct page *pmm_block(phys_t address)
{
    size_t index = address / PAGE_SIZE;

    if (index >= page_count) {
        return NULL;
    }
    // A block of order k that contains the page can only start where the page's number, rounded
    // down to a multiple of 1 << k, says.
    for (unsigned order = 0; order <= PMM_ORDER_MAX; order++) {
        const struct page *page = &pages[index & ~(block_pages(order) - 1)];
        if (page->block_start && page->order >= order) {
            return page;
        }
    }
    return NULL;
}

size_t pmm_free_pages(void)
{
    return used_pages[PAGE_FREE];
}

size_t pmm_total_pages(void)
{
    size_t total = 0;

    for (unsigned use = PAGE_FREE; use < PAGE_USE_COUNT; use++) {
        total += used_pages[use];
    }
    return total;
}

size_t pmm_used_pages(enum page_use use)
{
    return use == PAGE_RESERVED ? page_count - pmm_total_pages() : used_pages[use];
}

const char *pmm_use_name(enum page_use use)
{
    static const char *const names[PAGE_USE_COUNT] = {
        [PAGE_RESERVED] = "reserved", [PAGE_FREE] = "free",   [PAGE_KERNEL] = "kernel",
        [PAGE_TABLE] = "page table",  [PAGE_STACK] = "stack", [PAGE_SLAB] = "slab",
        [PAGE_LARGE] = "large",       [PAGE_OTHER] = "other",
        [PAGE_CACHE] = "cache",
        [PAGE_PROGRAM] = "program",
    };
    return use < PAGE_USE_COUNT ? names[use] : "?";
}

phys_t pmm_end(void)
{
    return (phys_t)page_count * PAGE_SIZE;
}

// The whole pages of a usable range that lie in `within`; first >= last when there are none.
static struct extent usable_pages(const struct memory_range *range, struct extent within)
{
    struct extent result = {0, 0};
    // Beyond what the processor or the direct map can address there is nothing to use.
    phys_t limit = smaller((phys_t)1 << cpuid_physical_bits(), KERNEL_AREA_BASE - DIRECT_MAP_BASE);

    if (range->type == MEMORY_USABLE && range->start < limit) {
        phys_t end = range->start + smaller(range->size, limit - range->start);
        result.first = larger((range->start + PAGE_SIZE - 1) / PAGE_SIZE, within.first);
        result.last = smaller(end / PAGE_SIZE, within.last);
    }
    return result;
}

// Puts pages into blocks, as few as alignment allows, that are free or the kernel's own.
static void add_blocks(size_t first, size_t last, enum page_use use)
{
    while (first < last) {
        unsigned alignment = (unsigned)__builtin_ctzl(first);
        unsigned size = 63 - (unsigned)__builtin_clzl(last - first);
        unsigned order = (unsigned)smaller(smaller(alignment, size), PMM_ORDER_MAX);
        if (use == PAGE_FREE) {
            release(first, order);
        } else {
            set_allocated(first, order, use);
        }
        first += block_pages(order);
    }
}

// Adds the usable memory within an extent.
static void add_memory(const struct boot_info *boot, struct extent within)
{
    const struct extent taken[] = {image, page_array};

    for (unsigned i = 0; i < boot->memory_range_count; i++) {
        struct extent rest = usable_pages(&boot->memory[i], within);
        for (unsigned k = 0; k < ARRAY_LENGTH(taken); k++) {
            size_t first = larger(taken[k].first, rest.first);
            size_t last = smaller(taken[k].last, rest.last);
            if (first < last) {
                add_blocks(rest.first, first, PAGE_FREE);
                add_blocks(first, last, PAGE_KERNEL);
                rest.first = last;
            }
        }
        add_blocks(rest.first, rest.last, PAGE_FREE);
    }
}

static size_t array_pages(size_t count)
{
    return (count * sizeof(struct page) + PAGE_SIZE - 1) / PAGE_SIZE;
}

// Chooses where struct page[] goes: behind the kernel in the first usable range below 4 GiB of
// which it takes at most half, so that memory for DMA remains. With no such range, fewer pages
// than the machine has are described.
static void place_page_array(const struct boot_info *boot)
{
    size_t wanted = page_count;
    struct extent best = {0, 0};

    for (unsigned i = 0; i < boot->memory_range_count; i++) {
        struct extent room = usable_pages(&boot->memory[i], (struct extent){image.last, LOW_PAGES});
        if (room.first < room.last && room.last - room.first > best.last - best.first) {
            best = room;
        }
        if (array_pages(wanted) <= (best.last - best.first) / 2) {
            break;
        }
    }
    size_t room = (best.last - best.first) / 2;
    page_count = smaller(wanted, room * PAGE_SIZE / sizeof(struct page));
    if (room == 0 || page_count < best.last) {
        panic("pmm: %zu KiB of memory behind the kernel are too few",
              (best.last - best.first) * PAGE_SIZE / 1024);
    }
    if (page_count < wanted) {
        kprintf("pmm: memory above %zu MiB is left unused: it would take too much to describe it\n",
                page_count / (0x100000 / PAGE_SIZE));
    }
    page_array = (struct extent){best.first, best.first + array_pages(page_count)};
}

void pmm_init(const struct boot_info *boot)
{
    for (unsigned zone = 0; zone < PMM_ZONE_COUNT; zone++) {
        zones[zone].orders = 0;
        for (unsigned order = 0; order <= PMM_ORDER_MAX; order++) {
            list_init(&zones[zone].free[order]);
        }
    }
    memset(used_pages, 0, sizeof(used_pages));
    image.first = KERNEL_PHYS / PAGE_SIZE;
    image.last = image_to_phys(kernel_end) / PAGE_SIZE;
    page_count = 0;
    for (unsigned i = 0; i < boot->memory_range_count; i++) {
        struct extent usable =
            usable_pages(&boot->memory[i], (struct extent){FIRST_PAGE, SIZE_MAX});
        page_count = larger(page_count, usable.first < usable.last ? usable.last : 0);
    }
    place_page_array(boot);
    pages = phys_to_virt((phys_t)page_array.first * PAGE_SIZE);
    memset(pages, 0, page_count * sizeof(struct page)); // all of it PAGE_RESERVED, in no block
    add_memory(boot, (struct extent){FIRST_PAGE, smaller(page_count, LOW_PAGES)});
}

void pmm_add_high_memory(const struct boot_info *boot)
{
    add_memory(boot, (struct extent){LOW_PAGES, page_count});
}

// Panics unless the block at `index` is as it must be. Returns its size in pages.
static size_t check_block(size_t index)
{
    const struct page *page = &pages[index];
    size_t size = block_pages(page->order);
    size_t buddy = index ^ size;

    if (page->order > PMM_ORDER_MAX || index % size != 0 || index + size > page_count ||
        (page->references == 0) != (page->use == PAGE_FREE) || page->use == PAGE_RESERVED ||
        page->use >= PAGE_USE_COUNT) {
        panic("pmm: the block at page %#zx is broken: order %u, use %u, %u references", index,
              page->order, page->use, page->references);
    }
    for (size_t i = 1; i < size; i++) {
        if (pages[index + i].block_start) {
            panic("pmm: the block at page %#zx of order %u has another one within, at %#zx", index,
                  page->order, index + i);
        }
    }
    if (page->use == PAGE_FREE && page->order < PMM_ORDER_MAX &&
        is_free_block(buddy, page->order)) {
        panic("pmm: the free buddies %#zx and %#zx of order %u are not joined", index, buddy,
              page->order);
    }
    return size;
}

// Panics unless the list holds free blocks of its order and zone alone. Returns their pages.
static size_t check_list(struct zone *zone, unsigned order)
{
    const struct list_node *head = &zone->free[order];
    size_t count = 0;

    for (const struct list_node *node = head->next; node != head; node = node->next) {
        size_t index = index_of(LIST_ENTRY(node, struct page, node));
        if (!is_free_block(index, order) || zone_of(index) != zone ||
            node->next->previous != node) {
            panic("pmm: page %#zx does not belong in the free list of order %u", index, order);
        }
        count += block_pages(order);
    }
    if ((count != 0) != (zone->orders >> order & 1)) {
        panic("pmm: the free list of order %u has %zu pages, its bit says otherwise", order, count);
    }
    return count;
}

void pmm_check(void)
{
    size_t found[PAGE_USE_COUNT] = {0}, listed = 0;

    spinlock_acquire(&lock);
    for (size_t index = 0; index < page_count;) {
        size_t size = pages[index].block_start ? check_block(index) : 1;
        found[pages[index].block_start ? pages[index].use : PAGE_RESERVED] += size;
        index += size;
    }
    for (unsigned zone = 0; zone < PMM_ZONE_COUNT; zone++) {
        for (unsigned order = 0; order <= PMM_ORDER_MAX; order++) {
            listed += check_list(&zones[zone], order);
        }
    }
    for (unsigned use = 0; use < PAGE_USE_COUNT; use++) {
        if (found[use] != pmm_used_pages(use)) {
            panic("pmm: found %zu pages of use %u, counted %zu", found[use], use,
                  pmm_used_pages(use));
        }
    }
    if (listed != found[PAGE_FREE]) {
        panic("pmm: %zu free pages are in lists, %zu are free", listed, found[PAGE_FREE]);
    }
    spinlock_release(&lock);
}
