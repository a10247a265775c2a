// How fast a file is read from the disk, measured against requests for the same sectors and nothing
// else. The figures are notes, which tests/fs/test_throughput.py judges.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/tsc.h"
#include "kernel/fs/ext2.h"
#include "kernel/fs/file.h"
#include "kernel/mm/pmm.h"
#include "kernel/options.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define MEMORY_ORDER 11
#define FILE_SIZE ((size_t)PAGE_SIZE << MEMORY_ORDER) // 8 MiB
#define ROUNDS 5
#define WARM_UPS 3 // the host lets a slow disk be fast at first
#define PIECE 0x10000 // bytes in one call of file_read

struct figures {
    uint64_t spent, idle; // counts of the TSC
};

static struct figures now(void)
{
    return (struct figures){cpu_read_tsc(), clock_idle_tsc()};
}

static void add(struct figures *sum, struct figures start)
{
    struct figures end = now();
    sum->spent += end.spent - start.spent;
    sum->idle += end.idle - start.idle;
}

// Reads the file's blocks as they lie on the disk, each request as large as they allow, into memory;
// or, where that is NULL, takes them out of the cache.
static int each_run(struct inode *inode, char *memory)
{
    struct ext2 *ext2 = ext2_of(inode);
    uint32_t size = ext2->block_size, block;
    unsigned run;
    int error = 0;
    mutex_lock(&ext2->lock);
    for (uint32_t i = 0; i < FILE_SIZE / size && error == 0; i += run) {
        struct block_request request = {0};
        error = ext2_map(ext2_inode_of(inode), i, &block, BLOCK_SEGMENTS_MAX, &run);
        for (unsigned j = 0; error == 0 && j < run; j++) {
            if (memory) {
                request.segments[j].data = memory + (size_t)(i + j) * size;
                request.segments[j].sector_count = size / BLOCK_SECTOR_SIZE;
            } else {
                cache_forget(ext2->cache, block + j);
            }
        }
        if (error == 0 && memory) {
            request.segment_count = run;
            request.sector = (uint64_t)block * (size / BLOCK_SECTOR_SIZE);
            block_start(&ext2->device, &request);
            error = block_finish(&ext2->device, &request);
        }
    }
    mutex_unlock(&ext2->lock);
    return error;
}

static int64_t read_all(struct file *file, char *memory)
{
    int64_t count = 1, offset = 0;
    for (; count > 0; offset += count) {
        struct io io = io_kernel(memory, PIECE);
        count = file_read_at(file, &io, offset);
    }
    return count < 0 ? count : offset;
}

static void note(const char *name, uint64_t value)
{
    test_note("throughput %s %lu", name, value);
}

static void measure(struct file *file, char *memory)
{
    struct figures bare = {0}, whole = {0}, cached = {0};
    for (unsigned i = 0; i < WARM_UPS; i++) {
        REQUIRE(each_run(file->inode, memory) == 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct figures start = now();
        REQUIRE(each_run(file->inode, memory) == 0);
        add(&bare, start);
        REQUIRE(each_run(file->inode, NULL) == 0);
        start = now();
        REQUIRE(read_all(file, memory) == FILE_SIZE);
        add(&whole, start);
        start = now();
        REQUIRE(read_all(file, memory) == FILE_SIZE);
        add(&cached, start);
    }
    note("bare_us", tsc_to_ns(bare.spent) / ROUNDS / CLOCK_NS_PER_US);
    note("bare_idle", bare.idle * 100 / bare.spent);
    note("file_us", tsc_to_ns(whole.spent) / ROUNDS / CLOCK_NS_PER_US);
    note("file_idle", whole.idle * 100 / whole.spent);
    note("cached_us", tsc_to_ns(cached.spent) / ROUNDS / CLOCK_NS_PER_US);
}

TEST(throughput_read, "with the option `throughput` a file is measured against its bare sectors")
{
    static const char path[] = "/throughput";
    char value[2];
    struct file *file;
    if (!options_get("throughput", value, sizeof(value))) {
        return;
    }
    phys_t memory = pmm_alloc_low(MEMORY_ORDER, PAGE_OTHER);
    REQUIRE(memory != 0);
    struct io io = io_kernel(phys_to_virt(memory), FILE_SIZE);
    memset(phys_to_virt(memory), 'x', FILE_SIZE);
    REQUIRE(file_open(NULL, path, O_RDWR | O_CREAT | O_TRUNC, 0644, &file) == 0);
    CHECK_EQUAL(file_write(file, &io), FILE_SIZE);
    CHECK_EQUAL(vfs_sync(), 0);
    measure(file, phys_to_virt(memory));
    file_close(file);
    CHECK_EQUAL(vfs_unlink(NULL, path), 0);
    pmm_free(memory);
}
