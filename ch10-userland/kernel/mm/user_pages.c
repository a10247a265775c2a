// A table's struct page counts its entries that are not zero, as references besides the first: an
// empty table is seen without a look at its 512 entries, and freed at once.
//
// Fork and exit are mostly spent here, so a range is walked table by table: down from the root
// once, then from entry to entry. Tables that were freed are all zeroes again, and some are kept
// for the next who needs one.
#include "kernel/mm/user_pages.h"

#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define LEVEL_COUNT 4
#define USER_ENTRIES (ENTRY_COUNT / 2) // of a root
#define TABLE_FLAGS (PTE_P | PTE_RW | PTE_US) // the entry of the page alone decides
#define KEPT_MAX 32

// What programs leave to the kernel: a 64th of the memory, and what a few processes need.
#define RESERVE_SHIFT 6
#define RESERVE_MIN 128

static struct list_node kept = {&kept, &kept}; // empty tables, by struct page's node
static size_t kept_count;
static struct spinlock lock = SPINLOCK("page tables"); // guards both

bool user_pages_short(void)
{
    static size_t reserve;

    if (reserve == 0) {
        reserve = RESERVE_MIN + (pmm_total_pages() >> RESERVE_SHIFT);
    }
    return pmm_free_pages() < reserve;
}

phys_t user_page_alloc(void)
{
    return user_pages_short() ? 0 : pmm_alloc(0, PAGE_PROGRAM);
}

void user_page_release(struct page *page)
{
    bool interrupts = cpu_save_interrupts(); // others may give theirs back, too

    if (page->references > 1) {
        page->references--;
    } else {
        pmm_free(pmm_page_address(page));
    }
    cpu_restore_interrupts(interrupts);
}

// ---- Tables ----

static size_t entry_index(virt_t address, unsigned level)
{
    return address >> (12 + 9 * level) & (ENTRY_COUNT - 1);
}

static uint64_t *entries_of(uint64_t entry)
{
    return phys_to_virt(entry & PTE_ADDRESS);
}

// The table that an entry is in.
static struct page *table_of(const uint64_t *entry)
{
    return pmm_page(virt_to_phys(entry) & PTE_ADDRESS);
}

static phys_t alloc_table(void)
{
    struct page *page = NULL;

    spinlock_acquire(&lock);
    if (kept_count > 0) {
        page = LIST_ENTRY(kept.next, struct page, node);
        list_remove(&page->node);
        kept_count--;
    }
    spinlock_release(&lock);
    if (page) {
        return pmm_page_address(page);
    }
    phys_t table = user_pages_short() ? 0 : pmm_alloc(0, PAGE_TABLE);
    if (table) {
        memset(phys_to_virt(table), 0, PAGE_SIZE);
    }
    return table;
}

// Frees a table whose entries are all zero.
static void free_table(struct page *page)
{
    ASSERT(page->references == 1);
    spinlock_acquire(&lock);
    bool keep = kept_count < KEPT_MAX;
    if (keep) {
        list_insert(&kept, &page->node);
        kept_count++;
    }
    spinlock_release(&lock);
    if (!keep) {
        pmm_free(pmm_page_address(page));
    }
}

int user_pages_create(struct page_table *table)
{
    table->root = alloc_table();
    if (!table->root) {
        return -ENOMEM;
    }
    const uint64_t *kernel = phys_to_virt(kernel_page_table.root);
    memcpy((uint64_t *)phys_to_virt(table->root) + USER_ENTRIES, kernel + USER_ENTRIES,
           USER_ENTRIES * sizeof(*kernel));
    return 0;
}

void user_pages_destroy(struct page_table *table)
{
    memset((uint64_t *)phys_to_virt(table->root) + USER_ENTRIES, 0,
           USER_ENTRIES * sizeof(uint64_t));
    free_table(pmm_page(table->root));
    table->root = 0;
}

uint64_t *user_pages_find(const struct page_table *table, virt_t address)
{
    uint64_t *entries = phys_to_virt(table->root);

    for (unsigned level = LEVEL_COUNT - 1; level > 0; level--) {
        uint64_t entry = entries[entry_index(address, level)];
        if (!entry) {
            return NULL;
        }
        entries = entries_of(entry);
    }
    return &entries[entry_index(address, 0)];
}

// Frees the tables on the way to an address that are empty, from the lowest one up.
static void free_empty_tables(struct page_table *table, virt_t address)
{
    uint64_t *way[LEVEL_COUNT]; // entries, that lead to the next lower table
    uint64_t *entries = phys_to_virt(table->root);
    unsigned level = LEVEL_COUNT - 1;

    for (; level > 0; level--) {
        way[level] = &entries[entry_index(address, level)];
        if (!*way[level]) {
            break;
        }
        entries = entries_of(*way[level]);
    }
    while (++level < LEVEL_COUNT && user_page(*way[level])->references == 1) {
        struct page *page = user_page(*way[level]);
        *way[level] = 0;
        table_of(way[level])->references--;
        free_table(page);
    }
}

int user_pages_set(struct page_table *table, virt_t address, phys_t page, uint64_t flags)
{
    uint64_t *entries = phys_to_virt(table->root), *entry;

    for (unsigned level = LEVEL_COUNT - 1;; level--) {
        entry = &entries[entry_index(address, level)];
        if (level == 0) {
            break;
        }
        if (!*entry) {
            phys_t lower = alloc_table();
            if (!lower) {
                free_empty_tables(table, address);
                return -ENOMEM;
            }
            *entry = lower | TABLE_FLAGS;
            table_of(entry)->references++;
        }
        entries = entries_of(*entry);
    }
    ASSERT(!*entry);
    *entry = page | flags;
    table_of(entry)->references++;
    return 0;
}

// ---- Ranges ----

// Entries that lie side by side in one table, for [start, end).
struct run {
    uint64_t *entries;
    virt_t start, end;
};

// Goes on to the next run behind run->end, up to a limit. False: there is none.
static bool next_run(const struct page_table *table, struct run *run, virt_t limit)
{
    virt_t address = run->end;

    while (address < limit) {
        uint64_t *entries = phys_to_virt(table->root);
        unsigned level = LEVEL_COUNT - 1;
        while (level > 0 && entries[entry_index(address, level)]) {
            entries = entries_of(entries[entry_index(address, level)]);
            level--;
        }
        // To the end of what this table, or the entry that leads to none, is for.
        virt_t size = (virt_t)PAGE_SIZE << (level == 0 ? 9 : 9 * level);
        virt_t end = (address & ~(size - 1)) + size;
        if (level == 0) {
            run->entries = &entries[entry_index(address, 0)];
            run->start = address;
            run->end = end < limit ? end : limit;
            return true;
        }
        address = end;
    }
    return false;
}

static size_t run_length(const struct run *run)
{
    return (run->end - run->start) / PAGE_SIZE;
}

// The processor remembers what was present in the table that it uses (Intel SDM vol. 3A, 4.10.4.1).
static void forget(const struct page_table *table)
{
    if (cpu_read_cr3() == table->root) {
        cpu_write_cr3(table->root);
    }
}

size_t user_pages_remove(struct page_table *table, virt_t start, virt_t end)
{
    struct run run = {.end = start};
    size_t count = 0;

    while (next_run(table, &run, end)) {
        struct page *holder = table_of(run.entries);
        uint64_t *last = run.entries + run_length(&run);
        for (uint64_t *entry = run.entries; entry < last && holder->references > 1; entry++) {
            if (*entry) {
                user_page_release(user_page(*entry));
                *entry = 0;
                holder->references--;
                count++;
            }
        }
        free_empty_tables(table, run.start);
    }
    if (count > 0) {
        forget(table);
    }
    return count;
}

void user_pages_protect(struct page_table *table, virt_t start, virt_t end, uint64_t flags,
                        bool shared)
{
    struct run run = {.end = start};

    while (next_run(table, &run, end)) {
        for (size_t i = 0; i < run_length(&run); i++) {
            uint64_t entry = run.entries[i];
            if (entry) {
                bool write = shared || user_page(entry)->references == 1;
                run.entries[i] = (entry & PTE_ADDRESS) | (write ? flags : flags & ~PTE_RW);
            }
        }
    }
    forget(table);
}

int user_pages_share(struct page_table *from, struct page_table *to, virt_t start, virt_t end,
                     bool shared, size_t *count)
{
    struct run run = {.end = start};
    uint64_t keep = shared ? ~0ull : ~PTE_RW;
    int error = 0;

    *count = 0;
    while (error == 0 && next_run(from, &run, end)) {
        struct page *holder = NULL;
        uint64_t *copies = NULL; // of run.entries
        size_t length = run_length(&run);
        for (size_t i = 0; i < length; i++) {
            uint64_t entry = run.entries[i];
            if (!entry) {
                continue;
            }
            entry &= keep;
            if (!copies) { // the first one makes the table
                error = user_pages_set(to, run.start + i * PAGE_SIZE, 0, entry);
                if (error) {
                    break;
                }
                copies = user_pages_find(to, run.start + i * PAGE_SIZE) - i;
                holder = table_of(copies + i);
            } else {
                copies[i] = entry;
                holder->references++;
            }
            run.entries[i] = entry;
            user_page_hold(user_page(entry));
            ++*count;
        }
    }
    forget(from);
    return error;
}

int user_pages_move(struct page_table *table, virt_t from, virt_t to, size_t size)
{
    struct run run = {.end = from};
    virt_t end = from + size;

    while (next_run(table, &run, end)) {
        for (size_t i = 0; i < run_length(&run); i++) {
            virt_t address = run.start + i * PAGE_SIZE;
            uint64_t entry = run.entries[i];
            if (entry && user_pages_set(table, to + (address - from), 0, entry) != 0) {
                user_pages_move(table, to, from, address - from); // their tables are still there
                return -ENOMEM;
            }
            if (entry) {
                run.entries[i] = 0;
                table_of(run.entries)->references--;
            }
        }
    }
    for (run.end = from; next_run(table, &run, end);) {
        free_empty_tables(table, run.start);
    }
    forget(table);
    return 0;
}
