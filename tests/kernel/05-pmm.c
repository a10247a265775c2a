// The buddy system in the machine: all memory there is, used to the last page.
#include "kernel/mm/pmm.h"
#include "tests/kernel/test.h"

#define WORDS (PAGE_SIZE / sizeof(uint64_t))

// Fills a page with its own address. Unrolled, since it is done for gigabytes in an emulator.
static void fill(phys_t address)
{
    uint64_t *page = phys_to_virt(address);

#pragma clang loop unroll_count(16)
    for (size_t i = 0; i < WORDS; i++) {
        page[i] = address;
    }
}

static bool is_filled(phys_t address)
{
    const uint64_t *page = phys_to_virt(address);
    uint64_t differences = 0;

#pragma clang loop unroll_count(16)
    for (size_t i = 0; i < WORDS; i++) {
        differences |= page[i] ^ address;
    }
    return differences == 0;
}

// Allocates single pages until there are none, into a list. Returns how many.
static size_t take_all(struct list_node *taken)
{
    size_t count = 0;

    list_init(taken);
    for (phys_t address; (address = pmm_alloc(0, PAGE_OTHER)) != 0; count++) {
        list_append(taken, &pmm_page(address)->node);
    }
    return count;
}

static phys_t address_of(struct list_node *node)
{
    return pmm_page_address(LIST_ENTRY(node, struct page, node));
}

// Frees what take_all took.
static void free_all(struct list_node *taken)
{
    while (!list_empty(taken)) {
        struct list_node *node = taken->next;
        list_remove(node);
        pmm_free(address_of(node));
    }
}

// A hash over the addresses, orders and uses of all blocks.
static uint64_t fingerprint(void)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (phys_t address = 0; address < pmm_end();) {
        const struct page *block = pmm_block(address);
        if (block != NULL) {
            hash = (hash ^ address ^ block->order ^ (uint64_t)block->use << 32) * 0x100000001b3;
        }
        address += block != NULL ? (phys_t)PAGE_SIZE << block->order : PAGE_SIZE;
    }
    return hash;
}

TEST(pmm_every_page, "every usable page can be had once, holds its own address, and comes back")
{
    struct list_node taken;
    size_t free = pmm_free_pages(), others = pmm_used_pages(PAGE_OTHER), wrong = 0;

    size_t count = take_all(&taken);
    CHECK_EQUAL(count, free);
    CHECK_EQUAL(pmm_free_pages(), 0);
    CHECK_EQUAL(pmm_used_pages(PAGE_OTHER), others + count);
    for (struct list_node *node = taken.next; node != &taken; node = node->next) {
        fill(address_of(node));
    }
    for (struct list_node *node = taken.next; node != &taken; node = node->next) {
        wrong += !is_filled(address_of(node));
    }
    CHECK_EQUAL(wrong, 0);
    test_note("usable_kib %zu", pmm_total_pages() * (PAGE_SIZE / 1024));
    test_note("filled_kib %zu", count * (PAGE_SIZE / 1024));
    free_all(&taken);
    CHECK_EQUAL(pmm_free_pages(), free);
    pmm_check();
}

TEST(pmm_exhaustion, "without memory pmm_alloc returns 0, and works again after a free")
{
    struct list_node taken;
    size_t free = pmm_free_pages();

    take_all(&taken);
    for (unsigned order = 0; order <= PMM_ORDER_MAX; order++) {
        CHECK_EQUAL(pmm_alloc(order, PAGE_OTHER), 0);
        CHECK_EQUAL(pmm_alloc_low(order, PAGE_OTHER), 0);
    }
    struct list_node *node = taken.previous;
    phys_t address = address_of(node);
    list_remove(node);
    pmm_free(address);
    CHECK_EQUAL(pmm_alloc(1, PAGE_OTHER), 0);
    CHECK_EQUAL(pmm_alloc(0, PAGE_OTHER), address);
    pmm_free(address);
    free_all(&taken);
    CHECK_EQUAL(pmm_free_pages(), free);
}

TEST(pmm_coalesces, "pages freed in any order join into the blocks that there were before")
{
    struct list_node taken;
    uint64_t before = fingerprint();

    // Every other page of the list first: nothing can join until its buddy comes.
    take_all(&taken);
    for (struct list_node *node = taken.next; node != &taken && node->next != &taken;) {
        struct list_node *next = node->next->next;
        list_remove(node);
        pmm_free(address_of(node));
        node = next;
    }
    pmm_check();
    free_all(&taken);
    pmm_check();
    CHECK(fingerprint() == before);
}

TEST(pmm_alignment, "a block is aligned to its size, and pmm_alloc_low's is below 4 GiB")
{
    for (unsigned order = 0; order <= PMM_ORDER_MAX; order++) {
        phys_t any = pmm_alloc(order, PAGE_OTHER), low = pmm_alloc_low(order, PAGE_OTHER);
        phys_t size = (phys_t)PAGE_SIZE << order;
        CHECK_EQUAL(any % size, 0);
        CHECK_EQUAL(low % size, 0);
        CHECK(low + size <= 0x100000000);
        if (any != 0) {
            CHECK_EQUAL(pmm_page(any)->references, 1);
            CHECK_EQUAL(pmm_page(any)->order, order);
            CHECK(pmm_block(any + size - 1) == pmm_page(any));
            pmm_free(any);
        }
        if (low != 0) {
            pmm_free(low);
        }
    }
    pmm_check();
}

TEST(pmm_kernel_pages,
     "image and struct page[] are the kernel's, the first 64 KiB and VGA nobody's")
{
    struct page *first = pmm_page(0);
    phys_t array = virt_to_phys(first), array_size = pmm_end() / PAGE_SIZE * sizeof(struct page);

    for (phys_t address = KERNEL_PHYS; address < image_to_phys(kernel_end); address += PAGE_SIZE) {
        CHECK(pmm_block(address) != NULL && pmm_block(address)->use == PAGE_KERNEL);
    }
    for (phys_t address = array; address < array + array_size; address += PAGE_SIZE) {
        CHECK(pmm_block(address) != NULL && pmm_block(address)->use == PAGE_KERNEL);
    }
    for (phys_t address = 0; address < 0x10000; address += PAGE_SIZE) {
        CHECK(pmm_block(address) == NULL);
    }
    CHECK(pmm_block(0x10000) != NULL);
    CHECK(pmm_block(0xa0000) == NULL && pmm_block(0xbffff) == NULL);
    CHECK(pmm_page(pmm_end()) == NULL);
    CHECK(pmm_page(pmm_end() - 1) != NULL);
    pmm_check();
}

TEST(pmm_references, "a block is free when its last reference is given back, not before")
{
    size_t free = pmm_free_pages();
    phys_t address = pmm_alloc(0, PAGE_OTHER);

    REQUIRE(address != 0);
    pmm_reference(address);
    pmm_reference(address);
    pmm_free(address);
    pmm_free(address);
    CHECK_EQUAL(pmm_page(address)->references, 1);
    CHECK_EQUAL(pmm_free_pages(), free - 1);
    pmm_free(address);
    CHECK_EQUAL(pmm_free_pages(), free);
}

TEST(pmm_random, "a hundred thousand random operations leave no overlap and no trace")
{
    static struct {
        phys_t address;
        unsigned order;
    } live[512];
    uint64_t before = fingerprint();

    for (unsigned slot = 0; slot < ARRAY_LENGTH(live); slot++) {
        live[slot].address = 0;
    }
    for (unsigned i = 0; i < 100000; i++) {
        unsigned slot = test_random_below(ARRAY_LENGTH(live));
        bool taken = live[slot].address != 0;
        if (!taken) {
            live[slot].order = test_random_below(7);
            live[slot].address = pmm_alloc(live[slot].order, PAGE_OTHER);
            if (live[slot].address == 0) {
                continue;
            }
        }
        // The first and the last word of a block say whose it is.
        uint64_t *start = phys_to_virt(live[slot].address);
        uint64_t *last = start + (WORDS << live[slot].order) - 1;
        if (taken) {
            CHECK_EQUAL(*start, slot);
            CHECK_EQUAL(*last, slot);
            pmm_free(live[slot].address);
            live[slot].address = 0;
        } else {
            *start = *last = slot;
        }
    }
    for (unsigned slot = 0; slot < ARRAY_LENGTH(live); slot++) {
        if (live[slot].address != 0) {
            pmm_free(live[slot].address);
        }
    }
    pmm_check();
    CHECK(fingerprint() == before);
}

TEST_PANIC(pmm_double_free, "freeing a page twice panics and says that it is free",
           "panic: pmm: expected an allocated block at 0x[0-9a-f]+, found a free block")
{
    phys_t address = pmm_alloc(0, PAGE_OTHER);
    pmm_free(address);
    pmm_free(address);
}

TEST_PANIC(pmm_free_inside, "freeing an address inside a block panics and names the block",
           "panic: pmm: expected an allocated block at 0x[0-9a-f]+, found a stack block of 4 pages")
{
    pmm_free(pmm_alloc(2, PAGE_STACK) + PAGE_SIZE);
}

TEST_PANIC(pmm_free_nowhere, "freeing an address where no memory is panics",
           "panic: pmm: expected an allocated block at 0x[0-9a-f]+, found no memory")
{
    pmm_free(pmm_end());
}

TEST_PANIC(pmm_free_kernel, "freeing the kernel's own memory panics",
           "panic: pmm: expected an allocated block at 0x100000, found a kernel block")
{
    pmm_free(KERNEL_PHYS);
}

TEST_PANIC(pmm_reference_free, "referring to a free page panics",
           "panic: pmm: expected an allocated block at 0x[0-9a-f]+, found a free block")
{
    phys_t address = pmm_alloc(0, PAGE_OTHER);
    pmm_free(address);
    pmm_reference(address);
}
