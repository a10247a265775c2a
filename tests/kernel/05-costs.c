// What the allocators cost, in counts of the time stamp counter. They are instructions where the
// machine counts these (QEMU's -icount): tests/mm/test_costs.py runs them so and knows the limits.
#include "kernel/cpu/cpu.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define COUNT 1000

static void *pointers[COUNT];

static void note_costs(const char *name, uint64_t start, uint64_t middle, uint64_t end)
{
    test_note("%s_alloc %lu", name, (middle - start) / COUNT);
    test_note("%s_free %lu", name, (end - middle) / COUNT);
}

static void measure_kmalloc(const char *name, size_t size)
{
    uint64_t start = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        pointers[i] = kmalloc(size);
    }
    uint64_t middle = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        kfree(pointers[i]);
    }
    note_costs(name, start, middle, cpu_read_tsc());
    CHECK(pointers[COUNT - 1] != NULL);
}

TEST(costs_pairs, "pages and small blocks are allocated and freed in some hundred instructions")
{
    uint64_t start = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        pointers[i] = phys_to_virt(pmm_alloc(0, PAGE_OTHER));
    }
    uint64_t middle = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        pmm_free(virt_to_phys(pointers[i]));
    }
    note_costs("pmm", start, middle, cpu_read_tsc());
    measure_kmalloc("kmalloc_64", 64);
    measure_kmalloc("kmalloc_2048", 2048);
}

TEST(costs_string, "memcpy and memset take one instruction for each word of a page, and few more")
{
    char *from = kmalloc(PAGE_SIZE), *to = kmalloc(PAGE_SIZE);

    REQUIRE(from != NULL && to != NULL);
    uint64_t start = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        memset(from, (int)i, PAGE_SIZE);
    }
    uint64_t middle = cpu_read_tsc();
    for (unsigned i = 0; i < COUNT; i++) {
        memcpy(to, from, PAGE_SIZE);
    }
    uint64_t end = cpu_read_tsc();
    test_note("memset_page %lu", (middle - start) / COUNT);
    test_note("memcpy_page %lu", (end - middle) / COUNT);
    CHECK_EQUAL(memcmp(to, from, PAGE_SIZE), 0);
    kfree(from);
    kfree(to);
}

// Allocates and frees one stack again and again.
static void measure_stack(const char *name)
{
    uint64_t in_alloc = 0, in_free = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t start = cpu_read_tsc();
        void *stack = kernel_area_alloc_stack();
        uint64_t middle = cpu_read_tsc();
        kernel_area_free_stack(stack);
        in_alloc += middle - start;
        in_free += cpu_read_tsc() - middle;
    }
    note_costs(name, 0, in_alloc, in_alloc + in_free);
}

TEST(costs_stacks, "a stack costs the same with a few in use and with hundreds")
{
    const unsigned few = 3, many = 500;

    for (unsigned i = 0; i < few; i++) {
        pointers[i] = kernel_area_alloc_stack();
    }
    measure_stack("stack_few");
    uint64_t middle = cpu_read_tsc();
    for (unsigned i = few; i < many; i++) {
        pointers[i] = kernel_area_alloc_stack();
    }
    uint64_t new_stacks = cpu_read_tsc() - middle;
    measure_stack("stack_many");
    REQUIRE(pointers[many - 1] != NULL);
    uint64_t start = cpu_read_tsc();
    for (unsigned i = 0; i < many; i++) {
        kernel_area_free_stack(pointers[i]);
    }
    test_note("stack_new_alloc %lu", new_stacks / (many - few));
    test_note("stack_new_free %lu", (cpu_read_tsc() - start) / many);
}

// A second pmm_init forgets all that was allocated: nothing can go on after it.
TEST_PANIC(costs_setup, "setting up the buddy system takes a few instructions for each page",
           "panic: pmm_init: [0-9]+ pages, [0-9]+ counts")
{
    static struct boot_info boot;
    bool inside = false;

    // The map as far as it can still be known; struct page[] comes to lie where it was.
    for (phys_t address = 0; address < pmm_end(); address += PAGE_SIZE) {
        struct memory_range *last = &boot.memory[boot.memory_range_count];
        bool usable = pmm_block(address) != NULL;
        if (usable && !inside) {
            *last = (struct memory_range){.start = address, .type = MEMORY_USABLE};
        } else if (!usable && inside) {
            boot.memory_range_count++;
        }
        last->size += usable ? PAGE_SIZE : 0;
        inside = usable;
    }
    boot.memory_range_count++;
    size_t total = pmm_total_pages();
    uint64_t start = cpu_read_tsc();
    pmm_init(&boot);
    pmm_add_high_memory(&boot);
    uint64_t counts = cpu_read_tsc() - start;
    CHECK_EQUAL(pmm_total_pages(), total);
    pmm_check();
    panic("pmm_init: %lu pages, %lu counts", pmm_end() / PAGE_SIZE, counts);
}
