// Tests of the chapter's cache and journal on the host, without a file system above them:
// `journal_cases NAME SEED` runs one of those in journal_power.c and journal_logs.c.
#include "journal_model.h"

#include "kernel/mm/kmalloc.h"

#include <inttypes.h>

struct test_case *cases;

// ---- A journal in an image that others made ----

static bool on_image(void *context, uint32_t block)
{
    const struct block_device *device = context;
    return block > 0 && block < device->sector_count / (cache_block_size(cache) / SECTOR);
}

// Replays the journal that lies in the blocks whose numbers come from standard input, and prints
// the result.
static int replay_image(const char *path, size_t block_size)
{
    struct host_disk *image = host_disk_open(path, HOST_DISK_WRITE);
    struct block_device *device = host_disk_device(image);
    uint32_t *blocks = kmalloc((1 << 20) * sizeof(*blocks)), count = 0;

    while (count < 1 << 20 && scanf("%" SCNu32, &blocks[count]) == 1) {
        count++;
    }
    CHECK(cache_create(device, block_size, CACHE_BLOCKS_MIN, &cache) == 0);
    int result = journal_open(cache, blocks, count, &journal);
    if (result == 0) {
        result = journal_replay(journal, on_image, device);
        journal_close(journal);
    }
    cache_destroy(cache);
    host_disk_close(image);
    printf("%d\n", result);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc >= 3);
    if (strcmp(argv[1], "image") == 0) {
        return replay_image(argv[2], strtoul(argv[3], NULL, 0));
    }
    random_state = strtoull(argv[2], NULL, 0);
    alarm(300);
    for (struct test_case *test = cases; test != NULL; test = test->next) {
        if (strcmp(test->name, argv[1]) == 0) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
