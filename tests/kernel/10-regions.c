// kernel/mm/{address_space,demand,user_pages}.c: what the model of 10-address_space.c leaves out.
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/user_pages.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

static void nothing(struct region_source *source)
{
    (void)source;
}

// Each byte of the file is a function of the page's number.
static int64_t read(struct region_source *source, void *to, size_t size, uint64_t offset)
{
    (void)source;
    memset(to, (int)(100 + offset / PAGE_SIZE), size);
    return (int64_t)size;
}

static struct region_source source = {.hold = nothing, .release = nothing, .read = read};

static struct address_space *make_space(void)
{
    struct address_space *space = NULL;
    CHECK_EQUAL(address_space_create(&space), 0);
    return space;
}

static int map_at(struct address_space *space, virt_t start, size_t size, enum region_kind kind)
{
    struct region region = {.end = size, .rights = PAGE_WRITE, .kind = kind};
    return address_space_map(space, &start, &region, false);
}

TEST(regions_bounds, "regions outside of the user half, or not page aligned, are refused")
{
    struct address_space *space = make_space();
    REQUIRE(space);
    static const struct {
        virt_t start;
        size_t size;
    } bad[] = {
        {0x1000, PAGE_SIZE}, {USER_START - PAGE_SIZE, 2 * PAGE_SIZE}, {0x400001, PAGE_SIZE},
        {0x400000, 0}, {0x400000, 100}, {USER_END - PAGE_SIZE, 2 * PAGE_SIZE},
        {USER_END, PAGE_SIZE}, {0xffff800000000000, PAGE_SIZE}, {0x800000000000, PAGE_SIZE},
        {0x400000, 0xfffffffffffff000}, {0xfffffffffffff000, 0x2000}, {0x400000, USER_END},
    };
    for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
        int error = map_at(space, bad[i].start, bad[i].size, REGION_PRIVATE);
        CHECK(error == -EINVAL || error == -ENOMEM);
        CHECK(address_space_unmap(space, bad[i].start, bad[i].start + bad[i].size) != 0 ||
              bad[i].start < USER_START);
        CHECK(address_space_protect(space, bad[i].start, bad[i].start + bad[i].size, 0) != 0);
        CHECK(address_space_remap(space, bad[i].start, bad[i].size, PAGE_SIZE, true, 0) < 0);
    }
    CHECK_EQUAL(map_at(space, USER_START, PAGE_SIZE, REGION_PRIVATE), 0);
    CHECK_EQUAL(map_at(space, USER_END - PAGE_SIZE, PAGE_SIZE, REGION_PRIVATE), 0);
    CHECK_EQUAL(address_space_fault(space, USER_END - 1, ACCESS_WRITE, true), 0);
    CHECK_EQUAL(address_space_fault(space, USER_END, ACCESS_WRITE, true), -EFAULT);
    CHECK_EQUAL(address_space_fault(space, USER_START - 1, ACCESS_READ, true), -EFAULT);
    // More than there is memory is refused, unless nothing of it can be used.
    CHECK_EQUAL(map_at(space, 0x1000000, 1ul << 40, REGION_PRIVATE), -ENOMEM);
    struct region none = {.end = 1ul << 40, .rights = PAGE_NONE};
    virt_t start = 0;
    CHECK_EQUAL(address_space_map(space, &start, &none, false), 0);
    CHECK_EQUAL(address_space_fault(space, start, ACCESS_READ, true), -EFAULT);
    address_space_destroy(space);
}

TEST(regions_stack, "a stack grows down to its limit, and not into what lies below")
{
    struct address_space *space = make_space();
    REQUIRE(space && map_at(space, USER_END - PAGE_SIZE, PAGE_SIZE, REGION_STACK) == 0);
    CHECK_EQUAL(address_space_fault(space, USER_END - 0x100000, ACCESS_WRITE, false), 0);
    CHECK_EQUAL(address_space_fault(space, USER_END - USER_STACK_MAX - 1, ACCESS_WRITE, false),
                -EFAULT);
    CHECK_EQUAL(address_space_fault(space, USER_END - USER_STACK_MAX, ACCESS_WRITE, false),
                -EFAULT);
    virt_t lowest = USER_END - USER_STACK_MAX + PAGE_SIZE;
    REQUIRE(map_at(space, lowest + PAGE_SIZE, PAGE_SIZE, REGION_PRIVATE) == 0);
    CHECK_EQUAL(address_space_fault(space, lowest, ACCESS_WRITE, false), -EFAULT);
    CHECK_EQUAL(address_space_fault(space, lowest + 2 * PAGE_SIZE, ACCESS_WRITE, false), -EFAULT);
    CHECK_EQUAL(address_space_fault(space, lowest + 3 * PAGE_SIZE, ACCESS_WRITE, false), 0);
    address_space_destroy(space);
}

TEST(regions_heap, "the heap grows and shrinks by bytes, and not over others")
{
    struct address_space *space = make_space();
    REQUIRE(space);
    virt_t start = 0x500000;
    space->heap_start = space->heap_end = start;
    CHECK_EQUAL(address_space_break(space, 0), start);
    CHECK_EQUAL(address_space_break(space, start + 1), start + 1);
    CHECK_EQUAL(address_space_fault(space, start + PAGE_SIZE - 1, ACCESS_WRITE, false), 0);
    CHECK_EQUAL(address_space_fault(space, start + PAGE_SIZE, ACCESS_WRITE, false), -EFAULT);
    CHECK_EQUAL(address_space_break(space, start + 10 * PAGE_SIZE), start + 10 * PAGE_SIZE);
    CHECK_EQUAL(space->region_count, 1); // joined
    REQUIRE(map_at(space, start + 12 * PAGE_SIZE, PAGE_SIZE, REGION_PRIVATE) == 0);
    CHECK_EQUAL(address_space_break(space, start + 13 * PAGE_SIZE), start + 10 * PAGE_SIZE);
    CHECK_EQUAL(address_space_break(space, UINT64_MAX), start + 10 * PAGE_SIZE);
    CHECK_EQUAL(address_space_break(space, start - 1), start + 10 * PAGE_SIZE);
    CHECK_EQUAL(address_space_break(space, start + 100), start + 100);
    CHECK_EQUAL(address_space_fault(space, start + PAGE_SIZE, ACCESS_READ, false), -EFAULT);
    CHECK_EQUAL(space->page_count, 1);
    CHECK_EQUAL(space->reserved_count, 2);
    address_space_destroy(space);
}

TEST(regions_many_regions, "there is a limit to how many regions a program may make")
{
    struct address_space *space = make_space();
    unsigned made = 0;
    REQUIRE(space);
    size_t blocks = kmalloc_blocks();
    while (made < 2 * REGIONS_MAX &&
           map_at(space, 0x1000000 + made * 2ul * PAGE_SIZE, PAGE_SIZE, REGION_PRIVATE) == 0) {
        made++;
    }
    CHECK_EQUAL(made, REGIONS_MAX);
    CHECK_EQUAL(kmalloc_blocks(), blocks + REGIONS_MAX);
    address_space_destroy(space);
}

TEST(regions_memory_ends, "a program that takes all memory gets -ENOMEM, the kernel keeps some")
{
    struct address_space *space = make_space(), *copy = NULL;
    size_t free = pmm_free_pages();
    int error = 0;
    REQUIRE(space);
    REQUIRE(map_at(space, 0x1000000, pmm_total_pages() * PAGE_SIZE, REGION_PRIVATE) == 0);
    for (virt_t address = 0x1000000; error == 0; address += PAGE_SIZE) {
        error = address_space_fault(space, address, ACCESS_WRITE, true);
    }
    CHECK_EQUAL(error, -ENOMEM);
    CHECK(pmm_free_pages() > 64 && pmm_free_pages() < free / 4);
    CHECK_EQUAL(address_space_copy(space, &copy), -ENOMEM);
    address_space_destroy(space);
    CHECK(pmm_free_pages() + 64 >= free); // some tables are kept for the next program
}

TEST(regions_without_sleep, "a page of a file is not read where nobody may sleep")
{
    struct address_space *space = make_space();
    virt_t start = 0;
    struct region region = {.end = PAGE_SIZE, .source = &source, .source_end = 100};
    REQUIRE(space && address_space_map(space, &start, &region, false) == 0);
    CHECK_EQUAL(address_space_fault(space, start, ACCESS_READ, false), -EAGAIN);
    CHECK_EQUAL(address_space_fault(space, start, ACCESS_READ, true), 0);
    CHECK_EQUAL(address_space_fault(space, start, ACCESS_READ, false), 0);
    const uint64_t *entry = user_pages_find(&space->table, start);
    REQUIRE(entry && *entry);
    const uint8_t *bytes = phys_to_virt(*entry & PTE_ADDRESS);
    CHECK_EQUAL(bytes[99], 100);
    CHECK_EQUAL(bytes[100], 0); // behind source_end there are zeroes
    address_space_destroy(space);
}

// The byte that a program would find at an address, after a fault for an access.
static int byte_at(struct address_space *space, virt_t address, enum access access)
{
    CHECK_EQUAL(address_space_fault(space, address, access, true), 0);
    const uint64_t *entry = user_pages_find(&space->table, address);
    if (!entry || !*entry) {
        return -1;
    }
    return ((const uint8_t *)phys_to_virt(*entry & PTE_ADDRESS))[address % PAGE_SIZE];
}

static phys_t page_at(const struct address_space *space, virt_t address)
{
    const uint64_t *entry = user_pages_find(&space->table, address);
    return entry ? *entry & PTE_ADDRESS : 0;
}

// As text and data of a program are: the same page of the file is the text's last and the data's
// first one.
TEST(regions_shared_source, "two programs share a file's pages until one of them writes")
{
    struct region_source kept = source;
    struct address_space *spaces[] = {make_space(), make_space()};
    virt_t text = 0x400000, data = 0x500000;
    REQUIRE(spaces[0] && spaces[1] && user_pages_create(&kept.pages) == 0);
    for (unsigned i = 0; i < 2; i++) {
        struct region region = {.end = 2 * PAGE_SIZE, .rights = PAGE_EXECUTE, .source = &kept,
                                .source_end = PAGE_SIZE + 100};
        CHECK_EQUAL(address_space_map(spaces[i], &text, &region, false), 0);
        region.rights = PAGE_WRITE;
        region.offset = PAGE_SIZE;
        region.source_end = 2 * PAGE_SIZE - 50;
        CHECK_EQUAL(address_space_map(spaces[i], &data, &region, false), 0);
        CHECK_EQUAL(byte_at(spaces[i], text, ACCESS_EXECUTE), 100);
        CHECK_EQUAL(byte_at(spaces[i], text + PAGE_SIZE, ACCESS_READ), 101);
        CHECK_EQUAL(byte_at(spaces[i], data + 2000, ACCESS_READ), 101); // behind the text's end
        CHECK_EQUAL(byte_at(spaces[i], data + 2 * PAGE_SIZE - 51, ACCESS_READ), 102);
        CHECK_EQUAL(byte_at(spaces[i], data + 2 * PAGE_SIZE - 50, ACCESS_READ), 0);
    }
    CHECK_EQUAL(page_at(spaces[0], text), page_at(spaces[1], text));
    CHECK_EQUAL(page_at(spaces[0], text + PAGE_SIZE), page_at(spaces[1], data));
    CHECK(page_at(spaces[0], data + PAGE_SIZE) != page_at(spaces[1], data + PAGE_SIZE));
    CHECK_EQUAL(byte_at(spaces[0], data, ACCESS_WRITE), 101);
    CHECK(page_at(spaces[0], data) != page_at(spaces[1], data));
    *(uint8_t *)phys_to_virt(page_at(spaces[0], data)) = 7;
    CHECK_EQUAL(byte_at(spaces[1], data, ACCESS_READ), 101);
    CHECK_EQUAL(byte_at(spaces[0], text + PAGE_SIZE, ACCESS_READ), 101);
    address_space_destroy(spaces[0]);
    address_space_destroy(spaces[1]);
    user_pages_remove(&kept.pages, 0, USER_END);
    user_pages_destroy(&kept.pages);
    CHECK_EQUAL(pmm_used_pages(PAGE_PROGRAM), 0);
}

// As a program can lay its file out: a large segment with one page from the file, of which all but
// the last page is unmapped, and that one grows. Its pages' numbers reach as far as a whole table.
TEST(regions_moved_tail, "behind a file's part there are zeroes, however far that is moved")
{
    struct region_source kept = source;
    struct address_space *space = make_space();
    virt_t start = 0x200000000000, size = 0x400000000000, tail = start + size - PAGE_SIZE;
    struct region region = {.end = size, .source = &kept, .source_end = PAGE_SIZE};
    REQUIRE(space && user_pages_create(&kept.pages) == 0);
    REQUIRE(address_space_map(space, &start, &region, false) == 0);
    REQUIRE(address_space_unmap(space, start, tail) == 0);
    int64_t place = address_space_remap(space, tail, PAGE_SIZE, 0x500000000000, true, 0);
    REQUIRE(place > 0);
    virt_t far = (virt_t)place + 0x400000001000 + 0x100000; // the direct map's number, and 1 MiB
    CHECK_EQUAL(byte_at(space, far, ACCESS_READ), 0);
    CHECK_EQUAL(pmm_used_pages(PAGE_PROGRAM), 1);
    address_space_destroy(space);
    user_pages_remove(&kept.pages, 0, USER_END);
    user_pages_destroy(&kept.pages);
    CHECK_EQUAL(pmm_used_pages(PAGE_PROGRAM), 0);
}
