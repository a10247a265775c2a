// Page tables: what the functions promise, with the processor itself as the judge where it can be.
// (tests/host/paging.c has the random changes, tests/mm the final map as seen from outside.)
#include "kernel/cpu/cpu.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/paging.h"
#include "kernel/mm/pmm.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

// Places that nothing else uses: in a table of our own, and far up in the dynamic area.
#define USER_PLACE 0x40000000ul
#define KERNEL_PLACE (KERNEL_AREA_BASE + KERNEL_AREA_SIZE / 2)
#define SOME_MEMORY 0x200000000ul // physical, only written into entries, never used

static size_t tables_before;
static struct page_table own;

static bool begin(void)
{
    tables_before = pmm_used_pages(PAGE_TABLE);
    return paging_create(&own) == 0;
}

// Ends a test that has unmapped all of its own table.
static void end(void)
{
    pmm_free(own.root);
    CHECK_EQUAL(pmm_used_pages(PAGE_TABLE), tables_before);
}

static bool is_mapped(const struct page_table *table, virt_t virtual)
{
    struct page_mapping mapping;

    return paging_walk(table, virtual, &mapping) == 0;
}

static void check_mapping(const struct page_table *table, virt_t virtual, phys_t physical,
                          size_t page_size, unsigned rights)
{
    struct page_mapping mapping = {0};

    CHECK_EQUAL(paging_walk(table, virtual, &mapping), 0);
    CHECK_EQUAL(mapping.physical, physical);
    CHECK_EQUAL(mapping.page_size, page_size);
    CHECK_EQUAL(mapping.rights, rights);
}

TEST(paging_map_walk_unmap, "what is mapped is found with its rights, and only until unmapped")
{
    const unsigned rights = PAGE_WRITE | PAGE_USER;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, USER_PLACE, SOME_MEMORY, 3 * PAGE_SIZE, rights), 0);
    check_mapping(&own, USER_PLACE, SOME_MEMORY, PAGE_SIZE, rights);
    check_mapping(&own, USER_PLACE + 0x2fff, SOME_MEMORY + 0x2fff, PAGE_SIZE, rights);
    CHECK(!is_mapped(&own, USER_PLACE - 1));
    CHECK(!is_mapped(&own, USER_PLACE + 0x3000));
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, 3 * PAGE_SIZE), 0);
    CHECK(!is_mapped(&own, USER_PLACE));
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, 3 * PAGE_SIZE), 0); // skips what is not mapped
    end();
}

TEST(paging_rights, "each right is given if asked for, and not otherwise")
{
    const unsigned all[] = {PAGE_WRITE, PAGE_EXECUTE, PAGE_USER, PAGE_UNCACHED};

    REQUIRE(begin());
    for (unsigned bits = 0; bits < 16; bits++) {
        unsigned rights = PAGE_READ;
        for (unsigned i = 0; i < ARRAY_LENGTH(all); i++) {
            rights |= bits >> i & 1 ? all[i] : 0;
        }
        virt_t small = USER_PLACE + bits * PAGE_SIZE;
        virt_t large = USER_PLACE + (1 + bits) * LARGE_PAGE_SIZE;
        CHECK_EQUAL(paging_map(&own, small, SOME_MEMORY, PAGE_SIZE, rights), 0);
        CHECK_EQUAL(paging_map(&own, large, SOME_MEMORY, LARGE_PAGE_SIZE, rights), 0);
        check_mapping(&own, small, SOME_MEMORY, PAGE_SIZE, rights);
        check_mapping(&own, large, SOME_MEMORY, LARGE_PAGE_SIZE, rights);
    }
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, 17 * LARGE_PAGE_SIZE), 0);
    end();
}

TEST(paging_large_pages,
     "2 MiB pages are used where address, memory and size allow, and only there")
{
    const size_t size = 2 * LARGE_PAGE_SIZE + 2 * PAGE_SIZE;
    virt_t start = USER_PLACE - PAGE_SIZE;
    phys_t physical = SOME_MEMORY - PAGE_SIZE;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, start, physical, size, PAGE_READ), 0);
    check_mapping(&own, start, physical, PAGE_SIZE, PAGE_READ);
    check_mapping(&own, USER_PLACE, SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_READ);
    check_mapping(&own, USER_PLACE + 0x3fffff, SOME_MEMORY + 0x3fffff, LARGE_PAGE_SIZE, PAGE_READ);
    check_mapping(&own, USER_PLACE + 0x400000, SOME_MEMORY + 0x400000, PAGE_SIZE, PAGE_READ);
    CHECK_EQUAL(paging_unmap(&own, start, size), 0);
    // One of the two at a time is not aligned.
    CHECK_EQUAL(paging_map(&own, USER_PLACE, physical, LARGE_PAGE_SIZE, PAGE_READ), 0);
    check_mapping(&own, USER_PLACE, physical, PAGE_SIZE, PAGE_READ);
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, LARGE_PAGE_SIZE), 0);
    CHECK_EQUAL(paging_map(&own, start, SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_READ), 0);
    check_mapping(&own, start, SOME_MEMORY, PAGE_SIZE, PAGE_READ);
    CHECK_EQUAL(paging_unmap(&own, start, LARGE_PAGE_SIZE), 0);
    end();
}

TEST(paging_split, "changing a part of a large page splits it, and the rest stays as it was")
{
    virt_t part = USER_PLACE + 5 * PAGE_SIZE;
    phys_t physical = SOME_MEMORY + 5 * PAGE_SIZE;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, USER_PLACE, SOME_MEMORY, 2 * LARGE_PAGE_SIZE, PAGE_WRITE), 0);
    CHECK_EQUAL(paging_protect(&own, part, PAGE_SIZE, PAGE_EXECUTE), 0);
    check_mapping(&own, part - 1, physical - 1, PAGE_SIZE, PAGE_WRITE);
    check_mapping(&own, part, physical, PAGE_SIZE, PAGE_EXECUTE);
    check_mapping(&own, part + PAGE_SIZE, physical + PAGE_SIZE, PAGE_SIZE, PAGE_WRITE);
    check_mapping(&own, USER_PLACE + LARGE_PAGE_SIZE, SOME_MEMORY + LARGE_PAGE_SIZE,
                  LARGE_PAGE_SIZE, PAGE_WRITE);
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE + LARGE_PAGE_SIZE, PAGE_SIZE), 0);
    CHECK(!is_mapped(&own, USER_PLACE + LARGE_PAGE_SIZE));
    check_mapping(&own, USER_PLACE + 2 * LARGE_PAGE_SIZE - PAGE_SIZE,
                  SOME_MEMORY + 2 * LARGE_PAGE_SIZE - PAGE_SIZE, PAGE_SIZE, PAGE_WRITE);
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, 2 * LARGE_PAGE_SIZE), 0);
    end();
}

TEST(paging_map_exists, "mapping over a mapped page is -EEXIST, and maps nothing of the rest")
{
    virt_t taken = USER_PLACE + LARGE_PAGE_SIZE;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, taken, SOME_MEMORY, PAGE_SIZE, PAGE_READ), 0);
    size_t tables = pmm_used_pages(PAGE_TABLE);
    CHECK_EQUAL(paging_map(&own, USER_PLACE, 0, 4 * LARGE_PAGE_SIZE, PAGE_WRITE), -EEXIST);
    CHECK_EQUAL(paging_map(&own, taken, 0, PAGE_SIZE, PAGE_WRITE), -EEXIST);
    CHECK_EQUAL(pmm_used_pages(PAGE_TABLE), tables);
    CHECK(!is_mapped(&own, USER_PLACE));
    CHECK(!is_mapped(&own, taken + PAGE_SIZE));
    check_mapping(&own, taken, SOME_MEMORY, PAGE_SIZE, PAGE_READ);
    CHECK_EQUAL(paging_unmap(&own, taken, PAGE_SIZE), 0);
    end();
}

TEST(paging_protect_hole, "changing rights where a page is missing is -EINVAL, and changes nothing")
{
    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, USER_PLACE, SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_WRITE), 0);
    CHECK_EQUAL(paging_protect(&own, USER_PLACE + PAGE_SIZE, LARGE_PAGE_SIZE, PAGE_READ), -EINVAL);
    check_mapping(&own, USER_PLACE, SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_WRITE);
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, LARGE_PAGE_SIZE), 0);
    end();
}

TEST(paging_bad_ranges, "ranges that are empty, wrap, leave their half or are too high are -EINVAL")
{
    const virt_t user_last = USER_HALF_END - PAGE_SIZE;
    struct page_mapping mapping;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, USER_PLACE, 0, 0, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_map(&own, user_last, 0, 2 * PAGE_SIZE, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_map(&own, USER_HALF_END, 0, PAGE_SIZE, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_map(&own, -(virt_t)PAGE_SIZE, 0, 2 * PAGE_SIZE, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_map(&own, USER_PLACE, 1ul << 52, PAGE_SIZE, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_map(&own, USER_PLACE, -(phys_t)PAGE_SIZE, 2 * PAGE_SIZE, PAGE_READ),
                -EINVAL);
    CHECK_EQUAL(paging_unmap(&own, user_last, KERNEL_HALF_START), -EINVAL);
    CHECK_EQUAL(paging_protect(&own, USER_HALF_END, PAGE_SIZE, PAGE_READ), -EINVAL);
    CHECK_EQUAL(paging_walk(&own, USER_HALF_END, &mapping), -EINVAL);
    CHECK_EQUAL(paging_map(&own, user_last, SOME_MEMORY, PAGE_SIZE, PAGE_READ), 0);
    CHECK_EQUAL(paging_unmap(&own, user_last, PAGE_SIZE), 0);
    end();
}

// All free memory, as a list of blocks: each holds the address of the next.
static phys_t take_all_memory(void)
{
    phys_t taken = 0;

    for (unsigned order = PMM_ORDER_MAX + 1; order-- > 0;) {
        phys_t block;
        while ((block = pmm_alloc(order, PAGE_OTHER)) != 0) {
            *(phys_t *)phys_to_virt(block) = taken;
            taken = block;
        }
    }
    return taken;
}

static void give_back(phys_t taken)
{
    while (taken != 0) {
        phys_t block = taken;
        taken = *(phys_t *)phys_to_virt(block);
        pmm_free(block);
    }
}

TEST(paging_map_no_memory,
     "mapping without memory for tables is -ENOMEM, and leaves nothing behind")
{
    // Small pages across 512 GiB: a PDPT, a PD and a PT on either side.
    const virt_t start = TOP_LEVEL_SIZE - LARGE_PAGE_SIZE + PAGE_SIZE;
    const size_t size = 2 * LARGE_PAGE_SIZE - 2 * PAGE_SIZE;
    phys_t single[6];

    REQUIRE(begin());
    for (size_t i = 0; i < ARRAY_LENGTH(single); i++) {
        single[i] = pmm_alloc(0, PAGE_OTHER);
    }
    phys_t taken = take_all_memory();
    for (size_t have = 0; have < ARRAY_LENGTH(single); have++) {
        CHECK_EQUAL(pmm_free_pages(), have);
        CHECK_EQUAL(paging_map(&own, start, 0, size, PAGE_READ), -ENOMEM);
        CHECK_EQUAL(pmm_free_pages(), have);
        for (virt_t page = start; page < start + size; page += PAGE_SIZE) {
            CHECK(!is_mapped(&own, page));
        }
        pmm_free(single[have]);
    }
    CHECK_EQUAL(paging_map(&own, start, 0, size, PAGE_READ), 0);
    CHECK_EQUAL(pmm_free_pages(), 0);
    CHECK_EQUAL(paging_unmap(&own, start, size), 0);
    give_back(taken);
    end();
}

TEST(paging_split_no_memory, "without memory to split, a change is -ENOMEM and changes nothing")
{
    virt_t start = USER_PLACE + PAGE_SIZE; // cuts the first and the second of two large pages
    phys_t single;

    REQUIRE(begin());
    CHECK_EQUAL(paging_map(&own, USER_PLACE, SOME_MEMORY, 2 * LARGE_PAGE_SIZE, PAGE_WRITE), 0);
    single = pmm_alloc(0, PAGE_OTHER);
    phys_t taken = take_all_memory();
    for (size_t have = 0; have < 2; have++) {
        CHECK_EQUAL(paging_protect(&own, start, LARGE_PAGE_SIZE, PAGE_READ), -ENOMEM);
        CHECK_EQUAL(paging_unmap(&own, start, LARGE_PAGE_SIZE), -ENOMEM);
        CHECK_EQUAL(pmm_free_pages(), have);
        check_mapping(&own, USER_PLACE, SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_WRITE);
        check_mapping(&own, USER_PLACE + LARGE_PAGE_SIZE, SOME_MEMORY + LARGE_PAGE_SIZE,
                      LARGE_PAGE_SIZE, PAGE_WRITE);
        if (have == 0) {
            pmm_free(single);
        }
    }
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, 2 * LARGE_PAGE_SIZE), 0); // whole pages need none
    give_back(taken);
    end();
}

// Maps pages at KERNEL_PLACE so that the processor uses them.
static bool map_here(phys_t physical, size_t size, unsigned rights)
{
    return paging_map(&kernel_page_table, KERNEL_PLACE, physical, size, rights) == 0;
}

static bool unmap_here(size_t size)
{
    return paging_unmap(&kernel_page_table, KERNEL_PLACE, size) == 0;
}

// Checks that at KERNEL_PLACE there is, page by page, what is in memory at `physical`.
static void check_seen(phys_t physical, size_t size)
{
    for (size_t offset = 0; offset < size; offset += PAGE_SIZE) {
        uint64_t value = test_random();
        *(volatile uint64_t *)phys_to_virt(physical + offset) = value;
        CHECK_EQUAL(*(volatile uint64_t *)(KERNEL_PLACE + offset), value);
    }
}

TEST(paging_processor_sees_change, "after a change the processor uses the new translations")
{
    const unsigned kinds[] = {PAGE_WRITE, PAGE_WRITE | PAGE_GLOBAL};
    phys_t first = pmm_alloc(10, PAGE_OTHER), second = pmm_alloc(10, PAGE_OTHER);

    REQUIRE(first != 0 && second != 0);
    // One page, few, many: the processor is told in different ways.
    for (size_t pages = 1; pages <= 1024; pages *= 4) {
        for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
            // Not aligned to each other, so small pages.
            size_t size = pages * PAGE_SIZE - PAGE_SIZE * (pages > 1);
            REQUIRE(map_here(first + PAGE_SIZE * (pages > 1), size, kinds[kind]));
            check_seen(first + PAGE_SIZE * (pages > 1), size);
            REQUIRE(unmap_here(size));
            REQUIRE(map_here(second, size, kinds[kind]));
            check_seen(second, size);
            REQUIRE(unmap_here(size));
        }
    }
    for (size_t kind = 0; kind < ARRAY_LENGTH(kinds); kind++) {
        REQUIRE(map_here(first, 2 * LARGE_PAGE_SIZE, kinds[kind]));
        check_seen(first, 2 * LARGE_PAGE_SIZE);
        REQUIRE(unmap_here(PAGE_SIZE)); // of the first large page
        REQUIRE(map_here(second, PAGE_SIZE, kinds[kind]));
        check_seen(second, PAGE_SIZE);
        REQUIRE(unmap_here(2 * LARGE_PAGE_SIZE));
    }
    pmm_free(first);
    pmm_free(second);
}

TEST(paging_activate, "a table with the kernel's half of another works as the current one")
{
    phys_t page = pmm_alloc(0, PAGE_OTHER);

    REQUIRE(page != 0 && begin());
    uint64_t *entries = phys_to_virt(own.root);
    const uint64_t *kernel_entries = phys_to_virt(kernel_page_table.root);
    memcpy(entries + 256, kernel_entries + 256, 256 * sizeof(*entries));
    CHECK_EQUAL(paging_map(&own, USER_PLACE, page, PAGE_SIZE, PAGE_WRITE), 0);
    paging_activate(&own);
    CHECK_EQUAL(cpu_read_cr3(), own.root);
    *(volatile uint64_t *)USER_PLACE = 0x1234567;
    CHECK_EQUAL(*(volatile uint64_t *)phys_to_virt(page), 0x1234567);
    paging_activate(&kernel_page_table);
    CHECK_EQUAL(paging_unmap(&own, USER_PLACE, PAGE_SIZE), 0);
    memset(entries + 256, 0, 256 * sizeof(*entries));
    end();
    pmm_free(page);
}

TEST(kernel_map_rights, "each part of the kernel has its rights in the image and in the direct map")
{
    static const int constant = 1;
    static int variable = 1;
    const unsigned none = PAGE_GLOBAL, write = PAGE_GLOBAL | PAGE_WRITE;
    const struct page_table *table = &kernel_page_table;
    const char *text = (const char *)(virt_t)is_mapped;
    phys_t physical = image_to_phys(&variable);

    CHECK_EQUAL(cpu_read_cr3(), table->root);
    check_mapping(table, (virt_t)text, image_to_phys(text), PAGE_SIZE, none | PAGE_EXECUTE);
    check_mapping(table, (virt_t)&constant, image_to_phys(&constant), PAGE_SIZE, none);
    check_mapping(table, (virt_t)&variable, physical, PAGE_SIZE, write);
    check_mapping(table, (virt_t)phys_to_virt(image_to_phys(text)), image_to_phys(text), PAGE_SIZE,
                  none);
    check_mapping(table, (virt_t)phys_to_virt(image_to_phys(&constant)), image_to_phys(&constant),
                  PAGE_SIZE, none);
    check_mapping(table, (virt_t)phys_to_virt(physical), physical, PAGE_SIZE, write);
    check_mapping(table, (virt_t)phys_to_virt(VGA_PHYS), VGA_PHYS, PAGE_SIZE,
                  write | PAGE_UNCACHED);
    CHECK(!is_mapped(table, 0));
    CHECK(!is_mapped(table, (virt_t)phys_to_virt(0)));
    CHECK(!is_mapped(table, (virt_t)boot_stack_guard));
    CHECK(!is_mapped(table, (virt_t)phys_to_virt(image_to_phys(boot_stack_guard))));
    CHECK(is_mapped(table, (virt_t)boot_stack));
}

TEST(kernel_map_top_level, "the kernel's top level stays as it is, whatever is mapped and unmapped")
{
    uint64_t before[512];
    const uint64_t *entries = phys_to_virt(kernel_page_table.root);

    memcpy(before, entries, sizeof(before));
    REQUIRE(map_here(SOME_MEMORY, LARGE_PAGE_SIZE, PAGE_WRITE));
    REQUIRE(unmap_here(LARGE_PAGE_SIZE));
    CHECK(paging_unmap(&kernel_page_table, KERNEL_PLACE, KERNEL_AREA_SIZE / 2) == 0);
    CHECK(memcmp(before, entries, sizeof(before)) == 0);
}

TEST_PANIC(paging_map_unaligned, "a range that is not of whole pages is a bug of the caller",
           "panic: assertion failed: virtual % PAGE_SIZE == 0 && size % PAGE_SIZE == 0")
{
    paging_map(&kernel_page_table, KERNEL_PLACE, 0, 100, PAGE_READ);
}

TEST_PANIC(paging_user_in_kernel_half, "nothing in the kernel's half is for user mode",
           "panic: assertion failed: .*PAGE_USER")
{
    paging_map(&kernel_page_table, KERNEL_PLACE, 0, PAGE_SIZE, PAGE_USER);
}

TEST_PANIC(paging_new_top_level, "the kernel's top level gets no entry by the way",
           "panic: assertion failed: .*LEVEL_PML4")
{
    paging_map(&kernel_page_table, KERNEL_PLACE + TOP_LEVEL_SIZE, 0, PAGE_SIZE, PAGE_READ);
}
