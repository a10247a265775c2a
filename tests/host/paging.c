// kernel/mm/paging.c on the host, under sanitizers: random changes of two page tables against an
// oracle that is a plain array of pages. After each change
//   - paging_walk says of every page what the oracle says, and a failed change has changed nothing;
//   - the tables themselves are well formed, none is empty, none is lost;
//   - a processor that had remembered every translation there was has none left that is wrong.
//
// usage: paging SEED OPERATIONS
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/pmm.h"
#include "lib/assert.h"
#include "lib/errno.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_PAGES 256 // for tables
#define PHYSICAL_BITS 40
#define LARGE_PAGES 512 // pages in a large page
#define REGION_PAGES (3 * LARGE_PAGES)

#define P 1ull
#define RW 2ull
#define US 4ull
#define PS 0x80ull
#define XD (1ull << 63)
#define ADDRESS 0x000ffffffffff000ull

char *host_memory;
phys_t host_kernel_end;
char kernel_end[1];

// Where changes happen. Large pages start 1 MiB into a region, and borders of tables lie inside.
struct region {
    virt_t start;
    bool user;
};

static const struct region regions[] = {
    {0x0000000000000000, true},  // the first address
    {0x000000003fe00000, true},  // across 1 GiB
    {0x0000007fffd00000, true},  // across 512 GiB, not aligned to 2 MiB
    {0x00007fffffa00000, true},  // the last address of the user half
    {0xffffc0003fd00000, false}, // across 1 GiB in the kernel's half
    {0xffffffffffa00000, false}, // the last address there is
};
#define REGION_COUNT (sizeof(regions) / sizeof(regions[0]))

struct oracle_page {
    bool mapped;
    phys_t physical;
    unsigned rights;
};

static struct oracle_page oracle[REGION_COUNT][REGION_PAGES];
static struct page_table table;
static bool active; // the table is the current one
static char operation[160];

static _Noreturn void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n  after %s\n", file, line, what, operation);
    abort();
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fail(__FILE__, __LINE__, #condition);                                                  \
        }                                                                                          \
    } while (0)

_Noreturn void assert_failed(const char *expression, const char *file, int line)
{
    fail(file, line, expression);
}

unsigned cpuid_physical_bits(void)
{
    return PHYSICAL_BITS;
}

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15; // splitmix64
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (value ^ value >> 31) % limit;
}

// Physical memory: pages for tables, poisoned while free. Page 0 is nobody's.

static struct page pages[MEMORY_PAGES];
static size_t pages_used;
static long pages_until_failure = -1; // -1: never
static unsigned flushes; // what the processor was told to forget, since the change began
static bool freed_unflushed;

phys_t pmm_alloc(unsigned order, enum page_use use)
{
    CHECK(order == 0 && use == PAGE_TABLE);
    if (pages_until_failure == 0) {
        return 0;
    }
    if (pages_until_failure > 0) {
        pages_until_failure--;
    }
    for (size_t i = 1; i < MEMORY_PAGES; i++) {
        if (pages[i].references == 0) {
            pages[i].references = 1;
            pages_used++;
            ASAN_UNPOISON_MEMORY_REGION(host_memory + i * PAGE_SIZE, PAGE_SIZE);
            memset(host_memory + i * PAGE_SIZE, 0xa5, PAGE_SIZE); // not cleared
            return i * PAGE_SIZE;
        }
    }
    fail(__FILE__, __LINE__, "the test needs more memory");
}

void pmm_free(phys_t address)
{
    CHECK(address % PAGE_SIZE == 0 && address / PAGE_SIZE < MEMORY_PAGES);
    CHECK(pages[address / PAGE_SIZE].references == 1);
    pages[address / PAGE_SIZE].references = 0;
    pages_used--;
    freed_unflushed |= flushes == 0;
    ASAN_POISON_MEMORY_REGION(host_memory + address, PAGE_SIZE);
}

struct page *pmm_page(phys_t address)
{
    return address / PAGE_SIZE < MEMORY_PAGES ? &pages[address / PAGE_SIZE] : NULL;
}

phys_t pmm_page_address(const struct page *page)
{
    return (phys_t)(page - pages) * PAGE_SIZE;
}

// The processor: it remembers, of each page of the regions, the translation that it saw last.

struct translation {
    bool valid;
    struct page_mapping mapping;
};

static struct translation remembered[REGION_COUNT][REGION_PAGES];
static uint64_t cr4 = CR4_PGE;

static virt_t page_address(size_t region, size_t page)
{
    return regions[region].start + page * PAGE_SIZE;
}

uint64_t cpu_read_cr3(void)
{
    return active ? table.root : 0;
}

static void forget_all(bool global_too)
{
    for (size_t region = 0; region < REGION_COUNT; region++) {
        for (size_t page = 0; page < REGION_PAGES; page++) {
            struct translation *translation = &remembered[region][page];
            if (global_too || !(translation->mapping.rights & PAGE_GLOBAL)) {
                translation->valid = false;
            }
        }
    }
    flushes++;
}

void cpu_write_cr3(uint64_t value)
{
    CHECK((value & ADDRESS) == cpu_read_cr3());
    forget_all(false);
}

uint64_t cpu_read_cr4(void)
{
    return cr4;
}

void cpu_write_cr4(uint64_t value)
{
    CHECK((value | CR4_PGE) == CR4_PGE);
    if (cr4 != value) {
        forget_all(true);
    }
    cr4 = value;
}

void cpu_invalidate_page(virt_t address)
{
    for (size_t region = 0; region < REGION_COUNT; region++) {
        for (size_t page = 0; page < REGION_PAGES; page++) {
            struct translation *translation = &remembered[region][page];
            virt_t mask = ~(translation->mapping.page_size - 1);
            if (translation->valid && (page_address(region, page) & mask) == (address & mask)) {
                translation->valid = false;
            }
        }
    }
    flushes++;
}

static bool same_mapping(const struct page_mapping *left, const struct page_mapping *right)
{
    return left->physical == right->physical && left->rights == right->rights;
}

// Nothing that is remembered may be wrong; then the processor looks at every page again.
static void check_processor(void)
{
    CHECK(cr4 == CR4_PGE);
    for (size_t region = 0; region < REGION_COUNT; region++) {
        for (size_t page = 0; page < REGION_PAGES; page++) {
            struct translation *translation = &remembered[region][page];
            struct page_mapping now;
            bool mapped = paging_walk(&table, page_address(region, page), &now) == 0;
            if (translation->valid) {
                CHECK(mapped && same_mapping(&translation->mapping, &now));
            }
            translation->valid = mapped && (active || !regions[region].user);
            if (mapped) {
                translation->mapping = now;
            }
        }
    }
}

// The tables.

static bool in_kernel_half(virt_t address)
{
    return address >= KERNEL_HALF_START;
}

// Checks a table and those below it. Returns how many they are.
static size_t check_table(phys_t physical, unsigned level, virt_t start)
{
    const uint64_t *entries = phys_to_virt(physical);
    size_t count = 1, present = 0;

    CHECK(pages[physical / PAGE_SIZE].references == 1);
    for (size_t i = 0; i < 512; i++) {
        size_t size = (size_t)PAGE_SIZE << (9 * (level - 1));
        virt_t address = start + i * size;
        if (level == 4 && i >= 256) {
            address |= KERNEL_HALF_START;
        }
        if (!(entries[i] & P)) {
            CHECK(entries[i] == 0);
            continue;
        }
        present++;
        if (level > 1 && !(entries[i] & PS)) {
            CHECK((entries[i] & (RW | US | XD)) == (RW | (in_kernel_half(address) ? 0 : US)));
            count += check_table(entries[i] & ADDRESS, level - 1, address);
        } else {
            CHECK(level <= 2 && (entries[i] & ADDRESS & (size - 1)) == 0);
            CHECK((entries[i] & ADDRESS) < 1ull << PHYSICAL_BITS);
            CHECK(level == 2 || !(entries[i] & PS)); // it would be the PAT bit
        }
    }
    CHECK(present > 0 || level == 4 || (level == 3 && in_kernel_half(start)));
    return count;
}

static void check_oracle(void)
{
    for (size_t region = 0; region < REGION_COUNT; region++) {
        for (size_t page = 0; page < REGION_PAGES; page++) {
            const struct oracle_page *expected = &oracle[region][page];
            struct page_mapping found;
            bool mapped = paging_walk(&table, page_address(region, page) + 0x123, &found) == 0;
            CHECK(mapped == expected->mapped);
            if (mapped) {
                CHECK(found.physical == expected->physical + 0x123);
                CHECK(found.rights == expected->rights);
            }
        }
    }
}

static void check_all(void)
{
    check_oracle();
    check_processor();
    CHECK(check_table(table.root, 4, 0) == pages_used);
}

// The changes.

static size_t random_length(size_t most)
{
    switch (random_below(4)) {
    case 0:
        return 1 + random_below(most < 4 ? most : 4);
    case 1:
        return most;
    case 2:
        return most < LARGE_PAGES ? most : LARGE_PAGES * (1 + random_below(most / LARGE_PAGES));
    default:
        return 1 + random_below(most);
    }
}

static unsigned random_rights(bool user)
{
    unsigned rights = (unsigned)random_below(8) & (PAGE_WRITE | PAGE_EXECUTE);

    rights |= user ? (random_below(4) ? PAGE_USER : 0) : (random_below(4) ? PAGE_GLOBAL : 0);
    return rights | (random_below(4) ? 0 : PAGE_UNCACHED);
}

// Mostly with the page's place in a large page, so that large pages can be used.
static phys_t random_physical(virt_t virtual, size_t length)
{
    phys_t last = ((phys_t)1 << PHYSICAL_BITS) - length * PAGE_SIZE;

    switch (random_below(4)) {
    case 0:
        return random_below(last / PAGE_SIZE) * PAGE_SIZE;
    case 1:
        return last;
    default:
        return random_below(1000) * LARGE_PAGE_SIZE + virtual % LARGE_PAGE_SIZE;
    }
}

static bool any_mapped(const struct oracle_page *page, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (page[i].mapped) {
            return true;
        }
    }
    return false;
}

static bool all_mapped(const struct oracle_page *page, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!page[i].mapped) {
            return false;
        }
    }
    return true;
}

static bool random_change(void)
{
    size_t region = random_below(REGION_COUNT);
    size_t first = random_below(4) ? random_below(REGION_PAGES) : random_below(6) * 256;
    size_t length = random_length(REGION_PAGES - first);
    virt_t virtual = page_address(region, first);
    unsigned rights = random_rights(regions[region].user);
    phys_t physical = random_physical(virtual, length);
    struct oracle_page *page = &oracle[region][first];
    unsigned kind = (unsigned)random_below(3);
    const char *const names[] = {"map", "unmap", "protect"};
    int result, expected = 0;

    active = random_below(2);
    for (size_t i = 0; i < REGION_COUNT * REGION_PAGES; i++) { // what a change of CR3 forgets
        if (!active && regions[i / REGION_PAGES].user) {
            remembered[i / REGION_PAGES][i % REGION_PAGES].valid = false;
        }
    }
    check_processor();
    flushes = 0;
    freed_unflushed = false;
    pages_until_failure = random_below(3) ? -1 : (long)random_below(4);
    snprintf(operation, sizeof(operation), "%s(%#lx, %#lx, %zu pages, rights %u), %ld tables",
             names[kind], virtual, physical, length, rights, pages_until_failure);
    if (kind == 0) {
        result = paging_map(&table, virtual, physical, length * PAGE_SIZE, rights);
        expected = any_mapped(page, length) ? -EEXIST : 0;
    } else if (kind == 1) {
        result = paging_unmap(&table, virtual, length * PAGE_SIZE);
    } else {
        result = paging_protect(&table, virtual, length * PAGE_SIZE, rights);
        expected = all_mapped(page, length) ? 0 : -EINVAL;
    }
    CHECK(result == expected || (result == -ENOMEM && expected == 0 && pages_until_failure == 0));
    CHECK(!freed_unflushed || (result == -ENOMEM && kind != 0) ||
          (regions[region].user && !active));
    for (size_t i = 0; i < length && result == 0; i++) {
        if (kind == 0) {
            page[i] = (struct oracle_page){true, physical + i * PAGE_SIZE, rights};
        } else if (kind == 1) {
            page[i].mapped = false;
        } else {
            page[i].rights = rights;
        }
    }
    return result == 0;
}

// Maps a whole region anew, with large pages: seldom a result of random changes.
static void fill_region(void)
{
    size_t region = random_below(REGION_COUNT);
    virt_t start = regions[region].start;
    phys_t physical = LARGE_PAGE_SIZE + start % LARGE_PAGE_SIZE;
    unsigned rights = random_rights(regions[region].user);

    snprintf(operation, sizeof(operation), "fill(%#lx, rights %u)", start, rights);
    pages_until_failure = -1;
    CHECK(paging_unmap(&table, start, REGION_PAGES * PAGE_SIZE) == 0);
    CHECK(paging_map(&table, start, physical, REGION_PAGES * PAGE_SIZE, rights) == 0);
    for (size_t page = 0; page < REGION_PAGES; page++) {
        oracle[region][page] = (struct oracle_page){true, physical + page * PAGE_SIZE, rights};
    }
}

static void check_refusals(void)
{
    const phys_t end = (phys_t)1 << PHYSICAL_BITS;
    const virt_t last = USER_HALF_END - PAGE_SIZE;
    struct page_mapping mapping;

    snprintf(operation, sizeof(operation), "wrong arguments");
    CHECK(paging_map(&table, 0, 0, 0, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, USER_HALF_END, 0, PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, last, 0, 2 * PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, last, 0, KERNEL_HALF_START, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, KERNEL_HALF_START - PAGE_SIZE, 0, PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, -(virt_t)PAGE_SIZE, 0, 2 * PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, 0, end, PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, 0, end - PAGE_SIZE, 2 * PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_map(&table, 0, -(phys_t)PAGE_SIZE, 2 * PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_unmap(&table, 0, 0) == -EINVAL);
    CHECK(paging_unmap(&table, last, 2 * PAGE_SIZE) == -EINVAL);
    CHECK(paging_unmap(&table, last, KERNEL_HALF_START) == -EINVAL);
    CHECK(paging_unmap(&table, 2 * PAGE_SIZE, -(size_t)PAGE_SIZE) == -EINVAL);
    CHECK(paging_protect(&table, USER_HALF_END, PAGE_SIZE, PAGE_READ) == -EINVAL);
    CHECK(paging_walk(&table, USER_HALF_END, &mapping) == -EINVAL);
    CHECK(paging_walk(&table, KERNEL_HALF_START - 1, &mapping) == -EINVAL);
    check_all();
}

static void check_top_level(void)
{
    struct page_table none;

    snprintf(operation, sizeof(operation), "no memory for a top level");
    pages_until_failure = 0;
    CHECK(paging_create(&none) == -ENOMEM);
    pages_until_failure = -1;
    CHECK(paging_create(&table) == 0);
    pages_until_failure = 0;
    CHECK(paging_add_top_level(&table, regions[4].start) == -ENOMEM);
    pages_until_failure = -1;
    for (size_t region = 0; region < REGION_COUNT; region++) {
        if (!regions[region].user) {
            CHECK(paging_add_top_level(&table, regions[region].start) == 0);
            CHECK(paging_add_top_level(&table, regions[region].start) == 0);
        }
    }
    CHECK(pages_used == 3);
    check_all();
}

int main(int argc, char **argv)
{
    unsigned done = 0, operations = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 1000;

    random_state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    host_memory = mmap(NULL, MEMORY_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASAN_POISON_MEMORY_REGION(host_memory, MEMORY_PAGES * PAGE_SIZE);
    check_top_level();
    check_refusals();
    for (unsigned i = 0; i < operations; i++) {
        if (i % 8 == 0) {
            fill_region();
            check_all();
        }
        done += random_change();
        check_all();
    }
    pages_until_failure = -1;
    for (size_t region = 0; region < REGION_COUNT; region++) {
        CHECK(paging_unmap(&table, regions[region].start, REGION_PAGES * PAGE_SIZE) == 0);
    }
    CHECK(pages_used == 3); // the top level and the kernel's half of the next
    printf("%u changes, %u done\n", operations, done);
    return 0;
}
