// The dynamic area. Only what is in use has an entry here, in a list ordered by address; free is
// what lies between. So a range that is given back joins its free neighbours by leaving the list.
//
//    KERNEL_AREA_BASE
//    | guard | stack | guard | device | guard |      free      | guard | stack | guard | ...
//
// Those who explain a fault read the list without a lock, since the fault may have come while the
// lock was held. They find it whole: on this one processor nobody changes it while they read, and
// a change of the list calls nothing and touches nothing that could fault.
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

// Addresses in use, without the guard pages around them.
struct range {
    struct list_node node;
    virt_t start;
    size_t size;
    enum range_use use;
};

static struct list_node ranges = {&ranges, &ranges};
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

// Puts a range into the first gap that holds it and a guard page on both sides, and sets its start.
// False when there is no such gap.
static bool place_range(struct range *range)
{
    struct list_node *position = &ranges;
    virt_t start = KERNEL_AREA_BASE + PAGE_SIZE;

    while (true) {
        struct range *next = next_range(position);
        virt_t limit = next != NULL ? next->start : KERNEL_AREA_BASE + KERNEL_AREA_SIZE;
        if (limit - start >= range->size + PAGE_SIZE) {
            range->start = start;
            list_insert(position, &range->node);
            return true;
        }
        if (next == NULL) {
            return false;
        }
        position = &next->node;
        start = next->start + next->size + PAGE_SIZE;
    }
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
    int error = paging_unmap(&kernel_page_table, range->start, range->size);
    list_remove(&range->node);
    spinlock_release(&lock);
    ASSERT(error == 0); // the range cuts no large page
    kfree(range);
}

// The range that its owner knows by its first page.
static struct range *owned_range(virt_t start, enum range_use use)
{
    spinlock_acquire(&lock);
    struct range *range = find_range(start);
    spinlock_release(&lock);

    if (range == NULL || range->start != start || range->use != use) {
        panic("no %s starts at %#lx", use_names[use], start);
    }
    return range;
}

// Removes the range of a stack, all or part of which is mapped, and frees its pages once nothing
// leads to them.
static void remove_stack(struct range *range)
{
    phys_t pages[STACK_PAGES];
    size_t count = 0;

    for (size_t offset = 0; offset < range->size; offset += PAGE_SIZE) {
        struct page_mapping mapping;
        if (paging_walk(&kernel_page_table, range->start + offset, &mapping) == 0) {
            pages[count++] = mapping.physical;
        }
    }
    remove_range(range);
    while (count > 0) {
        pmm_free(pages[--count]);
    }
}

void *kernel_area_alloc_stack(void)
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
    }
    return (void *)range->start;
}

void kernel_area_free_stack(void *stack)
{
    remove_stack(owned_range((virt_t)stack, RANGE_STACK));
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
    return (void *)(range->start + offset);
}

void kernel_area_unmap_device(void *pointer)
{
    virt_t start = (virt_t)pointer - (virt_t)pointer % PAGE_SIZE;

    remove_range(owned_range(start, RANGE_DEVICE));
}

bool kernel_area_describe(virt_t address, char *text, size_t size)
{
    const struct range *range = find_range(address);
    const struct range *below = find_range(address - PAGE_SIZE);

    if (address < KERNEL_AREA_BASE || address - KERNEL_AREA_BASE >= KERNEL_AREA_SIZE) {
        return false;
    }
    if (range != NULL && range->start <= address) {
        snprintf(text, size, "%s at %#lx", use_names[range->use], range->start);
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

    return range != NULL && range->use == RANGE_STACK && range->start <= address &&
           size <= range->start + range->size - address;
}
