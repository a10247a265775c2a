// The user half of a page table: which page of memory is where. Faster than paging.h, since there
// are pages of 4 KiB alone, and what they may be used for is known.
//
// Each page has one reference for each entry that it is in (struct page). An entry that is not zero
// keeps its page, even when it is not present: that of a region that may not be touched at all. So
// may a table be used that no processor walks: to find pages by number.
#ifndef RUNG_KERNEL_MM_USER_PAGES_H
#define RUNG_KERNEL_MM_USER_PAGES_H

#include "kernel/mm/page_entry.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/pmm.h"

// Makes a table with an empty user half, and the kernel's half of all; -ENOMEM. Gives it back: its
// user half is empty.
int user_pages_create(struct page_table *table);
void user_pages_destroy(struct page_table *table);

// The page of memory of an entry that is not zero.
static inline struct page *user_page(uint64_t entry)
{
    return pmm_page(entry & PTE_ADDRESS);
}

// Takes one more reference to a page of programs.
static inline void user_page_hold(struct page *page)
{
    __atomic_fetch_add(&page->references, 1, __ATOMIC_RELAXED); // there are fewer entries than 2^32
}

// Gives a reference back, and with the last one the page.
void user_page_release(struct page *page);

// Tells whether the memory that is left is the kernel's: then nothing more is done for programs.
bool user_pages_short(void);

// A page of memory for a program, not cleared; 0 when memory is short.
phys_t user_page_alloc(void);

// The entry of an address, NULL if there is no table for it, which is as good as a zero entry.
uint64_t *user_pages_find(const struct page_table *table, virt_t address);

// Puts a page where the entry is zero, and takes over the caller's reference. flags: of PTE_. May
// fail for want of tables: -ENOMEM.
int user_pages_set(struct page_table *table, virt_t address, phys_t page, uint64_t flags);

// Takes all pages of a range away: how many there were. Like those below it makes the processor
// forget what it knows of the range.
size_t user_pages_remove(struct page_table *table, virt_t start, virt_t end);

// Gives all entries of a range the same flags; PTE_RW only where `shared`, or where nobody else has
// the page.
void user_pages_protect(struct page_table *table, virt_t start, virt_t end, uint64_t flags,
                        bool shared);

// Makes the pages of a range those of another table, too: of both unless `shared` nobody may write
// to them then. -ENOMEM: some have been. *count: how many.
int user_pages_share(struct page_table *from, struct page_table *to, virt_t start, virt_t end,
                     bool shared, size_t *count);

// Moves the pages of a range to where there are none. -ENOMEM: nothing has changed.
int user_pages_move(struct page_table *table, virt_t from, virt_t to, size_t size);

#endif
