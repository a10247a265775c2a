// The dynamic area. Only what is taken has an entry here, in a list ordered by address; free is
// what lies between. So a range that is given back joins its free neighbours by leaving the list.
//
//    KERNEL_AREA_BASE
//    | guard | stack | guard | device | guard |      free      | guard | stack | guard | ...
//
// Those who explain a fault read the list without a lock, since the fault may have come while the
// lock was held. They find it whole: on this one processor nobody changes it while they read, and
// a change of the list calls nothing and touches nothing that could fault.
//
// The last stacks that were freed stay mapped, for those that come next: programs start and end all
// the time, and most of a stack's cost is the page table. No other cost grows with the stacks in
// use: a new one is placed without a walk along the list, and a page of it leads to its range.
#include "kernel/mm/kernel_area.h"

#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/list.h"
#include "lib/printf.h"

#define STACK_PAGES (KERNEL_STACK_SIZE / PAGE_SIZE)

enum range_use { RANGE_STACK, RANGE_DEVICE, RANGE_USE_COUNT };

static const char *const use_names[RANGE_USE_COUNT] = {"stack", "device memory"};

// Addresses that are taken, without the guard pages around them.
struct range {
    struct list_node node;
    virt_t start;
    size_t size;
    enum range_use use;
    bool in_use; // wholly mapped, and given to somebody
};

static struct list_node ranges = {&ranges, &ranges};
static struct list_node *no_gap_below = &ranges; // no gap up to this range is fit for a stack
static struct range *kept[KERNEL_AREA_KEPT_STACKS]; // the stack freed last comes last
static unsigned kept_count;
// Guards the list, and the kernel's page table as far as it maps the area.
static struct spinlock lock = SPINLOCK("kernel area");

static struct range *next_range(const struct list_node *node)
{
    return node->next == &ranges ? NULL : LIST_ENTRY(node->next, struct range, node);
}

// The first range that ends above an address: the one that holds it, if any does.
static struct range *find_range(virt_t address)
{
    struct range *range = next_range(&ranges);

    while (range != NULL && range->start + range->size <= address) {
        range = next_range(&range->node);
    }
    return range;
}

// The first address that may be in a gap behind a range, or behind the list's head.
static virt_t gap_start(const struct list_node *position)
{
    const struct range *range = LIST_ENTRY(position, const struct range, node);

    return (position == &ranges ? KERNEL_AREA_BASE : range->start + range->size) + PAGE_SIZE;
}

// Puts a range into the first gap that holds it and a guard page on both sides, and sets its start.
// False when there is no such gap.
static bool place_range(struct range *range)
{
    struct list_node *position = range->size >= KERNEL_STACK_SIZE ? no_gap_below : &ranges;

    while (true) {
        struct range *next = next_range(position);
        virt_t limit = next != NULL ? next->start : KERNEL_AREA_BASE + KERNEL_AREA_SIZE;
        if (limit - gap_start(position) >= range->size + PAGE_SIZE) {
            break;
        }
        if (next == NULL) {
            return false;
        }
        position = &next->node;
    }
    range->start = gap_start(position);
    list_insert(position, &range->node);
    if (range->size == KERNEL_STACK_SIZE) {
        no_gap_below = &range->node;
    }
    return true;
}

// Takes a range out of the list: the reverse.
static void unplace_range(struct range *range)
{
    // The gap that is left begins behind the range before.
    if (gap_start(&range->node) <= gap_start(no_gap_below)) {
        no_gap_below = range->node.previous;
    }
    list_remove(&range->node);
}

// A new range with nothing mapped in it, or NULL. size is a multiple of PAGE_SIZE.
static struct range *add_range(size_t size, enum range_use use)
{
    struct range *range = kmalloc(sizeof(*range));

    if (range == NULL) {
        return NULL;
    }
    range->size = size;
    range->use = use;
    range->in_use = false;
    spinlock_acquire(&lock);
    bool placed = place_range(range);
    spinlock_release(&lock);
    if (!placed) {
        kfree(range);
        return NULL;
    }
    return range;
}

// Maps a part of a range; results as of paging_map.
static int map_part(const struct range *range, size_t offset, phys_t physical, size_t size,
                    unsigned rights)
{
    spinlock_acquire(&lock);
    int error = paging_map(&kernel_page_table, range->start + offset, physical, size,
                           rights | PAGE_WRITE | PAGE_GLOBAL);
    spinlock_release(&lock);
    return error;
}

// Unmaps what is mapped of a range and forgets it.
static void remove_range(struct range *range)
{
    spinlock_acquire(&lock);
    range->in_use = false; // while it is still mapped
    int error = paging_unmap(&kernel_page_table, range->start, range->size);
    unplace_range(range);
    spinlock_release(&lock);
    ASSERT(error == 0); // the range cuts no large page
    kfree(range);
}

// The page of memory behind an address, NULL when nothing is mapped there or no RAM. Its node is in
// no list while it belongs to a stack: there it points to the node of the stack's range.
static struct page *page_behind(virt_t address)
{
    struct page_mapping mapping;

    if (paging_walk(&kernel_page_table, address, &mapping) != 0) {
        return NULL;
    }
    return pmm_page(mapping.physical);
}

// The stack that starts at an address, NULL when none does or it is not in use.
static struct range *stack_at(virt_t start)
{
    const struct page *page = start % PAGE_SIZE == 0 ? page_behind(start) : NULL;

    if (page == NULL || page->use != PAGE_STACK) {
        return NULL;
    }
    struct range *range = LIST_ENTRY(page->node.next, struct range, node);
    return range->start == start && range->in_use ? range : NULL;
}

// The same for device memory.
static struct range *device_at(virt_t start)
{
    struct range *range = find_range(start);
    bool found = range != NULL && range->start == start && range->use == RANGE_DEVICE;

    return found && range->in_use ? range : NULL;
}

// Removes the range of a stack, all or part of which is mapped, and frees its pages once nothing
// leads to them.
static void remove_stack(struct range *range)
{
    phys_t pages[STACK_PAGES];
    size_t count = 0;

    spinlock_acquire(&lock); // of what is not mapped the page table may be another stack's
    for (size_t offset = 0; offset < range->size; offset += PAGE_SIZE) {
        const struct page *page = page_behind(range->start + offset);
        if (page != NULL) {
            pages[count++] = pmm_page_address(page);
        }
    }
    spinlock_release(&lock);
    remove_range(range);
    while (count > 0) {
        pmm_free(pages[--count]);
    }
}

// A new stack, mapped but not in use, or NULL.
static struct range *make_stack(void)
{
    struct range *range = add_range(KERNEL_STACK_SIZE, RANGE_STACK);

    if (range == NULL) {
        return NULL;
    }
    for (size_t offset = 0; offset < KERNEL_STACK_SIZE; offset += PAGE_SIZE) {
        phys_t page = pmm_alloc(0, PAGE_STACK);
        if (page != 0 && map_part(range, offset, page, PAGE_SIZE, 0) != 0) {
            pmm_free(page);
            page = 0;
        }
        if (page == 0) {
            remove_stack(range);
            return NULL;
        }
        pmm_page(page)->node.next = &range->node;
    }
    return range;
}

void *kernel_area_alloc_stack(void)
{
    struct range *range = NULL;

    spinlock_acquire(&lock);
    if (kept_count > 0) {
        range = kept[--kept_count];
        range->in_use = true;
    }
    spinlock_release(&lock);
    if (range == NULL) {
        range = make_stack();
        if (range == NULL) {
            return NULL;
        }
        range->in_use = true; // nobody else knows it yet
    }
    return (void *)range->start;
}

void kernel_area_free_stack(void *stack)
{
    bool keep = false;

    spinlock_acquire(&lock);
    struct range *range = stack_at((virt_t)stack);
    if (range != NULL) {
        range->in_use = false;
        keep = kept_count < ARRAY_LENGTH(kept);
        if (keep) {
            kept[kept_count++] = range;
        }
    }
    spinlock_release(&lock);
    if (range == NULL) {
        panic("no stack starts at %#lx", (virt_t)stack);
    }
    if (!keep) {
        remove_stack(range);
    }
}

void *kernel_area_map_device(phys_t physical, size_t size)
{
    size_t offset = physical % PAGE_SIZE;

    ASSERT(size > 0);
    if (size > KERNEL_AREA_SIZE) {
        return NULL; // before it overflows below
    }
    size = (offset + size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
    struct range *range = add_range(size, RANGE_DEVICE);
    if (range == NULL) {
        return NULL;
    }
    if (map_part(range, 0, physical - offset, size, PAGE_UNCACHED) != 0) {
        remove_range(range);
        return NULL;
    }
    range->in_use = true;
    return (void *)(range->start + offset);
}

void kernel_area_unmap_device(void *pointer)
{
    virt_t start = (virt_t)pointer - (virt_t)pointer % PAGE_SIZE;

    spinlock_acquire(&lock);
    struct range *range = device_at(start);
    spinlock_release(&lock);
    if (range == NULL) {
        panic("no device memory starts at %#lx", start);
    }
    remove_range(range);
}

bool kernel_area_describe(virt_t address, char *text, size_t size)
{
    const struct range *range = find_range(address);
    const struct range *below = find_range(address - PAGE_SIZE);

    if (address < KERNEL_AREA_BASE || address - KERNEL_AREA_BASE >= KERNEL_AREA_SIZE) {
        return false;
    }
    if (range != NULL && range->start <= address) {
        snprintf(text, size, "%s%s at %#lx", range->in_use ? "" : "freed ", use_names[range->use],
                 range->start);
    } else if (range != NULL && range->start - address <= PAGE_SIZE) {
        snprintf(text, size, "guard page below the %s at %#lx", use_names[range->use],
                 range->start);
    } else if (below != range) {
        snprintf(text, size, "guard page above the %s at %#lx", use_names[below->use],
                 below->start);
    } else {
        snprintf(text, size, "unused part of the dynamic area");
    }
    return true;
}

bool kernel_area_is_stack_guard(virt_t address)
{
    const struct range *range = find_range(address);

    return range != NULL && range->use == RANGE_STACK && range->start > address &&
           range->start - address <= PAGE_SIZE;
}

bool kernel_area_in_stack(virt_t address, size_t size)
{
    const struct range *range = find_range(address);

    return range != NULL && range->use == RANGE_STACK && range->in_use && range->start <= address &&
           size <= range->start + range->size - address;
}
