// The ATA driver, with the machine's real disks. disk_jobs is for tests on the host's side.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/fs/block.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/options.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define CONTROL 0x3f6 // of the first channel
#define CONTROL_NO_INTERRUPT 2
#define SLAVE_MASK 0xa1
#define LINE_14 0x40
#define REQUEST_SECTORS (BLOCK_SEGMENTS_MAX * (PAGE_SIZE / BLOCK_SECTOR_SIZE))

static struct block_request request;

// Makes a request of whole pages, as many as the sectors need; the memory is kept.
static bool make_request(bool write, uint64_t sector, unsigned count)
{
    request.write = write;
    request.sector = sector;
    request.segment_count = 0;
    for (unsigned left = count; left > 0;) {
        struct block_segment *segment = &request.segments[request.segment_count++];
        if (!segment->data) {
            phys_t page = pmm_alloc_low(0, PAGE_OTHER);
            if (!page) {
                return false;
            }
            segment->data = phys_to_virt(page);
        }
        segment->sector_count = left < 8 ? left : 8;
        left -= segment->sector_count;
    }
    return true;
}

static int transfer(struct block_device *device)
{
    block_start(device, &request);
    return block_finish(device, &request);
}

// The first words of a segment tell what was read.
static uint64_t sum(void)
{
    uint64_t result = 0;
    for (unsigned i = 0; i < request.segment_count; i++) {
        const uint64_t *words = request.segments[i].data;
        for (unsigned j = 0; j < request.segments[i].sector_count * 64; j++) {
            result = result * 31 + words[j];
        }
    }
    return result;
}

static uint64_t expected_sum(void)
{
    make_request(false, 0, REQUEST_SECTORS);
    return transfer(block_device(0)) == 0 ? sum() : 0;
}

static void clear(void)
{
    for (unsigned i = 0; i < request.segment_count; i++) {
        memset(request.segments[i].data, 0, PAGE_SIZE);
    }
}

TEST(ata_lost_interrupt, "an interrupt that does not come costs some milliseconds, not the request")
{
    uint64_t expected = expected_sum();
    REQUIRE(expected != 0);
    // First the drive keeps it to itself, then the controller masks it.
    for (unsigned i = 0; i < 2; i++) {
        clear();
        uint64_t since = clock_now_ns();
        uint8_t mask = in8(SLAVE_MASK);
        block_start(block_device(0), &request);
        if (i == 0) {
            out8(CONTROL, CONTROL_NO_INTERRUPT);
        } else {
            out8(SLAVE_MASK, mask | LINE_14);
        }
        CHECK_EQUAL(block_finish(block_device(0), &request), 0);
        out8(SLAVE_MASK, mask);
        CHECK_EQUAL(sum(), expected);
        CHECK(clock_now_ns() - since < 5 * CLOCK_NS_PER_SECOND); // else it had to time out
    }
}

TEST(ata_stray_interrupt, "interrupts that mean nothing do not end a request early")
{
    uint64_t expected = expected_sum();
    REQUIRE(expected != 0);
    for (unsigned i = 0; i < 20; i++) {
        clear();
        __asm__ volatile("int $46");
        block_start(block_device(0), &request);
        for (unsigned j = 0; j < 10; j++) {
            __asm__ volatile("int $46; int $47");
        }
        CHECK_EQUAL(block_finish(block_device(0), &request), 0);
        CHECK_EQUAL(sum(), expected);
    }
}

TEST(ata_storm, "250,000 interrupts that nobody asked for change nothing")
{
    uint64_t expected = expected_sum();
    REQUIRE(expected != 0);
    clear();
    for (unsigned i = 0; i < 250000; i++) {
        __asm__ volatile("int $46");
    }
    CHECK_EQUAL(transfer(block_device(0)), 0);
    CHECK_EQUAL(sum(), expected);
}

// Results in counts of the time stamp counter: busy and idle ones for a request of 128 KiB.
TEST(ata_costs, "the processor halts while the disk works")
{
    REQUIRE(expected_sum() != 0);
    unsigned count = 100;
    uint64_t start = cpu_read_tsc(), idle_start = clock_idle_tsc();
    for (unsigned i = 0; i < count; i++) {
        request.sector = i * REQUEST_SECTORS;
        CHECK_EQUAL(transfer(block_device(0)), 0);
    }
    uint64_t idle = clock_idle_tsc() - idle_start, all = cpu_read_tsc() - start;
    CHECK(idle > 0);
    test_note("busy %lu", (all - idle) / count);
    test_note("idle %lu", idle / count);
}

static uint64_t number(const char **text)
{
    uint64_t value = 0;
    for (; **text >= '0' && **text <= '9'; ++*text) {
        value = 10 * value + (uint64_t)(**text - '0');
    }
    return value;
}

// Every sector that a job writes holds words that name it: number * 1000 + index.
static void fill(uint64_t sector)
{
    for (unsigned i = 0; i < request.segment_count; i++) {
        uint64_t *words = request.segments[i].data;
        for (unsigned j = 0; j < request.segments[i].sector_count * 64; j++) {
            words[j] = (sector + j / 64) * 1000 + j % 64;
        }
        sector += request.segments[i].sector_count;
    }
}

// Whether what was read is what fill would make, or all zero: 1, 0, or -1.
static int looks(uint64_t sector)
{
    bool filled = true, zero = true;
    for (unsigned i = 0; i < request.segment_count; i++) {
        const uint64_t *words = request.segments[i].data;
        for (unsigned j = 0; j < request.segments[i].sector_count * 64; j++) {
            filled &= words[j] == (sector + j / 64) * 1000 + j % 64;
            zero &= words[j] == 0;
        }
        sector += request.segments[i].sector_count;
    }
    return filled ? 1 : zero ? 0 : -1;
}

// jobs=1r100+8,1w200+256,1f: reads, writes, flushes: disk, sector, count.
TEST(disk_jobs, "what the command line asks for is done")
{
    char jobs[128];
    if (!options_get("jobs", jobs, sizeof(jobs))) {
        return;
    }
    for (const char *job = jobs; *job != '\0'; job += *job == ',') {
        const char *text = job;
        struct block_device *device = block_device((unsigned)number(&job));
        char what = *job++;
        uint64_t sector = number(&job);
        job += *job == '+';
        unsigned count = (unsigned)number(&job);
        REQUIRE(device && count <= REQUEST_SECTORS && strchr("rwf", what));
        int result, data = 0;
        uint64_t since = clock_now_ns();
        if (what == 'f') {
            result = block_flush(device);
        } else {
            REQUIRE(make_request(what == 'w', sector, count));
            if (what == 'w') {
                fill(sector);
            } else {
                memset(request.segments[0].data, 0x77, 8);
            }
            result = transfer(device);
            data = what == 'r' ? looks(sector) : 0;
        }
        test_note("job %.*s result %d data %d ms %lu", (int)(job - text), text, result, data,
                  (clock_now_ns() - since) / CLOCK_NS_PER_MS);
    }
}
