// The dynamic area: stacks and device memory between guard pages.
#include "kernel/cpu/cpuid.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define STACKS 60
#define LOCAL_APIC_VERSION 0xfee00030 // a register that reads 0x14 or above in its low byte

static bool is_mapped(virt_t virtual)
{
    struct page_mapping mapping;

    return paging_walk(&kernel_page_table, virtual, &mapping) == 0;
}

static void *taken[KERNEL_AREA_KEPT_STACKS + STACKS];

// Takes the stacks that are kept, and all gaps that freed ones have left: the next ones are new, and
// neighbours.
static void take_kept(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(taken); i++) {
        taken[i] = kernel_area_alloc_stack();
        REQUIRE(taken[i] != NULL);
    }
}

// Gives back as many as are kept: the next stacks that are freed are not.
static void give_kept(void)
{
    for (unsigned i = 0; i < KERNEL_AREA_KEPT_STACKS; i++) {
        kernel_area_free_stack(taken[i]);
    }
}

// Gives the others back, too.
static void give_others(void)
{
    for (unsigned i = KERNEL_AREA_KEPT_STACKS; i < ARRAY_LENGTH(taken); i++) {
        kernel_area_free_stack(taken[i]);
    }
}

// The first stacks make tables and slabs that stay, and some are kept: do so before counting.
static size_t free_pages_when_warm(void)
{
    take_kept();
    void *stack = kernel_area_alloc_stack();
    give_kept();
    if (stack != NULL) {
        kernel_area_free_stack(stack);
    }
    give_others();
    return pmm_free_pages();
}

TEST(kernel_area_stack, "a stack is writable, not executable, and unmapped on both sides")
{
    size_t free_before = free_pages_when_warm();
    take_kept();
    size_t stack_pages = pmm_used_pages(PAGE_STACK);
    char *stack = kernel_area_alloc_stack();
    virt_t start = (virt_t)stack;
    struct page_mapping mapping;

    REQUIRE(stack != NULL);
    CHECK_EQUAL(pmm_used_pages(PAGE_STACK) - stack_pages, KERNEL_STACK_SIZE / PAGE_SIZE);
    for (size_t offset = 0; offset < KERNEL_STACK_SIZE; offset += PAGE_SIZE) {
        CHECK_EQUAL(paging_walk(&kernel_page_table, start + offset, &mapping), 0);
        CHECK_EQUAL(mapping.rights, PAGE_WRITE | PAGE_GLOBAL);
    }
    memset(stack, 0x5a, KERNEL_STACK_SIZE);
    CHECK_EQUAL(stack[KERNEL_STACK_SIZE - 1], 0x5a);
    CHECK(!is_mapped(start - 1));
    CHECK(!is_mapped(start - PAGE_SIZE));
    CHECK(!is_mapped(start + KERNEL_STACK_SIZE));
    give_kept();
    kernel_area_free_stack(stack);
    CHECK(!is_mapped(start));
    give_others();
    CHECK_EQUAL(pmm_free_pages(), free_before);
}

TEST(kernel_area_kept, "the last stacks freed come first again; until then they are nobody's")
{
    size_t free_before = free_pages_when_warm();
    void *stack[2] = {kernel_area_alloc_stack(), kernel_area_alloc_stack()};

    for (unsigned i = 0; i < ARRAY_LENGTH(stack); i++) {
        REQUIRE(stack[i] != NULL);
        CHECK(kernel_area_in_stack((virt_t)stack[i], KERNEL_STACK_SIZE));
        kernel_area_free_stack(stack[i]);
        CHECK(is_mapped((virt_t)stack[i]));
        CHECK(!kernel_area_in_stack((virt_t)stack[i], 1));
    }
    CHECK_EQUAL(kernel_area_alloc_stack(), stack[1]);
    CHECK_EQUAL(kernel_area_alloc_stack(), stack[0]);
    CHECK(kernel_area_in_stack((virt_t)stack[0], KERNEL_STACK_SIZE));
    kernel_area_free_stack(stack[0]);
    kernel_area_free_stack(stack[1]);
    CHECK_EQUAL(pmm_free_pages(), free_before);
}

TEST(kernel_area_many_stacks,
     "stacks in any order never touch, keep their contents, and all go back")
{
    static char *stacks[STACKS];
    size_t free_before = free_pages_when_warm(), blocks = kmalloc_blocks();

    for (unsigned i = 0; i < 3000; i++) {
        unsigned n = test_random_below(STACKS);
        if (stacks[n] != NULL) {
            for (size_t page = 0; page < KERNEL_STACK_SIZE; page += PAGE_SIZE) {
                CHECK_EQUAL(stacks[n][page], (char)n);
            }
            kernel_area_free_stack(stacks[n]);
            stacks[n] = NULL;
            continue;
        }
        stacks[n] = kernel_area_alloc_stack();
        REQUIRE(stacks[n] != NULL);
        CHECK(!is_mapped((virt_t)stacks[n] - PAGE_SIZE));
        CHECK(!is_mapped((virt_t)stacks[n] + KERNEL_STACK_SIZE));
        for (size_t page = 0; page < KERNEL_STACK_SIZE; page += PAGE_SIZE) {
            stacks[n][page] = (char)n;
        }
    }
    for (unsigned n = 0; n < STACKS; n++) {
        if (stacks[n] != NULL) {
            kernel_area_free_stack(stacks[n]);
            stacks[n] = NULL;
        }
    }
    CHECK_EQUAL(kmalloc_blocks(), blocks);
    // A cache may keep one empty slab, and the stacks that are kept need one table or two.
    CHECK(pmm_free_pages() <= free_before + 2 && pmm_free_pages() + 2 >= free_before);
}

TEST(kernel_area_reuse, "freed neighbours become one gap, and the first gap that fits is used")
{
    char *stack[3];

    take_kept();
    for (unsigned i = 0; i < ARRAY_LENGTH(stack); i++) {
        stack[i] = kernel_area_alloc_stack();
        REQUIRE(stack[i] != NULL);
    }
    give_kept();
    kernel_area_free_stack(stack[1]);
    kernel_area_free_stack(stack[0]);
    // Two stacks and the guard page that was between them.
    char *device = kernel_area_map_device(0, 2 * KERNEL_STACK_SIZE + PAGE_SIZE);
    CHECK_EQUAL(device, stack[0]);
    kernel_area_unmap_device(device);
    device = kernel_area_map_device(0, 2 * KERNEL_STACK_SIZE + 2 * PAGE_SIZE);
    CHECK(device > stack[2]);
    kernel_area_unmap_device(device);
    for (unsigned i = 0; i < KERNEL_AREA_KEPT_STACKS; i++) {
        taken[i] = kernel_area_alloc_stack();
    }
    CHECK_EQUAL(kernel_area_alloc_stack(), stack[0]);
    CHECK_EQUAL(kernel_area_alloc_stack(), stack[1]);
    give_kept();
    for (unsigned i = 0; i < ARRAY_LENGTH(stack); i++) {
        kernel_area_free_stack(stack[i]);
    }
    give_others();
}

TEST(kernel_area_device, "device registers are mapped uncached at any offset, and reachable")
{
    size_t free_before = free_pages_when_warm();
    volatile uint32_t *version = kernel_area_map_device(LOCAL_APIC_VERSION, sizeof(*version));
    struct page_mapping mapping;

    REQUIRE(version != NULL);
    CHECK_EQUAL(paging_walk(&kernel_page_table, (virt_t)version, &mapping), 0);
    CHECK_EQUAL(mapping.physical, LOCAL_APIC_VERSION);
    CHECK_EQUAL(mapping.rights, PAGE_WRITE | PAGE_GLOBAL | PAGE_UNCACHED);
    CHECK((*version & 0xff) >= 0x10 && (*version & 0xff) < 0x20);
    kernel_area_unmap_device((void *)version);
    CHECK(!is_mapped((virt_t)version));
    // Two bytes on two pages.
    char *bytes = kernel_area_map_device(0xfee00fff, 2);
    REQUIRE(bytes != NULL);
    CHECK(is_mapped((virt_t)bytes) && is_mapped((virt_t)bytes + 1));
    CHECK(!is_mapped((virt_t)bytes - PAGE_SIZE) && !is_mapped((virt_t)bytes + 1 + PAGE_SIZE));
    kernel_area_unmap_device(bytes);
    CHECK_EQUAL(pmm_free_pages(), free_before);
}

TEST(kernel_area_device_impossible, "a device that cannot be mapped gives NULL, and costs nothing")
{
    phys_t end = (phys_t)1 << cpuid_physical_bits();
    size_t free_before = free_pages_when_warm();

    CHECK(kernel_area_map_device(0, KERNEL_AREA_SIZE) == NULL);
    CHECK(kernel_area_map_device(1, SIZE_MAX) == NULL);
    CHECK(kernel_area_map_device(end, 1) == NULL);
    CHECK(kernel_area_map_device(end - 1, 2) == NULL);
    CHECK(kernel_area_map_device(UINT64_MAX, 1) == NULL);
    CHECK_EQUAL(pmm_free_pages(), free_before);
    void *last = kernel_area_map_device(end - 1, 1);
    REQUIRE(last != NULL);
    kernel_area_unmap_device(last);
}

TEST(kernel_area_no_memory, "without memory there is no stack, no panic, and no page is lost")
{
    phys_t blocks = 0, block;

    free_pages_when_warm();
    take_kept();
    for (unsigned order = PMM_ORDER_MAX + 1; order-- > 0;) {
        while ((block = pmm_alloc(order, PAGE_OTHER)) != 0) {
            *(phys_t *)phys_to_virt(block) = blocks;
            blocks = block;
        }
    }
    // A stack takes four pages, and up to two page tables.
    for (size_t have = 0; have < KERNEL_STACK_SIZE / PAGE_SIZE; have++) {
        while (pmm_free_pages() < have) { // single pages were taken last
            block = blocks;
            blocks = *(phys_t *)phys_to_virt(block);
            pmm_free(block);
        }
        size_t free_before = pmm_free_pages();
        if (free_before == have) {
            CHECK(kernel_area_alloc_stack() == NULL);
        }
        CHECK_EQUAL(pmm_free_pages(), free_before);
    }
    while (blocks != 0) {
        block = blocks;
        blocks = *(phys_t *)phys_to_virt(block);
        pmm_free(block);
    }
    void *stack = kernel_area_alloc_stack();
    REQUIRE(stack != NULL);
    give_kept();
    kernel_area_free_stack(stack);
    give_others();
}

// Checks what kernel_area_describe says of an address: `text` with the start of the range in it.
static void check_described(virt_t address, const char *text, virt_t start)
{
    char expected[80], found[80] = "";

    snprintf(expected, sizeof(expected), text, start);
    CHECK(kernel_area_describe(address, found, sizeof(found)));
    CHECK_STRING(found, expected);
}

TEST(kernel_area_describe, "addresses get a name: stack, device memory, guard page and of what")
{
    take_kept();
    void *stack = kernel_area_alloc_stack(), *next = kernel_area_alloc_stack();
    char *device = kernel_area_map_device(0xfee00010, 4);
    virt_t start = (virt_t)stack, end = start + KERNEL_STACK_SIZE;
    char text[80] = "";

    REQUIRE(stack != NULL && next != NULL && device != NULL);
    check_described(start, "stack at %#lx", start);
    check_described(end - 1, "stack at %#lx", start);
    check_described(start - 1, "guard page below the stack at %#lx", start);
    check_described(start - PAGE_SIZE, "guard page below the stack at %#lx", start);
    virt_t device_start = (virt_t)device - 0x10;
    check_described((virt_t)device, "device memory at %#lx", device_start);
    check_described(device_start - 1, "guard page below the device memory at %#lx", device_start);
    check_described(KERNEL_AREA_BASE + KERNEL_AREA_SIZE - 1, "unused part of the dynamic area", 0);
    kernel_area_unmap_device(device);
    kernel_area_free_stack(next);
    check_described((virt_t)next, "freed stack at %#lx", (virt_t)next);
    next = kernel_area_alloc_stack();
    give_kept();
    kernel_area_free_stack(next);
    check_described(end, "guard page above the stack at %#lx", start);
    check_described(end + PAGE_SIZE - 1, "guard page above the stack at %#lx", start);

    CHECK(kernel_area_is_stack_guard(start - 1));
    CHECK(kernel_area_is_stack_guard(start - PAGE_SIZE));
    CHECK(!kernel_area_is_stack_guard(start));
    CHECK(!kernel_area_is_stack_guard(end));
    CHECK(kernel_area_in_stack(start, KERNEL_STACK_SIZE));
    CHECK(kernel_area_in_stack(end - 16, 16));
    CHECK(!kernel_area_in_stack(end - 16, 17));
    CHECK(!kernel_area_in_stack(start - 1, 1));
    CHECK(!kernel_area_in_stack(start, SIZE_MAX));
    CHECK(!kernel_area_in_stack((virt_t)text, 1));

    CHECK(!kernel_area_describe(KERNEL_AREA_BASE - 1, text, sizeof(text)));
    CHECK(!kernel_area_describe(KERNEL_AREA_BASE + KERNEL_AREA_SIZE, text, sizeof(text)));
    CHECK(!kernel_area_describe(0, text, sizeof(text)));
    CHECK(kernel_area_describe(start, text, 4));
    CHECK_STRING(text, "sta");
    kernel_area_free_stack(stack);
    give_others();
}

TEST_PANIC(kernel_area_double_free, "freeing a stack twice is caught",
           "panic: no stack starts at 0xffffc000[0-9a-f]{8}")
{
    void *stack = kernel_area_alloc_stack();

    kernel_area_free_stack(stack);
    kernel_area_free_stack(stack);
}

TEST_PANIC(kernel_area_double_free_new, "also when the stack was not kept",
           "panic: no stack starts at 0xffffc000[0-9a-f]{8}")
{
    take_kept();
    void *stack = kernel_area_alloc_stack();

    give_kept();
    kernel_area_free_stack(stack);
    kernel_area_free_stack(stack);
}

TEST_PANIC(kernel_area_alias, "the direct map's way to a stack is not the stack",
           "panic: no stack starts at 0xffff8000[0-9a-f]{8}")
{
    struct page_mapping mapping;

    paging_walk(&kernel_page_table, (virt_t)kernel_area_alloc_stack(), &mapping);
    kernel_area_free_stack(phys_to_virt(mapping.physical));
}

TEST_PANIC(kernel_area_not_device, "a stack cannot be freed as device memory",
           "panic: no device memory starts at 0xffffc000[0-9a-f]{8}")
{
    kernel_area_unmap_device(kernel_area_alloc_stack());
}

TEST_PANIC(kernel_area_wrong_kind, "device memory cannot be freed as a stack",
           "panic: no stack starts at 0xffffc000[0-9a-f]{8}")
{
    kernel_area_free_stack(kernel_area_map_device(0xfee00000, 4));
}

TEST_PANIC(kernel_area_inside, "only the start of a stack is the stack",
           "panic: no stack starts at 0xffffc000[0-9a-f]{8}")
{
    kernel_area_free_stack((char *)kernel_area_alloc_stack() + PAGE_SIZE);
}
