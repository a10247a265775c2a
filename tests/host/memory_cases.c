// Tests of pmm, slab and kmalloc on the host: `memory_cases NAME SEED` runs one of them.
#include "memory.h"

#include "kernel/cpu/cpuid.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/slab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_case {
    const char *name;
    void (*run)(struct choices *random);
    struct test_case *next;
};

static struct test_case *cases;

// Defines a test; tests/host/test_memory.py finds its name and claim in this text.
#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(struct choices *random);                                           \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(__attribute__((unused)) struct choices *random)

static struct boot_info boot;

static void start_pc(uint64_t bytes)
{
    map_pc(&boot, bytes);
    machine_start(&boot);
}

// ---- pmm ----

CASE(pages_small, "random page traces hold in 16 MiB")
{
    start_pc(16 * MIB);
    trace_pages(random, &boot, 1000000);
}

CASE(pages_large, "random page traces hold in 6 GiB, hole and both zones included")
{
    start_pc(6 * GIB);
    trace_pages(random, &boot, 300000);
}

CASE(pages_zones, "random page traces hold where usable memory runs across the zones' border")
{
    map_clear(&boot);
    map_add(&boot, MIB, 127 * MIB, MEMORY_USABLE);
    map_add(&boot, 4 * GIB - 8 * MIB, 24 * MIB + 0x1234, MEMORY_USABLE);
    machine_start(&boot);
    trace_pages(random, &boot, 400000);
    CHECK(pmm_end() == 4 * GIB + 16 * MIB + 0x1000);
}

// A map of usable pieces of any size at any byte, with gaps and without.
static void map_odd(struct choices *random)
{
    uint64_t address = choose(random, 3) * 0x800;

    map_clear(&boot);
    while (boot.memory_range_count < MEMORY_MAP_MAX && address < 24 * MIB) {
        uint64_t length = 1 + choose(random, 1u << (4 + choose(random, 18)));
        // The kernel and struct page[] need a place.
        if (address < MIB && address + length > MIB && length < 2 * MIB) {
            length += 2 * MIB;
        }
        uint32_t type = choose(random, 4) == 0 ? 2 + choose(random, 4) : MEMORY_USABLE;
        map_add(&boot, address, length, type);
        address += length + (choose(random, 2) ? choose(random, 0x3000) : 0);
    }
    boot.memory_range_count -= boot.memory_range_count == MEMORY_MAP_MAX;
    map_add(&boot, address, 4 * MIB, MEMORY_USABLE);
}

CASE(pages_odd_maps, "random page traces hold on maps with pieces of any size at any byte")
{
    for (unsigned i = 0; i < 100; i++) {
        map_odd(random);
        machine_start(&boot);
        trace_pages(random, &boot, 3000);
    }
}

CASE(pages_map_order, "the order of the map's ranges does not matter")
{
    for (unsigned i = 0; i < 50; i++) {
        map_odd(random);
        machine_start(&boot);
        size_t total = pmm_total_pages();
        for (unsigned k = boot.memory_range_count - 1; k > 0; k--) {
            unsigned other = choose(random, k + 1);
            struct memory_range range = boot.memory[k];
            boot.memory[k] = boot.memory[other];
            boot.memory[other] = range;
        }
        machine_start(&boot);
        trace_pages(random, &boot, 1000);
        CHECK(pmm_total_pages() == total);
    }
}

CASE(pages_counts,
     "all usable memory is counted, the kernel's part as the kernel's, the first 64 KiB never")
{
    start_pc(16 * MIB);
    size_t kernel = (host_kernel_end - KERNEL_PHYS) / PAGE_SIZE;
    size_t array = 16 * MIB / PAGE_SIZE * sizeof(struct page) / PAGE_SIZE;
    CHECK(pmm_total_pages() == (0x9f000 - 0x10000 + 15 * MIB - 0x20000) / PAGE_SIZE);
    CHECK(pmm_used_pages(PAGE_KERNEL) == kernel + array);
    CHECK(pmm_free_pages() == pmm_total_pages() - kernel - array);
    CHECK(pmm_used_pages(PAGE_RESERVED) == 0x10 + 0x61);
    CHECK(pmm_block(0) == NULL && pmm_block(0xffff) == NULL && pmm_block(0x10000) != NULL);
    CHECK(pmm_block(KERNEL_PHYS)->use == PAGE_KERNEL);
    CHECK(pmm_block(virt_to_phys(pmm_page(0)))->use == PAGE_KERNEL);
    CHECK(pmm_block(0xa0000) == NULL && pmm_page(0xa0000) != NULL);
    CHECK(pmm_page(16 * MIB) == NULL);
    pmm_check();
}

CASE(pages_largest_blocks, "free memory is in the largest blocks that alignment allows")
{
    start_pc(6 * GIB);
    CHECK(pmm_block(4 * GIB)->order == PMM_ORDER_MAX);
    CHECK(pmm_block(5 * GIB)->order == PMM_ORDER_MAX);
    CHECK(pmm_block(1 * GIB)->order == PMM_ORDER_MAX);
    CHECK(pmm_block(2 * GIB)->order == PMM_ORDER_MAX - 1);
    pmm_check();
}

CASE(pages_zone_order, "pmm_alloc takes high memory first, pmm_alloc_low never takes it")
{
    phys_t address, last = 0;

    start_pc(6 * GIB);
    for (unsigned i = 0; i < 3; i++) {
        address = pmm_alloc(PMM_ORDER_MAX, PAGE_OTHER);
        CHECK(address >= 4 * GIB);
    }
    CHECK(pmm_alloc(PMM_ORDER_MAX, PAGE_OTHER) == 1 * GIB);
    CHECK(pmm_alloc(PMM_ORDER_MAX, PAGE_OTHER) == 0);
    start_pc(6 * GIB);
    while ((address = pmm_alloc_low(9, PAGE_OTHER)) != 0) {
        CHECK(address < 4 * GIB);
        last = address;
    }
    CHECK(pmm_free_pages() >= 3 * GIB / PAGE_SIZE && last != 0);
}

CASE(pages_huge_machine, "memory that struct page[] cannot describe is left unused, which is said")
{
    map_clear(&boot);
    map_add(&boot, MIB, 63 * MIB, MEMORY_USABLE);
    map_add(&boot, 4 * GIB, 1024 * GIB, MEMORY_USABLE);
    machine_start(&boot);
    CHECK(pmm_end() < 4 * GIB && pmm_total_pages() == 63 * MIB / PAGE_SIZE);
    CHECK(strstr(machine_output, "left unused") != NULL);
    CHECK(strchr(machine_output, '\n') == strrchr(machine_output, '\n'));
    pmm_check();
    map_add(&boot, 64 * MIB, 192 * MIB, MEMORY_USABLE);
    machine_start(&boot);
    CHECK(pmm_end() > 8 * GIB && pmm_end() < 1024 * GIB);
    CHECK(pmm_used_pages(PAGE_KERNEL) <= 100 * MIB / PAGE_SIZE);
    CHECK(pmm_alloc(PMM_ORDER_MAX, PAGE_OTHER) >= 4 * GIB);
    CHECK(pmm_alloc_low(0, PAGE_OTHER) != 0);
    pmm_check();
}

CASE(pages_address_bits, "memory beyond the processor's addresses is not used")
{
    machine_physical_bits = 32;
    start_pc(6 * GIB);
    CHECK(pmm_end() == 3 * GIB - 0x20000);
    map_add(&boot, 0xffffffffffff0000, 0xffff, MEMORY_USABLE);
    machine_start(&boot);
    CHECK(pmm_end() == 3 * GIB - 0x20000);
}

CASE(pages_reserved_far, "a reserved range near 1 TiB costs nothing")
{
    start_pc(64 * MIB);
    CHECK(pmm_end() == 64 * MIB - 0x20000);
    CHECK(pmm_used_pages(PAGE_KERNEL) * PAGE_SIZE < MIB);
}

CASE(pages_no_memory, "too little memory for struct page[] is a panic with the numbers")
{
    map_clear(&boot);
    map_add(&boot, 0, 0x9fc00, MEMORY_USABLE);
    machine_clear();
    EXPECT_PANIC(pmm_init(&boot), "0 KiB of memory behind the kernel");
    map_add(&boot, MIB, host_kernel_end - MIB + PAGE_SIZE, MEMORY_USABLE);
    EXPECT_PANIC(pmm_init(&boot), "4 KiB of memory behind the kernel");
}

CASE(pages_misuse, "double frees, wild and inner addresses panic with address and state")
{
    start_pc(16 * MIB);
    phys_t address = pmm_alloc(3, PAGE_TABLE);
    EXPECT_PANIC(pmm_free(address + PAGE_SIZE), "found a page table block of 8 pages at");
    EXPECT_PANIC(pmm_free(address + 8), "found a page table block of 8 pages at");
    EXPECT_PANIC(pmm_reference(address + PAGE_SIZE), "found a page table block of 8 pages at");
    pmm_free(address);
    EXPECT_PANIC(pmm_free(address), "found a free block of");
    EXPECT_PANIC(pmm_reference(address), "found a free block of");
    EXPECT_PANIC(pmm_free(0), "at 0, found reserved memory");
    EXPECT_PANIC(pmm_free(0xa0000), "at 0xa0000, found reserved memory");
    EXPECT_PANIC(pmm_free(17 * MIB), "found no memory");
    EXPECT_PANIC(pmm_free(UINT64_MAX), "found no memory");
    EXPECT_PANIC(pmm_free(KERNEL_PHYS), "found a kernel block");
    EXPECT_PANIC(pmm_reference(virt_to_phys(pmm_page(0))), "found a kernel block");
    EXPECT_PANIC(pmm_alloc(PMM_ORDER_MAX + 1, PAGE_OTHER), "ASSERT");
    EXPECT_PANIC(pmm_alloc(0, PAGE_FREE), "ASSERT");
    pmm_check();
}

CASE(pages_references, "a block is free when its last reference is gone; counts do not wrap")
{
    start_pc(16 * MIB);
    size_t before = pmm_free_pages();
    phys_t address = pmm_alloc(2, PAGE_OTHER);
    for (unsigned i = 0; i < 1000; i++) {
        pmm_reference(address);
    }
    for (unsigned i = 0; i < 1000; i++) {
        pmm_free(address);
    }
    CHECK(pmm_free_pages() == before - 4);
    pmm_page(address)->references = UINT32_MAX;
    EXPECT_PANIC(pmm_reference(address), "too many references");
    CHECK(pmm_page(address)->references == UINT32_MAX);
    pmm_page(address)->references = 1;
    pmm_free(address);
    CHECK(pmm_free_pages() == before);
}

CASE(pages_check, "pmm_check finds what is broken")
{
    start_pc(16 * MIB);
    phys_t address = pmm_alloc(0, PAGE_OTHER);
    struct page *page = pmm_page(address);
    pmm_check();
    page->references = 0;
    EXPECT_PANIC(pmm_check(), "is broken");
    page->references = 1;
    page->use = PAGE_STACK;
    EXPECT_PANIC(pmm_check(), "counted");
    page->use = PAGE_OTHER;
    page[1].order ^= 1; // its buddy, which is free
    EXPECT_PANIC(pmm_check(), "pmm: ");
    page[1].order ^= 1;
    pmm_check();
}

// ---- slab ----

CASE(slab_sizes, "objects of any size are aligned, apart from each other and inside their slabs")
{
    static struct slab_cache cache;
    static uint8_t *objects[2000];

    for (unsigned size = 1; size <= SLAB_OBJECT_MAX; size += 1 + choose(random, 64)) {
        start_pc(16 * MIB);
        slab_cache_init(&cache, "test", size);
        size_t rounded = (size + 15) / 16 * 16, alignment = rounded & -rounded;
        unsigned count = 100 + choose(random, 900);
        CHECK(cache.object_size == rounded);
        CHECK(cache.object_count * rounded >= ((size_t)PAGE_SIZE << cache.order) * 7 / 8);
        for (unsigned i = 0; i < count; i++) {
            objects[i] = slab_alloc(&cache);
            CHECK(objects[i] != NULL && (uintptr_t)objects[i] % alignment == 0);
            memset(objects[i], (int)i, size);
        }
        for (unsigned i = 0; i < count; i++) {
            for (unsigned k = 0; k < size; k++) {
                CHECK(objects[i][k] == (uint8_t)i);
            }
            slab_free(&cache, objects[i]);
        }
        CHECK(cache.used_count == 0 && cache.slab_count == 1);
        CHECK(pmm_used_pages(PAGE_SLAB) == 1u << cache.order);
        pmm_check();
    }
}

CASE(slab_empty, "one empty slab is kept, so that one object more or less costs no pages")
{
    static struct slab_cache cache;

    start_pc(16 * MIB);
    slab_cache_init(&cache, "test", 512);
    void *first = slab_alloc(&cache);
    slab_free(&cache, first);
    CHECK(cache.slab_count == 1);
    CHECK(slab_alloc(&cache) == first && cache.slab_count == 1 && cache.empty_count == 0);
    slab_free(&cache, first);
    void *objects[64];
    for (unsigned i = 0; i < 64; i++) {
        objects[i] = slab_alloc(&cache);
    }
    CHECK(cache.slab_count == (64 + cache.object_count - 1) / cache.object_count);
    for (unsigned i = 0; i < 64; i++) {
        slab_free(&cache, objects[i]);
        CHECK(cache.empty_count <= 1);
    }
    CHECK(cache.slab_count == 1 && pmm_used_pages(PAGE_SLAB) == 1);
}

CASE(slab_misuse, "double frees and wild pointers to a cache panic")
{
    static struct slab_cache cache, other;

    start_pc(16 * MIB);
    slab_cache_init(&cache, "cache", 96);
    slab_cache_init(&other, "other", 96);
    char *object = slab_alloc(&cache), *neighbour = slab_alloc(&cache);
    EXPECT_PANIC(slab_free(&other, object), "other: expected one of its objects");
    EXPECT_PANIC(slab_free(&cache, object + 16), "cache: expected the start of an object of 96");
    EXPECT_PANIC(slab_free(&cache, (char *)((uintptr_t)object & -PAGE_SIZE)), "start of an object");
    EXPECT_PANIC(slab_free(&cache, NULL), "cache: expected one of its objects");
    EXPECT_PANIC(slab_free(&cache, (void *)cases), "cache: expected one of its objects");
    slab_free(&cache, object);
    EXPECT_PANIC(slab_free(&cache, object), "cache: expected an allocated object, found a free");
    EXPECT_PANIC(slab_check(&cache, object), "found a free");
    EXPECT_PANIC(slab_free(&cache, neighbour + 96), "found a free");
    slab_free(&cache, neighbour);
    EXPECT_PANIC(slab_free(&cache, neighbour), "found a free");
    CHECK(cache.used_count == 0 && cache.slab_count == 1);
    EXPECT_PANIC(slab_cache_init(&cache, "large", SLAB_OBJECT_MAX + 1), "ASSERT");
    EXPECT_PANIC(slab_cache_init(&cache, "nothing", 0), "ASSERT");
}

CASE(slab_poison, "in a SAN=1 build a write to a freed object is found at the next allocation")
{
    static struct slab_cache cache;

    if (!SLAB_POISONING) {
        return;
    }
    start_pc(16 * MIB);
    slab_cache_init(&cache, "test", 64);
    uint8_t *object = slab_alloc(&cache);
    CHECK(object[0] == SLAB_POISON && object[63] == SLAB_POISON);
    memset(object, 0, 64);
    slab_free(&cache, object);
    CHECK(object[0] == SLAB_POISON && object[63] == SLAB_POISON);
    object[40] ^= 1;
    EXPECT_PANIC(slab_alloc(&cache), "written to after it was freed: expected 0xdd at offset 40");
    object[40] ^= 1;
    uint8_t *large = kmalloc(5000);
    memset(large, 0, 8192);
    kfree(large);
    CHECK(large[0] == SLAB_POISON && large[8191] == SLAB_POISON);
}

// ---- kmalloc ----

CASE(kmalloc_small, "random kmalloc traces hold in 8 MiB, where memory runs out")
{
    start_pc(8 * MIB);
    trace_kmalloc(random, 1000000);
}

CASE(kmalloc_large, "random kmalloc traces hold in 6 GiB")
{
    start_pc(6 * GIB);
    trace_kmalloc(random, 500000);
}

CASE(kmalloc_contract, "sizes, classes, alignment, zero, overflow and too much are as promised")
{
    start_pc(16 * MIB);
    for (size_t size = 0; size <= 2048; size++) {
        void *pointer = kmalloc(size);
        CHECK(kmalloc_size(pointer) >= size && kmalloc_size(pointer) <= size + size / 2 + 16);
        kfree(pointer);
    }
    for (size_t size = 2049; size <= MIB; size += 1000) {
        char *pointer = kmalloc(size);
        CHECK((uintptr_t)pointer % PAGE_SIZE == 0);
        CHECK(kmalloc_size(pointer) >= size && kmalloc_size(pointer) < 2 * size + PAGE_SIZE);
        kfree(pointer);
    }
    void *one = kmalloc(0), *two = kmalloc(0);
    CHECK(one != NULL && two != NULL && one != two);
    CHECK(kmalloc_blocks() == 2 && kmalloc_bytes() == 32);
    kfree(one);
    kfree(two);
    kfree(NULL);
    CHECK(kmalloc(17 * MIB) == NULL);
    CHECK(kmalloc(2 * GIB) == NULL);
    CHECK(kmalloc(SIZE_MAX) == NULL);
    CHECK(kmalloc(SIZE_MAX - PAGE_SIZE) == NULL);
    CHECK(kcalloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(kcalloc((size_t)1 << 32, (size_t)1 << 32) == NULL);
    CHECK(kmalloc_blocks() == 0 && kmalloc_bytes() == 0);
    uint8_t *dirty = kmalloc(3000);
    memset(dirty, 0x55, 3000);
    kfree(dirty);
    uint8_t *clear = kcalloc(30, 100);
    for (unsigned i = 0; i < 3000; i++) {
        CHECK(clear[i] == 0);
    }
    kfree(clear);
}

CASE(kmalloc_realloc, "krealloc keeps contents, stays where it fits, can always shrink")
{
    start_pc(16 * MIB);
    char *pointer = krealloc(NULL, 100);
    memset(pointer, 'a', 128);
    CHECK(krealloc(pointer, 128) == pointer && krealloc(pointer, 65) == pointer);
    char *moved = krealloc(pointer, 129);
    CHECK(moved != pointer && moved[0] == 'a' && moved[127] == 'a');
    moved = krealloc(moved, 50000);
    CHECK(moved[0] == 'a' && moved[127] == 'a' && kmalloc_size(moved) == 65536);
    CHECK(krealloc(moved, 65536) == moved && krealloc(moved, 32769) == moved);
    moved = krealloc(moved, 32768);
    CHECK(kmalloc_size(moved) == 32768 && moved[0] == 'a' && moved[127] == 'a');
    moved = krealloc(moved, 65536);
    while (pmm_alloc(0, PAGE_OTHER) != 0) {
    }
    CHECK(krealloc(moved, 65537) == NULL);
    CHECK(krealloc(moved, SIZE_MAX) == NULL && moved[127] == 'a');
    CHECK(krealloc(moved, 4096) == moved && moved[127] == 'a');
    CHECK(kmalloc(2048) == NULL && kmalloc(4096) == NULL);
    kfree(moved);
    moved = kmalloc(10);
    CHECK(krealloc(moved, 0) == moved && krealloc(moved, 16) == moved);
}

CASE(kmalloc_misuse, "double frees and pointers that kmalloc never gave out panic")
{
    static struct slab_cache cache;
    static char outside[64];

    start_pc(16 * MIB);
    slab_cache_init(&cache, "test", 64);
    char *small = kmalloc(100), *large = kmalloc(10000), *foreign = slab_alloc(&cache);
    void *page = phys_to_virt(pmm_alloc(0, PAGE_OTHER));
    EXPECT_PANIC(kfree(small + 1), "kmalloc-128: expected the start of an object");
    EXPECT_PANIC(kfree(large + PAGE_SIZE), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree(large + 16), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree(foreign), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree(page), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree(outside), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree((void *)8), "kmalloc: expected an allocated block");
    EXPECT_PANIC(kfree(pmm_page(0)), "kmalloc: expected an allocated block");
    kfree(small);
    kfree(large);
    EXPECT_PANIC(kfree(small), "found a free one");
    EXPECT_PANIC(kmalloc_size(small), "found a free one");
    EXPECT_PANIC(krealloc(small, 10), "found a free one");
    EXPECT_PANIC(kfree(large), "kmalloc: expected an allocated block");
    CHECK(kmalloc_blocks() == 0);
    pmm_check();
}

CASE(kmalloc_exhaustion, "memory that ran out is all there again after the frees")
{
    static void *pointers[20000];

    start_pc(16 * MIB);
    for (unsigned round = 0; round < 20; round++) {
        size_t size = 16 + choose(random, 9000), count = 0;
        size_t before = pmm_free_pages();
        while (count < ARRAY_LENGTH(pointers) && (pointers[count] = kmalloc(size)) != NULL) {
            count++;
        }
        for (size_t i = 0; i < count; i++) {
            kfree(pointers[i]);
        }
        CHECK(before - pmm_free_pages() <= 4);
        pmm_check();
    }
}

int main(int argc, char **argv)
{
    struct choices random = {.state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1};

    for (struct test_case *test = cases; test != NULL; test = test->next) {
        if (argc > 1 && strcmp(test->name, argv[1]) == 0) {
            printf("%s with seed %llu\n", test->name, (unsigned long long)random.state);
            fflush(stdout);
            test->run(&random);
            return 0;
        }
    }
    fprintf(stderr, "usage: %s NAME [SEED]\n", argv[0]);
    return 2;
}
