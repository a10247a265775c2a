// The block layer, with the boot disk below it. What is written goes to sectors of the boot area
// that nobody needs any more, and is put back.
#include "kernel/cpu/clock.h"
#include "kernel/fs/block.h"
#include "kernel/fs/partition.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define AREA 1536 // first sector of those that are written
#define AREA_SECTORS 256
#define PAGE_SECTORS (PAGE_SIZE / BLOCK_SECTOR_SIZE)
#define PAGES BLOCK_SEGMENTS_MAX

// A page for each segment.
static char *pages[PAGES];

static bool get_pages(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        phys_t page = pmm_alloc_low(0, PAGE_OTHER);
        pages[i] = page ? phys_to_virt(page) : NULL;
        if (!page) {
            return false;
        }
    }
    return true;
}

static void give_pages_back(void)
{
    for (unsigned i = 0; i < PAGES; i++) {
        pmm_free(virt_to_phys(pages[i]));
    }
}

static struct block_device *disk(void)
{
    return block_device(0);
}

// Every sector's bytes say which one it is.
static void fill_sector(char *data, uint64_t sector, uint64_t seed)
{
    uint64_t words[BLOCK_SECTOR_SIZE / sizeof(uint64_t)];
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
        words[i] = (sector << 8 ^ seed) * 0x9e3779b97f4a7c15 + i;
    }
    memcpy(data, words, sizeof(words));
}

static bool sector_is(const char *data, uint64_t sector, uint64_t seed)
{
    char expected[BLOCK_SECTOR_SIZE];
    fill_sector(expected, sector, seed);
    return memcmp(data, expected, sizeof(expected)) == 0;
}

static int transfer(struct block_request *request)
{
    block_start(disk(), request);
    return block_finish(disk(), request);
}

// Cuts `count` sectors into random segments, each somewhere in a page of its own; the last ones are
// as large as they have to be.
static void cut(struct block_request *request, unsigned count)
{
    request->segment_count = 0;
    for (unsigned left = count; left > 0;) {
        unsigned pages_left = PAGES - request->segment_count;
        unsigned most = left < PAGE_SECTORS ? left : PAGE_SECTORS;
        // What does not fit into the pages behind this one must be here.
        unsigned others = (pages_left - 1) * PAGE_SECTORS;
        unsigned least = left > others ? left - others : 1;
        unsigned size = least + test_random_below(most - least + 1);
        unsigned offset = test_random_below(PAGE_SECTORS - size + 1);
        request->segments[request->segment_count] = (struct block_segment){
            .data = pages[request->segment_count] + offset * BLOCK_SECTOR_SIZE,
            .sector_count = size,
        };
        request->segment_count++;
        left -= size;
    }
}

static void fill(const struct block_request *request, uint64_t seed)
{
    uint64_t sector = request->sector;
    for (unsigned i = 0; i < request->segment_count; i++) {
        for (unsigned j = 0; j < request->segments[i].sector_count; j++) {
            fill_sector((char *)request->segments[i].data + j * BLOCK_SECTOR_SIZE, sector++, seed);
        }
    }
}

static unsigned count_wrong(const struct block_request *request, uint64_t seed)
{
    unsigned wrong = 0;
    uint64_t sector = request->sector;
    for (unsigned i = 0; i < request->segment_count; i++) {
        for (unsigned j = 0; j < request->segments[i].sector_count; j++) {
            char *data = (char *)request->segments[i].data + j * BLOCK_SECTOR_SIZE;
            wrong += !sector_is(data, sector++, seed);
        }
    }
    return wrong;
}

static void set_pages(int byte)
{
    for (unsigned i = 0; i < PAGES; i++) {
        memset(pages[i], byte, PAGE_SIZE);
    }
}

// How many bytes outside of the request's segments are not as set_pages left them.
static unsigned count_strays(const struct block_request *request, char byte)
{
    unsigned strays = 0;
    for (unsigned i = 0; i < PAGES; i++) {
        size_t start = 0, end = 0;
        if (i < request->segment_count) {
            start = (size_t)((char *)request->segments[i].data - pages[i]);
            end = start + (size_t)request->segments[i].sector_count * BLOCK_SECTOR_SIZE;
        }
        for (size_t at = 0; at < PAGE_SIZE; at++) {
            strays += (at < start || at >= end) && pages[i][at] != byte;
        }
    }
    return strays;
}

TEST(block_layouts,
     "requests of 1 to 256 sectors in segments of any layout read and write the right "
     "bytes, and no others")
{
    char *saved = kmalloc(AREA_SECTORS * BLOCK_SECTOR_SIZE);
    REQUIRE(saved && get_pages());
    REQUIRE(block_read(disk(), AREA, saved, AREA_SECTORS) == 0);
    struct block_request request = {.sector = AREA, .write = true};
    cut(&request, AREA_SECTORS);
    fill(&request, 0);
    CHECK_EQUAL(transfer(&request), 0);
    for (unsigned count = 1; count <= AREA_SECTORS; count++) {
        uint64_t sector = AREA + test_random_below(AREA_SECTORS - count + 1);
        request = (struct block_request){.sector = sector};
        cut(&request, count);
        set_pages(0x55);
        CHECK_EQUAL(transfer(&request), 0);
        CHECK_EQUAL(count_wrong(&request, 0), 0);
        CHECK_EQUAL(count_strays(&request, 0x55), 0);

        // Written with another pattern in another layout, seen in the whole area.
        request = (struct block_request){.sector = sector, .write = true};
        cut(&request, count);
        fill(&request, count);
        CHECK_EQUAL(transfer(&request), 0);
        request = (struct block_request){.sector = AREA};
        cut(&request, AREA_SECTORS);
        CHECK_EQUAL(transfer(&request), 0);
        CHECK_EQUAL(count_wrong(&request, 0), count);
        CHECK_EQUAL(count_wrong(&request, count), AREA_SECTORS - count);
        request = (struct block_request){.sector = sector, .write = true};
        cut(&request, count);
        fill(&request, 0);
        CHECK_EQUAL(transfer(&request), 0);
    }
    CHECK_EQUAL(block_write(disk(), AREA, saved, AREA_SECTORS), 0);
    give_pages_back();
    kfree(saved);
}

TEST(block_bounds, "sectors that the device does not have are refused before any driver sees them")
{
    static const struct {
        uint64_t from_end, count;
    } cases[] = {{0, 1}, {1, 2}, {255, 256}, {UINT64_MAX, 1}};
    REQUIRE(get_pages());
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct block_request request = {.sector = disk()->sector_count - cases[i].from_end};
        cut(&request, (unsigned)cases[i].count);
        CHECK_EQUAL(transfer(&request), -EINVAL);
    }
    struct block_request far = {.sector = UINT64_MAX};
    cut(&far, 2); // the end wraps around to 1
    CHECK_EQUAL(transfer(&far), -EINVAL);
    struct block_request last = {.sector = disk()->sector_count - 1};
    cut(&last, 1);
    CHECK_EQUAL(transfer(&last), 0);
    give_pages_back();
    char byte;
    CHECK_EQUAL(block_read(disk(), disk()->sector_count, &byte, 1), -EINVAL);
    CHECK_EQUAL(block_write(disk(), disk()->sector_count, &byte, 1), -EINVAL);
}

TEST(block_memory, "block_read and block_write take memory of any alignment")
{
    char *saved = kmalloc(32 * BLOCK_SECTOR_SIZE), *memory = kmalloc(32 * BLOCK_SECTOR_SIZE + 64);
    REQUIRE(saved && memory);
    REQUIRE(block_read(disk(), AREA, saved, 32) == 0);
    for (unsigned count = 1; count <= 32; count++) {
        char *data = memory + 1 + test_random_below(31);
        uint64_t seed = count + 1000;
        for (unsigned i = 0; i < count; i++) {
            fill_sector(data + i * BLOCK_SECTOR_SIZE, AREA + i, seed);
        }
        char before = data[-1], behind = data[count * BLOCK_SECTOR_SIZE];
        CHECK_EQUAL(block_write(disk(), AREA, data, count), 0);
        memset(data, 0, count * BLOCK_SECTOR_SIZE);
        CHECK_EQUAL(block_read(disk(), AREA, data, count), 0);
        for (unsigned i = 0; i < count; i++) {
            CHECK(sector_is(data + i * BLOCK_SECTOR_SIZE, AREA + i, seed));
        }
        CHECK(data[-1] == before && data[count * BLOCK_SECTOR_SIZE] == behind);
    }
    CHECK_EQUAL(block_write(disk(), AREA, saved, 32), 0);
    kfree(memory);
    kfree(saved);
}

TEST(block_overlap, "requests that are started before others are finished come to their own end")
{
    static struct block_request requests[8];
    REQUIRE(get_pages());
    char *expected = kmalloc(8 * BLOCK_SECTOR_SIZE);
    REQUIRE(expected);
    REQUIRE(block_read(disk(), 0, expected, 8) == 0);
    set_pages(0);
    for (unsigned i = 0; i < 8; i++) {
        requests[i] = (struct block_request){
            .sector = i == 5 ? disk()->sector_count : i,
            .segment_count = 1,
            .segments = {{.data = pages[i], .sector_count = 1}},
        };
        block_start(disk(), &requests[i]);
    }
    CHECK_EQUAL(block_flush(disk()), 0);
    for (unsigned i = 8; i-- > 0;) { // the last first
        CHECK_EQUAL(block_finish(disk(), &requests[i]), i == 5 ? -EINVAL : 0);
        CHECK(i == 5 || memcmp(pages[i], expected + i * BLOCK_SECTOR_SIZE, BLOCK_SECTOR_SIZE) == 0);
    }
    kfree(expected);
    give_pages_back();
}

TEST(block_no_leak, "what is read and written leaves no memory behind")
{
    char sector[BLOCK_SECTOR_SIZE];
    CHECK_EQUAL(block_read(disk(), 0, sector, 1), 0);
    size_t free = pmm_free_pages(), blocks = kmalloc_blocks();
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(block_read(disk(), i, sector, 1), 0);
        CHECK_EQUAL(block_read(disk(), UINT64_MAX - i, sector, 1), -EINVAL);
    }
    CHECK_EQUAL(pmm_free_pages(), free);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}

TEST(block_list, "the disks are listed by number, and there is nothing behind the last")
{
    REQUIRE(block_device(0) != NULL);
    CHECK_STRING(block_device(0)->name, "ata0");
    CHECK(block_device(BLOCK_DEVICES_MAX) == NULL);
    CHECK(block_device(UINT32_MAX) == NULL);
}

static void start_segment(char *data, uint32_t sector_count)
{
    struct block_request request = {.segment_count = 1, .segments = {{data, sector_count}}};
    transfer(&request);
}

TEST_PANIC(block_unaligned, "a segment that is not aligned to sectors is caught",
           "panic: assertion failed: .*BLOCK_SECTOR_SIZE")
{
    start_segment((char *)phys_to_virt(pmm_alloc_low(0, PAGE_OTHER)) + 16, 1);
}

TEST_PANIC(block_two_pages, "a segment that leaves its page is caught",
           "panic: assertion failed: .*PAGE_SIZE")
{
    start_segment((char *)phys_to_virt(pmm_alloc_low(1, PAGE_OTHER)) + BLOCK_SECTOR_SIZE, 8);
}

TEST_PANIC(block_empty_segment, "a segment without sectors is caught",
           "panic: assertion failed: .*sector_count > 0")
{
    start_segment(phys_to_virt(pmm_alloc_low(0, PAGE_OTHER)), 0);
}

TEST_PANIC(block_too_many, "more disks than there is room for are not taken silently",
           "panic: block_register: no room for another")
{
    struct block_device device = {.name = "another"};
    for (unsigned i = 0; i <= BLOCK_DEVICES_MAX; i++) {
        block_register(&device);
    }
}
