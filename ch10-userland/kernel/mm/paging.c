// Page tables. A virtual address has four indices of nine bits and an offset, and each index picks
// an entry of a table on the next level (Intel SDM vol. 3A, figure 4-8):
//
//   63     48 47    39 38    30 29    21 20    12 11       0
//   | sign   |  PML4  |  PDPT  |   PD   |   PT   |  offset  |
//
// An entry is an address, a multiple of 4 KiB, with flags in the bits around it (tables 4-15 to
// 4-20). An entry of the PD with PS set maps a page of 2 MiB and has no PT below it.
//
// The rights of an address are what all levels agree on. Entries that point to tables grant
// everything here, so that the entry of the page alone decides.
#include "kernel/mm/paging.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/mm/page_entry.h"
#include "kernel/mm/pmm.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

enum level { LEVEL_PT, LEVEL_PD, LEVEL_PDPT, LEVEL_PML4, LEVEL_COUNT };

// The entries on the way to an address, from entry[LEVEL_PML4] down to entry[level], which decides
// what the address is: it maps a page or is not present.
struct path {
    uint64_t *entry[LEVEL_COUNT];
    unsigned level;
};

// What a change leaves to do at its end: translations that the processor may still hold, and
// tables that it may still walk until those are gone.
#define STALE_MAX 32 // above, invalidating everything is cheaper than one by one

struct change {
    struct page_table *table;
    virt_t stale[STALE_MAX];
    size_t stale_count; // counts on above STALE_MAX
    bool global; // one of them is a global page
    struct list_node free_tables;
};

// How much an entry of a level covers: 4 KiB, 2 MiB, 1 GiB, 512 GiB.
static size_t level_size(unsigned level)
{
    return (size_t)PAGE_SIZE << (9 * level);
}

static size_t entry_index(virt_t virtual, unsigned level)
{
    return virtual / level_size(level) % ENTRY_COUNT;
}

// From an address to the end of what its entry on this level covers.
static size_t size_to_entry_end(virt_t virtual, unsigned level)
{
    return level_size(level) - virtual % level_size(level);
}

static bool entry_is_table(uint64_t entry, unsigned level)
{
    return (entry & PTE_P) && level != LEVEL_PT && !(entry & PTE_PS);
}

static phys_t entry_address(uint64_t entry, unsigned level)
{
    return entry & PTE_ADDRESS & ~(level_size(level) - 1);
}

static bool in_kernel_half(virt_t virtual)
{
    return virtual >= KERNEL_HALF_START;
}

static bool is_canonical(virt_t virtual)
{
    return virtual < USER_HALF_END || in_kernel_half(virtual);
}

// Whether the range has pages and lies within one half.
static bool range_is_valid(virt_t virtual, size_t size)
{
    virt_t last = virtual + size - 1;

    ASSERT(virtual % PAGE_SIZE == 0 && size % PAGE_SIZE == 0);
    return size > 0 && last >= virtual && is_canonical(virtual) && is_canonical(last) &&
           in_kernel_half(virtual) == in_kernel_half(last);
}

// Whether the processor has address lines for the range: beyond, entries have reserved bits.
static bool physical_is_valid(phys_t physical, size_t size)
{
    phys_t end = (phys_t)1 << cpuid_physical_bits();

    ASSERT(physical % PAGE_SIZE == 0);
    return size <= end && physical <= end - size;
}

static uint64_t rights_to_flags(virt_t virtual, unsigned rights)
{
    ASSERT(!(rights & (in_kernel_half(virtual) ? PAGE_USER : PAGE_GLOBAL)));
    return PTE_P | (rights & PAGE_WRITE ? PTE_RW : 0) | (rights & PAGE_EXECUTE ? 0 : PTE_XD) |
           (rights & PAGE_USER ? PTE_US : 0) | (rights & PAGE_GLOBAL ? PTE_G : 0) |
           (rights & PAGE_UNCACHED ? PTE_PCD | PTE_PWT : 0);
}

static struct path find_path(const struct page_table *table, virt_t virtual)
{
    struct path path = {.level = LEVEL_PML4};
    uint64_t *entries = phys_to_virt(table->root);

    while (true) {
        uint64_t *entry = &entries[entry_index(virtual, path.level)];
        path.entry[path.level] = entry;
        if (!entry_is_table(*entry, path.level)) {
            return path;
        }
        entries = phys_to_virt(entry_address(*entry, LEVEL_PT));
        path.level--;
    }
}

// A cleared page for a table, or 0.
static phys_t alloc_table(void)
{
    phys_t table = pmm_alloc(0, PAGE_TABLE);

    if (table != 0) {
        memset(phys_to_virt(table), 0, PAGE_SIZE);
    }
    return table;
}

static bool table_is_empty(phys_t table)
{
    const uint64_t *entries = phys_to_virt(table);

    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        if (entries[i] & PTE_P) {
            return false;
        }
    }
    return true;
}

// The entry that points to a table grants everything that its half may have.
static uint64_t table_entry(phys_t table, virt_t virtual)
{
    return table | PTE_P | PTE_RW | (in_kernel_half(virtual) ? 0 : PTE_US);
}

static void change_begin(struct change *change, struct page_table *table)
{
    change->table = table;
    change->stale_count = 0;
    change->global = false;
    list_init(&change->free_tables);
}

// Replaces an entry that is present.
static void change_entry(struct change *change, virt_t virtual, uint64_t *entry, uint64_t value)
{
    if (change->stale_count < STALE_MAX) {
        change->stale[change->stale_count] = virtual;
    }
    change->stale_count++;
    change->global |= (*entry & PTE_G) != 0;
    *entry = value;
}

// Makes the processor forget what has changed (Intel SDM vol. 3A, 4.10.4.1). Without stale entries
// there is nothing to do: it never remembers that an address was not mapped.
static void invalidate(const struct change *change)
{
    if (change->stale_count == 0) {
        return;
    }
    if (!in_kernel_half(change->stale[0]) &&
        (cpu_read_cr3() & PTE_ADDRESS) != change->table->root) {
        return; // the user half of a table that is not in use; the kernel's half is shared by all
    }
    if (change->stale_count <= STALE_MAX) {
        for (size_t i = 0; i < change->stale_count; i++) {
            cpu_invalidate_page(change->stale[i]);
        }
    } else if (change->global && (cpu_read_cr4() & CR4_PGE)) {
        uint64_t cr4 = cpu_read_cr4();
        cpu_write_cr4(cr4 & ~(uint64_t)CR4_PGE); // global pages outlive a write to CR3
        cpu_write_cr4(cr4);
    } else {
        cpu_write_cr3(cpu_read_cr3());
    }
}

static void change_end(struct change *change)
{
    invalidate(change);
    while (!list_empty(&change->free_tables)) {
        struct page *page = LIST_ENTRY(change->free_tables.next, struct page, node);
        list_remove(&page->node);
        pmm_free(pmm_page_address(page));
    }
}

// Takes the tables on a path that are empty out of the tree, from the bottom up.
static void remove_empty_tables(struct change *change, virt_t virtual, const struct path *path)
{
    for (unsigned level = path->level + 1; level < LEVEL_COUNT; level++) {
        phys_t table = entry_address(*path->entry[level], LEVEL_PT);
        if (!table_is_empty(table) || (level == LEVEL_PML4 && in_kernel_half(virtual))) {
            return;
        }
        change_entry(change, virtual, path->entry[level], 0);
        list_append(&change->free_tables, &pmm_page(table)->node);
    }
}

// Unmaps a range that cuts no large page.
static void remove_range(struct change *change, virt_t virtual, size_t size)
{
    for (size_t done = 0; done < size;) {
        virt_t address = virtual + done;
        struct path path = find_path(change->table, address);
        uint64_t *entry = path.entry[path.level];
        if (*entry & PTE_P) {
            change_entry(change, address, entry, 0);
        }
        done += size_to_entry_end(address, path.level);
        // Once for each table: here the range leaves the one that holds the entry.
        if (done >= size || entry_index(address, path.level) == ENTRY_COUNT - 1) {
            remove_empty_tables(change, address, &path);
        }
    }
}

// The entry of an address on a level, with tables made on the way down. NULL without memory: the
// tables made so far are left to remove_range. No page is mapped there.
static uint64_t *make_entry(struct page_table *table, virt_t virtual, unsigned level)
{
    struct path path = find_path(table, virtual);
    uint64_t *entry = path.entry[path.level];

    ASSERT(path.level >= level); // a lower one would be an empty table: those are freed
    ASSERT(path.level != LEVEL_PML4 || !in_kernel_half(virtual)); // paging_add_top_level
    while (path.level > level) {
        phys_t next = alloc_table();
        if (next == 0) {
            return NULL;
        }
        *entry = table_entry(next, virtual);
        path.level--;
        entry = (uint64_t *)phys_to_virt(next) + entry_index(virtual, path.level);
    }
    return entry;
}

// The level of the largest page that can start here.
static unsigned page_level(virt_t virtual, phys_t physical, size_t size)
{
    bool large = (virtual | physical) % LARGE_PAGE_SIZE == 0 && size >= LARGE_PAGE_SIZE;

    return large ? LEVEL_PD : LEVEL_PT;
}

// Maps pages of one size, from an entry on to the end of its table at most. Returns how many bytes.
static size_t fill_entries(uint64_t *entry, unsigned level, virt_t virtual, phys_t physical,
                           size_t size, uint64_t flags)
{
    size_t page_size = level_size(level), room = size_to_entry_end(virtual, level + 1);
    size_t filled = (size < room ? size : room) / page_size * page_size;

    for (size_t done = 0; done < filled; done += page_size) {
        *entry++ = (physical + done) | flags | (level == LEVEL_PD ? PTE_PS : 0);
    }
    return filled;
}

// Whether all pages of a range are mapped, or, if that is asked, none of them.
static bool all_are(bool mapped, const struct page_table *table, virt_t virtual, size_t size)
{
    for (size_t done = 0; done < size;) {
        struct path path = find_path(table, virtual + done);
        if (((*path.entry[path.level] & PTE_P) != 0) != mapped) {
            return false;
        }
        done += size_to_entry_end(virtual + done, path.level);
    }
    return true;
}

// Whether a border between two pages would lie inside a large page.
static bool cuts_large_page(const struct page_table *table, virt_t border)
{
    struct path path;

    if (border % LARGE_PAGE_SIZE == 0) {
        return false; // also keeps away from the end of a half, which may not be an address
    }
    path = find_path(table, border);
    return path.level == LEVEL_PD && (*path.entry[LEVEL_PD] & PTE_P);
}

// Replaces the large page around an address by 512 small ones in the table `small`.
static void split_large_page(struct change *change, virt_t virtual, phys_t small)
{
    struct path path = find_path(change->table, virtual);
    uint64_t *large = path.entry[LEVEL_PD];
    phys_t physical = entry_address(*large, LEVEL_PD);
    uint64_t flags = *large & ~(PTE_ADDRESS | PTE_PS);
    uint64_t *entries = phys_to_virt(small);

    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        entries[i] = (physical + i * PAGE_SIZE) | flags;
    }
    change_entry(change, virtual, large, table_entry(small, virtual));
}

// Splits the large pages that the range cuts at its ends: one, two or none. All memory is taken
// before anything changes.
static int split_at_ends(struct change *change, virt_t virtual, size_t size)
{
    virt_t end = virtual + size;
    bool same_page = virtual / LARGE_PAGE_SIZE == end / LARGE_PAGE_SIZE;
    bool split_start = cuts_large_page(change->table, virtual);
    bool split_end = cuts_large_page(change->table, end) && !(split_start && same_page);

    phys_t first = split_start ? alloc_table() : 0;
    if (split_start && first == 0) {
        return -ENOMEM;
    }
    phys_t second = split_end ? alloc_table() : 0;
    if (split_end && second == 0) {
        if (first != 0) {
            pmm_free(first);
        }
        return -ENOMEM;
    }
    if (split_start) {
        split_large_page(change, virtual, first);
    }
    if (split_end) {
        split_large_page(change, end, second);
    }
    return 0;
}

int paging_create(struct page_table *table)
{
    table->root = alloc_table();
    return table->root != 0 ? 0 : -ENOMEM;
}

int paging_add_top_level(struct page_table *table, virt_t virtual)
{
    uint64_t *entries = phys_to_virt(table->root);
    uint64_t *entry = &entries[entry_index(virtual, LEVEL_PML4)];

    ASSERT(is_canonical(virtual));
    if (!(*entry & PTE_P)) {
        phys_t next = alloc_table();
        if (next == 0) {
            return -ENOMEM;
        }
        *entry = table_entry(next, virtual);
    }
    return 0;
}

int paging_map(struct page_table *table, virt_t virtual, phys_t physical, size_t size,
               unsigned rights)
{
    struct change change;
    int result = 0;

    if (!range_is_valid(virtual, size) || !physical_is_valid(physical, size)) {
        return -EINVAL;
    }
    if (!all_are(false, table, virtual, size)) {
        return -EEXIST;
    }
    uint64_t flags = rights_to_flags(virtual, rights);
    change_begin(&change, table);
    for (size_t done = 0; done < size;) {
        unsigned level = page_level(virtual + done, physical + done, size - done);
        uint64_t *entry = make_entry(table, virtual + done, level);
        if (entry == NULL) {
            remove_range(&change, virtual, size); // nothing of it was there before
            result = -ENOMEM;
            break;
        }
        done += fill_entries(entry, level, virtual + done, physical + done, size - done, flags);
    }
    change_end(&change);
    return result;
}

int paging_unmap(struct page_table *table, virt_t virtual, size_t size)
{
    struct change change;
    int result;

    if (!range_is_valid(virtual, size)) {
        return -EINVAL;
    }
    change_begin(&change, table);
    result = split_at_ends(&change, virtual, size);
    if (result == 0) {
        remove_range(&change, virtual, size);
    }
    change_end(&change);
    return result;
}

int paging_protect(struct page_table *table, virt_t virtual, size_t size, unsigned rights)
{
    const uint64_t kept = PTE_ADDRESS | PTE_PS | PTE_A | PTE_D;
    struct change change;
    int result;

    if (!range_is_valid(virtual, size) || !all_are(true, table, virtual, size)) {
        return -EINVAL;
    }
    uint64_t flags = rights_to_flags(virtual, rights);
    change_begin(&change, table);
    result = split_at_ends(&change, virtual, size);
    for (size_t done = 0; result == 0 && done < size;) {
        struct path path = find_path(table, virtual + done);
        uint64_t *entry = path.entry[path.level];
        uint64_t value = (*entry & kept) | flags;
        if (value != *entry) {
            change_entry(&change, virtual + done, entry, value);
        }
        done += size_to_entry_end(virtual + done, path.level);
    }
    change_end(&change);
    return result;
}

int paging_walk(const struct page_table *table, virt_t virtual, struct page_mapping *mapping)
{
    struct path path;
    uint64_t page, all = ~0ull, any = 0;

    if (!is_canonical(virtual)) {
        return -EINVAL;
    }
    path = find_path(table, virtual);
    page = *path.entry[path.level];
    if (!(page & PTE_P)) {
        return -EINVAL;
    }
    for (unsigned level = path.level; level < LEVEL_COUNT; level++) {
        all &= *path.entry[level];
        any |= *path.entry[level];
    }
    mapping->page_size = level_size(path.level);
    mapping->physical = entry_address(page, path.level) + virtual % mapping->page_size;
    mapping->rights = (all & PTE_RW ? PAGE_WRITE : 0) | (all & PTE_US ? PAGE_USER : 0) |
                      (any & PTE_XD ? 0 : PAGE_EXECUTE) | (page & PTE_G ? PAGE_GLOBAL : 0) |
                      (page & PTE_PCD ? PAGE_UNCACHED : 0);
    return 0;
}

void paging_activate(const struct page_table *table)
{
    cpu_write_cr3(table->root);
}
