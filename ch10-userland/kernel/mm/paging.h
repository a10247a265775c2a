// Page tables of four levels with 4 KiB and 2 MiB pages (Intel SDM vol. 3A, 4.5). All functions
// leave the mapping as it was when they fail, and none sleeps. Whoever owns a table keeps two
// changes of it from overlapping.
#ifndef RUNG_KERNEL_MM_PAGING_H
#define RUNG_KERNEL_MM_PAGING_H

#include "kernel/layout.h"

#define LARGE_PAGE_SIZE 0x200000
#define TOP_LEVEL_SIZE 0x8000000000 // what one entry of the PML4 covers: 512 GiB

// Addresses between the two halves are not canonical: using one is a general protection fault.
#define USER_HALF_END 0x0000800000000000
#define KERNEL_HALF_START 0xffff800000000000

// Rights of a mapping. It can always be read.
enum page_rights {
    PAGE_READ = 0,
    PAGE_WRITE = 1 << 0,
    PAGE_EXECUTE = 1 << 1,
    PAGE_USER = 1 << 2,
    PAGE_GLOBAL = 1 << 3, // the same in every address space: survives a switch of CR3
    PAGE_UNCACHED = 1 << 4,
};

struct page_table {
    phys_t root; // of the PML4, as in CR3
};

struct page_mapping {
    phys_t physical; // of the address asked for, not of the page's start
    size_t page_size;
    unsigned rights; // enum page_rights
};

// Makes an empty table. Returns 0 or -ENOMEM. Its owner ends it by unmapping everything and
// pmm_free(table->root).
int paging_create(struct page_table *table);

// Gives the top-level entry of an address its table, with nothing mapped in it. Needed
// before anything is mapped in that part of the kernel's half, whose top-level entries stay for
// good, so that other tables can hold copies of them. Returns 0, also when it is there already,
// or -ENOMEM.
int paging_add_top_level(struct page_table *table, virt_t virtual);

// Maps [virtual, virtual + size) to physical; all three multiples of PAGE_SIZE. Large pages are
// used where alignment allows. PAGE_USER is for the user half only, PAGE_GLOBAL for the kernel's.
// Returns 0, -EINVAL when a range is empty, not canonical or beyond what the processor can address,
// -EEXIST when part of it is mapped, -ENOMEM without memory for tables.
int paging_map(struct page_table *table, virt_t virtual, phys_t physical, size_t size,
               unsigned rights);

// Unmaps [virtual, virtual + size), multiples of PAGE_SIZE; what is not mapped is skipped. A large
// page that is cut is split. Tables that get empty are freed, those of the kernel half's top level
// never. Returns 0, -EINVAL when the range is empty or not canonical, -ENOMEM when there is no
// memory to split a page: never for a range that was mapped as a whole.
int paging_unmap(struct page_table *table, virt_t virtual, size_t size);

// Gives all pages of the range these rights instead of their own. Returns 0, -EINVAL as above or
// when part of it is not mapped, -ENOMEM as above.
int paging_protect(struct page_table *table, virt_t virtual, size_t size, unsigned rights);

// Looks an address up as the processor would: the rights are those of all levels together. Returns
// 0 and fills *mapping, or -EINVAL when it is not mapped. Any context.
int paging_walk(const struct page_table *table, virt_t virtual, struct page_mapping *mapping);

// Makes the table the current one (CR3). It must map the code that runs and its stack.
void paging_activate(const struct page_table *table);

#endif
