// Several processes on one disk at the same time.
#include "kernel/fs/block.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"
#include "kernel/proc/process.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define READERS 8
#define SECTORS 64 // that are known
#define ROUNDS 300

static uint64_t first_words[SECTORS]; // of the sectors from 0 on
static unsigned running, most_running;

static int check_sectors(struct block_device *disk, uint32_t *random, char *page)
{
    struct block_request request = {.segment_count = 1};
    unsigned count = 1 + *random / 7 % 8;
    request.sector = *random / 64 % (SECTORS - count + 1);
    request.segments[0] = (struct block_segment){.data = page, .sector_count = count};
    *random = *random * 1664525 + 1013904223;
    memset(page, 0x33, PAGE_SIZE);
    block_start(disk, &request);
    running++;
    most_running = running > most_running ? running : most_running;
    int result = block_finish(disk, &request);
    running--;
    for (unsigned i = 0; i < count; i++) {
        uint64_t word;
        memcpy(&word, page + i * BLOCK_SECTOR_SIZE, sizeof(word));
        result |= word != first_words[request.sector + i];
    }
    return result;
}

// Ends with the number of requests that went wrong.
static int reader(void *argument)
{
    uint32_t random = (uint32_t)(virt_t)argument * 12345 + 1;
    phys_t page = pmm_alloc_low(0, PAGE_OTHER);
    int wrong = 0;
    for (unsigned i = 0; page && i < ROUNDS; i++) {
        wrong += check_sectors(block_device(0), &random, phys_to_virt(page)) != 0;
        if (i % 50 == 49) {
            wrong += block_flush(block_device(0)) != 0;
        }
    }
    pmm_free(page);
    return wrong;
}

TEST(disk_shared, "processes that use a channel at the same time each get their own sectors")
{
    char sector[BLOCK_SECTOR_SIZE];
    for (unsigned i = 0; i < SECTORS; i++) {
        REQUIRE(block_read(block_device(0), i, sector, 1) == 0);
        memcpy(&first_words[i], sector, sizeof(first_words[i]));
    }
    running = most_running = 0;
    for (virt_t i = 0; i < READERS; i++) {
        CHECK(process_create("reader", reader, (void *)i) > 0);
    }
    for (unsigned i = 0; i < READERS; i++) {
        int wrong = -1;
        CHECK(process_wait(-1, &wrong) > 0);
        CHECK_EQUAL(wrong, 0);
    }
    CHECK(most_running > 1); // a request was started before another one was finished
    CHECK_EQUAL(running, 0);
}
