// The partition table, on a disk that is a sector of memory.
#include "kernel/fs/partition.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define TABLE 446
#define ENTRY_SIZE 16

static uint8_t sector[BLOCK_SECTOR_SIZE];
static int error; // that reading the disk gives

static void start(void *driver, struct block_request *request)
{
    (void)driver;
    REQUIRE(!request->write && request->disk_sector == 0 && request->sector_count == 1);
    memcpy(request->segments[0].data, sector, sizeof(sector));
    request->result = error;
    request->finished = true;
}

static const struct block_operations operations = {.start = start};
static struct block_device disk;

static void make_disk(uint64_t sector_count)
{
    disk = (struct block_device){
        .name = "disk", .operations = &operations, .sector_count = sector_count};
    memset(sector, 0, sizeof(sector));
    sector[510] = 0x55;
    sector[511] = 0xaa;
    error = 0;
}

static void set_entry(unsigned number, uint8_t type, uint32_t first, uint32_t count)
{
    uint8_t *entry = sector + TABLE + (number - 1) * ENTRY_SIZE;
    entry[4] = type;
    memcpy(entry + 8, &first, sizeof(first));
    memcpy(entry + 12, &count, sizeof(count));
}

static int open(unsigned number, struct block_device *partition)
{
    uint8_t type;
    return partition_open(&disk, number, partition, &type);
}

TEST(partition_opens, "a partition has its sectors, its disk's driver and its own name and type")
{
    struct block_device partition;
    uint8_t type = 0;
    make_disk(10000);
    disk.driver = &disk;
    for (unsigned number = 1; number <= 4; number++) {
        set_entry(number, PARTITION_LINUX - (uint8_t)number, 1000 * number, 900 + number);
    }
    for (unsigned number = 1; number <= 4; number++) {
        CHECK_EQUAL(partition_open(&disk, number, &partition, &type), 0);
        CHECK_EQUAL(partition.first_sector, 1000 * number);
        CHECK_EQUAL(partition.sector_count, 900 + number);
        CHECK_EQUAL(type, PARTITION_LINUX - number);
        CHECK(partition.operations == &operations && partition.driver == &disk);
        CHECK(strncmp(partition.name, "diskp", 5) == 0);
        CHECK_EQUAL(partition.name[5], '0' + number);
        CHECK_EQUAL(partition.name[6], '\0');
    }
}

TEST(partition_offset, "the sectors of a partition are counted from its start, and end with it")
{
    struct block_device partition, boot = *block_device(0);
    uint8_t type;
    char direct[BLOCK_SECTOR_SIZE], through[BLOCK_SECTOR_SIZE];
    make_disk(boot.sector_count);
    set_entry(3, PARTITION_LINUX, 100, 50);
    REQUIRE(partition_open(&disk, 3, &partition, &type) == 0);
    partition.operations = boot.operations;
    partition.driver = boot.driver;
    for (unsigned i = 0; i < 50; i += 7) {
        CHECK_EQUAL(block_read(&boot, 100 + i, direct, 1), 0);
        CHECK_EQUAL(block_read(&partition, i, through, 1), 0);
        CHECK(memcmp(direct, through, sizeof(direct)) == 0);
    }
    CHECK_EQUAL(block_read(&partition, 50, through, 1), -EINVAL);
    CHECK_EQUAL(block_read(&partition, (uint64_t)-1, through, 1), -EINVAL);
}

TEST(partition_refused, "entries that are empty, or that the disk does not hold, are refused")
{
    static const struct {
        uint8_t type;
        uint32_t first, count;
        int result;
    } cases[] = {
        {0, 0, 0, -ENODEV},
        {0, 100, 100, -ENODEV},
        {PARTITION_LINUX, 0, 100, -EINVAL}, // the table itself
        {PARTITION_LINUX, 100, 0, -EINVAL},
        {PARTITION_LINUX, 1, 999, 0},
        {PARTITION_LINUX, 1, 1000, -EINVAL},
        {PARTITION_LINUX, 999, 1, 0},
        {PARTITION_LINUX, 1000, 1, -EINVAL},
        {PARTITION_LINUX, UINT32_MAX, 2, -EINVAL}, // the end wraps in 32 bits
        {PARTITION_LINUX, 1, UINT32_MAX, -EINVAL},
        {PARTITION_LINUX, UINT32_MAX, UINT32_MAX, -EINVAL},
    };
    struct block_device partition;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        make_disk(1000);
        set_entry(2, cases[i].type, cases[i].first, cases[i].count);
        CHECK_EQUAL(open(2, &partition), cases[i].result);
    }
    make_disk((uint64_t)1 << 40);
    set_entry(4, PARTITION_LINUX, UINT32_MAX, UINT32_MAX);
    CHECK_EQUAL(open(4, &partition), 0);
    CHECK_EQUAL(partition.first_sector + partition.sector_count, 2 * (uint64_t)UINT32_MAX);
}

TEST(partition_wild, "no table, however wild, gives a partition outside of its disk")
{
    struct block_device partition;
    unsigned opened = 0;
    for (unsigned i = 0; i < 20000; i++) {
        make_disk(test_random() >> test_random_below(64));
        for (unsigned j = TABLE; j < TABLE + 4 * ENTRY_SIZE; j += 4) {
            uint32_t word = (uint32_t)(test_random() >> 32) >> test_random_below(32);
            memcpy(sector + j - 2, &word, sizeof(word));
        }
        if (open(1 + test_random_below(4), &partition) == 0) {
            opened++;
            CHECK(partition.first_sector > 0 && partition.sector_count > 0);
            CHECK(partition.sector_count <= disk.sector_count);
            CHECK(partition.first_sector <= disk.sector_count - partition.sector_count);
        }
    }
    CHECK(opened > 1000);
}

TEST(partition_no_table, "a disk without the mark 55h AAh has no signature and no partitions")
{
    struct block_device partition;
    uint32_t signature = 7;
    for (unsigned i = 510; i < 512; i++) {
        make_disk(1000);
        set_entry(1, PARTITION_LINUX, 1, 1);
        sector[i] = 0;
        CHECK_EQUAL(partition_signature(&disk, &signature), -EINVAL);
        CHECK_EQUAL(open(1, &partition), -EINVAL);
    }
    CHECK_EQUAL(signature, 7);
}

TEST(partition_unreadable, "a disk that cannot be read is not one without a table")
{
    struct block_device partition;
    uint32_t signature;
    make_disk(1000);
    error = -EIO;
    CHECK_EQUAL(partition_signature(&disk, &signature), -EIO);
    CHECK_EQUAL(open(1, &partition), -EIO);
}

TEST(partition_signature, "the signature is in bytes 440 to 443")
{
    uint32_t signature = 0, expected = 0x12345678;
    make_disk(1000);
    memcpy(sector + 440, &expected, sizeof(expected));
    CHECK_EQUAL(partition_signature(&disk, &signature), 0);
    CHECK_EQUAL(signature, expected);
}

TEST_PANIC(partition_number, "there is no partition 5 in the table",
           "panic: assertion failed: number >= 1 && number <= PARTITIONS")
{
    struct block_device partition;
    make_disk(1000);
    open(5, &partition);
}
