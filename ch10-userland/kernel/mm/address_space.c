// Regions, in a list ordered by address. Two never overlap, and a change of a part of one splits it
// first. What is in memory of them is in the page table alone: see demand.c and user_pages.c.
//
//      USER_START                                                                USER_END
//      |  text  data  heap -->          <-- whatever mmap places      <-- stack  |
#include "kernel/mm/address_space.h"

#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "lib/assert.h"
#include "lib/errno.h"

#define MAP_TOP (USER_END - 2 * USER_STACK_MAX) // regions without a place of their own end here

struct address_space *address_space_current;

static virt_t page_up(virt_t address)
{
    return (address + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul);
}

static bool is_range(virt_t start, virt_t end)
{
    return (start | end) % PAGE_SIZE == 0 && start < end && end <= USER_END;
}

static struct region *next_of(const struct address_space *space, const struct list_node *node)
{
    return node->next == &space->regions ? NULL : LIST_ENTRY(node->next, struct region, node);
}

// The first region that ends above an address: it lies there, or next.
static struct region *first_above(const struct address_space *space, virt_t address)
{
    struct region *region = next_of(space, &space->regions);

    while (region && region->end <= address) {
        region = next_of(space, &region->node);
    }
    return region;
}

struct region *address_space_find(struct address_space *space, virt_t address)
{
    struct region *region = space->recent;

    if (!region || address < region->start || address >= region->end) {
        region = first_above(space, address);
        if (!region || address < region->start) {
            return NULL;
        }
        space->recent = region;
    }
    return region;
}

static size_t page_count(const struct region *region)
{
    return (region->end - region->start) / PAGE_SIZE;
}

// ---- One region ----

static void hold(const struct region *region)
{
    if (region->source) {
        region->source->hold(region->source);
    }
    if (region->shared) {
        shared_pages_hold(region->shared);
    }
}

static void release(const struct region *region)
{
    if (region->source) {
        region->source->release(region->source);
    }
    if (region->shared) {
        shared_pages_release(region->shared);
    }
}

// A copy that holds what it needs, in no list; NULL without memory.
static struct region *copy_of(const struct region *region)
{
    struct region *copy = user_pages_short() ? NULL : kmalloc(sizeof(*copy));

    if (copy) {
        *copy = *region;
        hold(copy);
    }
    return copy;
}

// Puts a region in its place.
static void insert(struct address_space *space, struct region *region)
{
    struct region *above = first_above(space, region->start);

    list_append(above ? &above->node : &space->regions, &region->node);
    space->region_count++;
    space->reserved_count += page_count(region);
}

// Takes it out and forgets it. Its pages are gone, or another region's.
static void forget(struct address_space *space, struct region *region)
{
    list_remove(&region->node);
    space->region_count--;
    space->reserved_count -= page_count(region);
    space->recent = NULL;
    release(region);
    kfree(region);
}

// Cuts a region in two at an address inside. The lower one stays what it was.
static int split(struct address_space *space, struct region *region, virt_t address)
{
    struct region *upper = space->region_count < REGIONS_MAX ? copy_of(region) : NULL;

    if (!upper) {
        return -ENOMEM;
    }
    upper->offset += address - region->start;
    upper->start = address;
    space->reserved_count -= page_count(upper);
    region->end = address;
    if (region->kind == REGION_STACK) {
        upper->kind = REGION_PRIVATE; // it cannot grow any more, but the lower one can
    }
    insert(space, upper);
    return 0;
}

// Makes borders at both ends of a range, so that no region reaches out of it.
static int split_at(struct address_space *space, virt_t start, virt_t end)
{
    const virt_t borders[] = {start, end};
    int error = 0;

    for (unsigned i = 0; i < ARRAY_LENGTH(borders) && error == 0; i++) {
        struct region *region = first_above(space, borders[i]);
        if (region && region->start < borders[i]) {
            error = split(space, region, borders[i]);
        }
    }
    return error;
}

// Joins a region with the next one if they are as one: both anonymous, private, of the same rights.
static void join_next(struct address_space *space, struct region *region)
{
    struct region *next = next_of(space, &region->node);

    if (next && region->end == next->start && region->rights == next->rights && !region->source &&
        !next->source && region->kind == REGION_PRIVATE && next->kind == REGION_PRIVATE) {
        virt_t end = next->end;
        forget(space, next);
        space->reserved_count += (end - region->end) / PAGE_SIZE;
        region->end = end;
    }
}

// Joins what can be joined around a range that has changed.
static void join_around(struct address_space *space, virt_t start, virt_t end)
{
    struct region *region = first_above(space, start > 0 ? start - 1 : 0);

    while (region && region->start <= end) {
        struct region *next = next_of(space, &region->node);
        join_next(space, region);
        if (next == next_of(space, &region->node)) { // nothing was joined: `next` is still there
            region = next;
        }
    }
}

// ---- The whole ----

int address_space_create(struct address_space **space)
{
    struct address_space *new = user_pages_short() ? NULL : kcalloc(1, sizeof(*new));

    if (!new || user_pages_create(&new->table) != 0) {
        kfree(new);
        return -ENOMEM;
    }
    list_init(&new->regions);
    new->references = 1;
    *space = new;
    return 0;
}

int address_space_copy(struct address_space *from, struct address_space **copy)
{
    struct address_space *space;
    int error = address_space_create(&space);

    if (error) {
        return error;
    }
    space->heap_start = from->heap_start;
    space->heap_end = from->heap_end;
    for (struct region *region = next_of(from, &from->regions); region && error == 0;
         region = next_of(from, &region->node)) {
        struct region *twin = copy_of(region);
        if (!twin) {
            error = -ENOMEM;
            break;
        }
        list_append(&space->regions, &twin->node);
        space->region_count++;
        size_t count;
        error = user_pages_share(&from->table, &space->table, region->start, region->end,
                                 region->kind == REGION_SHARED, &count);
        space->page_count += count;
    }
    space->reserved_count = from->reserved_count;
    if (error) {
        address_space_destroy(space);
        return error;
    }
    *copy = space;
    return 0;
}

void address_space_destroy(struct address_space *space)
{
    bool interrupts = cpu_save_interrupts(); // so that it is there until all are awake
    bool last = space && --space->references == 0;
    if (space && !last) {
        wait_wake_all(&space->returned);
    }
    cpu_restore_interrupts(interrupts);
    if (!last) {
        return;
    }
    ASSERT(cpu_read_cr3() != space->table.root && space != address_space_current);
    for (struct region *region; (region = next_of(space, &space->regions));) {
        user_pages_remove(&space->table, region->start, region->end);
        forget(space, region);
    }
    user_pages_destroy(&space->table);
    kfree(space);
}

void address_space_activate(const struct address_space *space)
{
    phys_t root = space ? space->table.root : kernel_page_table.root;

    address_space_current = (struct address_space *)(virt_t)space;
    if (cpu_read_cr3() != root) {
        cpu_write_cr3(root);
    }
}

// ---- Changes ----

// Finds room for a region, as high as possible. 0: there is none.
static virt_t find_room(const struct address_space *space, size_t size)
{
    virt_t end = MAP_TOP; // of the gap

    for (struct list_node *node = space->regions.previous;; node = node->previous) {
        const struct region *region =
            node == &space->regions ? NULL : LIST_ENTRY(node, struct region, node);
        virt_t start = region ? region->end : USER_START;
        if (start < end && end - start >= size) {
            return end - size;
        }
        if (!region) {
            return 0;
        }
        end = region->start < end ? region->start : end;
    }
}

int address_space_unmap(struct address_space *space, virt_t start, virt_t end)
{
    if (!is_range(start, end)) {
        return -EINVAL;
    }
    int error = split_at(space, start, end);
    if (error) {
        return error;
    }
    space->page_count -= user_pages_remove(&space->table, start, end);
    for (struct region *region; (region = first_above(space, start)) && region->start < end;) {
        forget(space, region);
    }
    return 0;
}

// Whether more than there is memory in all is asked for: it would end in death, not in an error.
static bool beyond_reason(size_t size, unsigned rights)
{
    return rights & PAGE_WRITE && !(rights & PAGE_NONE) && size / PAGE_SIZE > pmm_total_pages();
}

int address_space_map(struct address_space *space, virt_t *start, const struct region *region,
                      bool replace)
{
    size_t size = region->end;

    if (size == 0 || size % PAGE_SIZE != 0 || size > USER_END) {
        return -EINVAL;
    }
    virt_t place = *start ? *start : find_room(space, size);
    if (place == 0 || space->region_count >= REGIONS_MAX || beyond_reason(size, region->rights)) {
        return -ENOMEM;
    }
    if (place < USER_START || place > USER_END || !is_range(place, place + size)) {
        return -EINVAL;
    }
    const struct region *above = first_above(space, place);
    bool taken = above && above->start < place + size;
    if (taken && !replace) {
        return -EEXIST;
    }
    struct region *new = copy_of(region);
    if (!new) {
        return -ENOMEM;
    }
    new->start = place;
    new->end = place + size;
    new->source_end += place;
    if (region->kind == REGION_SHARED && !region->source) {
        new->offset = 0;
        new->shared = shared_pages_create();
    }
    int error = region->kind == REGION_SHARED && !region->source && !new->shared ? -ENOMEM : 0;
    if (error == 0 && taken) {
        error = address_space_unmap(space, place, place + size);
    }
    if (error) {
        release(new);
        kfree(new);
        return error;
    }
    insert(space, new);
    join_around(space, place, place + size);
    *start = place;
    return 0;
}

// Whether regions cover all of a range.
static bool is_covered(const struct address_space *space, virt_t start, virt_t end)
{
    for (struct region *region = first_above(space, start); region && region->start <= start;
         region = next_of(space, &region->node)) {
        start = region->end;
        if (start >= end) {
            return true;
        }
    }
    return false;
}

int address_space_protect(struct address_space *space, virt_t start, virt_t end, unsigned rights)
{
    if (!is_range(start, end)) {
        return -EINVAL;
    }
    if (!is_covered(space, start, end)) {
        return -ENOMEM;
    }
    for (struct region *region = first_above(space, start); region && region->start < end;
         region = next_of(space, &region->node)) {
        if (region->sealed && rights & PAGE_WRITE) {
            return -EACCES;
        }
    }
    int error = split_at(space, start, end);
    if (error) {
        return error;
    }
    for (struct region *region = first_above(space, start); region && region->start < end;
         region = next_of(space, &region->node)) {
        region->rights = rights;
        user_pages_protect(&space->table, region->start, region->end, region_entry_flags(region),
                           region->shared);
    }
    join_around(space, start, end);
    return 0;
}

int address_space_discard(struct address_space *space, virt_t start, virt_t end)
{
    if (!is_range(start, end)) {
        return -EINVAL;
    }
    // A shared page stays among the shared ones: it is only looked for again.
    space->page_count -= user_pages_remove(&space->table, start, end);
    return is_covered(space, start, end) ? 0 : -ENOMEM;
}

// Makes a region longer where it is, if nobody is in the way.
static bool extend(struct address_space *space, struct region *region, size_t new_size)
{
    const struct region *next = next_of(space, &region->node);
    virt_t limit = next ? next->start : USER_END;

    if (new_size > limit - region->start) {
        return false;
    }
    space->reserved_count += new_size / PAGE_SIZE - page_count(region);
    if (region->source_end >= region->end) { // all of it is the file's, and so is what comes to it
        region->source_end = region->start + new_size;
    }
    region->end = region->start + new_size;
    return true;
}

// Moves [start, start + old_size), which lies in one region, to a place where nothing is.
static int64_t move(struct address_space *space, virt_t start, size_t old_size, virt_t place,
                    size_t new_size)
{
    int error = split_at(space, start, start + old_size);
    struct region *region = address_space_find(space, start);
    struct region *moved = error ? NULL : copy_of(region);
    if (!moved) {
        return -ENOMEM;
    }
    moved->start = place;
    moved->end = place + new_size;
    moved->source_end = region->source_end >= region->end ? moved->end
                        : region->source_end <= start     ? place
                                                          : place + (region->source_end - start);
    if (user_pages_move(&space->table, start, place, old_size) != 0) {
        release(moved);
        kfree(moved);
        return -ENOMEM;
    }
    forget(space, region);
    insert(space, moved);
    return (int64_t)place;
}

int64_t address_space_remap(struct address_space *space, virt_t start, size_t old_size,
                            size_t new_size, bool may_move, virt_t place)
{
    if (new_size == 0 || new_size > USER_END || new_size % PAGE_SIZE != 0 || start > USER_END ||
        old_size > USER_END || !is_range(start, start + old_size)) {
        return -EINVAL;
    }
    struct region *region = address_space_find(space, start);
    if (!region || region->end - start < old_size) {
        return -EFAULT;
    }
    if (place && (place < USER_START || place > USER_END || !is_range(place, place + new_size) ||
                  (place < start + old_size && start < place + new_size))) {
        return -EINVAL;
    }
    if (new_size < old_size) {
        int error = address_space_unmap(space, start + new_size, start + old_size);
        if (error) {
            return error;
        }
        old_size = new_size;
    }
    if (new_size == old_size && !place) {
        return (int64_t)start;
    }
    // Shared pages are found by their number in a table, which ends where addresses do; a file ends
    // before its offsets do.
    uint64_t offset = region->offset + (start - region->start);
    if (beyond_reason(new_size, region->rights) || offset + new_size < offset ||
        (region->kind == REGION_SHARED && offset + new_size > USER_END)) {
        return -ENOMEM;
    }
    if (!place && start + old_size == region->end &&
        extend(space, region, start - region->start + new_size)) {
        return (int64_t)start;
    }
    int error = place ? address_space_unmap(space, place, place + new_size) : 0;
    place = place || !may_move ? place : find_room(space, new_size);
    return error ? error : place ? move(space, start, old_size, place, new_size) : -ENOMEM;
}

virt_t address_space_break(struct address_space *space, virt_t end)
{
    virt_t old = page_up(space->heap_end), new = page_up(end);
    struct region heap = {.end = new - old, .rights = PAGE_WRITE};

    if (end < space->heap_start || end > USER_END) {
        return space->heap_end;
    }
    if (beyond_reason(new - space->heap_start, heap.rights) ||
        (new > old &&address_space_map(space, &old, &heap, false) != 0) ||
        (new < old &&address_space_unmap(space, new, old) != 0)) {
        return space->heap_end;
    }
    space->heap_end = end;
    return end;
}
