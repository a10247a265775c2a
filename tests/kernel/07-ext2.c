// What lies under the names: blocks, inodes, the orphan list, and what they cost.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/fs/ext2.h"
#include "kernel/mm/kmalloc.h"
#include "tests/kernel/files.h"

#define TOP "/ext2-test"
#define PAGE 4096
#define COST_PAGES 2000 // of a file: of 4 KiB blocks half hang on the double indirect block

static struct ext2 *root_ext2(void)
{
    return (struct ext2 *)vfs_root()->filesystem;
}

static struct filesystem_statistics root_space(void)
{
    struct filesystem_statistics space;
    vfs_root()->filesystem->operations->statistics(vfs_root()->filesystem, &space);
    return space;
}

// Opens a file for both, and makes or empties it.
static struct file *make(struct inode *base, const char *path)
{
    struct file *file = NULL;
    CHECK_EQUAL(file_open(base, path, O_RDWR | O_CREAT | O_TRUNC, 0644, &file), 0);
    return file;
}

static int64_t put(struct file *file, const void *data, size_t size, int64_t offset)
{
    struct io io = io_kernel(data, size);
    return file_write_at(file, &io, offset);
}

static int64_t get(struct file *file, void *data, size_t size, int64_t offset)
{
    struct io io = io_kernel(data, size);
    return file_read_at(file, &io, offset);
}

static bool all(const char *data, char byte, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != byte) {
            return false;
        }
    }
    return true;
}

// Instructions, where the time stamp counter counts them; without waiting for the disk.
static uint64_t work(void)
{
    return cpu_read_tsc() - clock_idle_tsc();
}

// Reads or writes the file's pages in an order, and notes what one costs.
static void measure(const char *name, struct file *file, char *page, bool write, uint32_t step)
{
    uint64_t start = work(), idle = clock_idle_tsc();
    for (uint32_t i = 0, at = 0; i < COST_PAGES; i++, at = (at + step) % COST_PAGES) {
        int64_t done = write ? put(file, page, PAGE, (int64_t)at * PAGE)
                             : get(file, page, PAGE, (int64_t)at * PAGE);
        REQUIRE(done == PAGE);
    }
    test_note("ext2 %s %lu", name, (work() - start) / COST_PAGES);
    test_note("ext2 %s_idle %lu", name, (clock_idle_tsc() - idle) / COST_PAGES);
}

TEST(ext2_costs, "what it costs to read and to write 4 KiB of a file")
{
    struct inode *top = files_begin(TOP);
    char *page = kmalloc(PAGE);
    struct file *file = make(top, "costs");
    REQUIRE(top && page && file);
    memset(page, 'c', PAGE);
    measure("write_new", file, page, true, 1);
    measure("write_again", file, page, true, 1);
    measure("read", file, page, false, 1);
    measure("read_random", file, page, false, 777);
    uint64_t start = work();
    CHECK_EQUAL(file_truncate(file, 0), 0);
    test_note("ext2 truncate %lu", (work() - start) / COST_PAGES);
    file_close(file);
    kfree(page);
    files_end(top, TOP);
}

// Puts something into the last bytes of a file block of each level, and looks at it and its
// neighbourhood.
static void check_levels(struct file *file, uint64_t block_size, char *data)
{
    uint64_t words = block_size / sizeof(uint32_t);
    uint64_t levels[] = {0, 11, 12, 12 + words - 1, 12 + words, 12 + words + words * words - 1,
                         12 + words + words * words};

    for (size_t i = 0; i < ARRAY_LENGTH(levels); i++) {
        uint64_t end = (levels[i] + 1) * block_size;
        REQUIRE(end < ext2_size_max(root_ext2()));
        CHECK_EQUAL(put(file, "four", 4, (int64_t)end - 4), 4);
        CHECK(file->inode->size == end);
        CHECK_EQUAL(get(file, data, PAGE, (int64_t)(end - block_size)), (int64_t)block_size);
        CHECK(all(data, 0, block_size - 4) && memcmp(data + block_size - 4, "four", 4) == 0);
    }
}

TEST(ext2_levels, "blocks of all levels are written and read, and all of them come back")
{
    struct inode *top = files_begin(TOP);
    char *data = kmalloc(PAGE);
    struct file *file = make(top, "levels");
    REQUIRE(top && data && file);
    struct filesystem_statistics before = root_space(), after;
    check_levels(file, before.block_size, data);
    // Seven blocks of data; one, two and three to find the last ones, and one more for the fifth.
    CHECK_EQUAL(file->inode->sector_count * 512, (7 + 1 + 3 + 3) * (uint64_t)before.block_size);
    CHECK_EQUAL(file_truncate(file, 1), 0);
    CHECK_EQUAL(file->inode->sector_count * 512, before.block_size);
    CHECK_EQUAL(file_truncate(file, PAGE), 0);
    CHECK_EQUAL(get(file, data, PAGE, 0), PAGE);
    CHECK(all(data, 0, PAGE));
    CHECK_EQUAL(file_truncate(file, 0), 0);
    after = root_space();
    CHECK_EQUAL(after.free_blocks, before.free_blocks);
    file_close(file);
    kfree(data);
    files_end(top, TOP);
}

TEST(ext2_tail, "what was cut off is gone when a file gets longer again")
{
    struct inode *top = files_begin(TOP);
    char *data = kmalloc(PAGE);
    struct file *file = make(top, "tail");
    REQUIRE(top && data && file);
    memset(data, 'x', PAGE);
    CHECK_EQUAL(put(file, data, PAGE, 0), PAGE);
    CHECK_EQUAL(file_truncate(file, 100), 0);
    CHECK_EQUAL(put(file, "end", 3, 3000), 3);
    CHECK_EQUAL(get(file, data, PAGE, 0), 3003);
    CHECK(all(data, 'x', 100) && all(data + 100, 0, 2900) && memcmp(data + 3000, "end", 3) == 0);
    CHECK_EQUAL(file_truncate(file, 50), 0);
    CHECK_EQUAL(file_truncate(file, 3000), 0);
    CHECK_EQUAL(get(file, data, PAGE, 0), 3000);
    CHECK(all(data, 'x', 50) && all(data + 50, 0, 2950));
    file_close(file);
    kfree(data);
    files_end(top, TOP);
}

TEST(ext2_unlinked, "a file without a name lives on the orphan list as long as somebody holds it")
{
    struct inode *top = files_begin(TOP);
    struct file *files[3];
    char text[] = "still here";

    REQUIRE(top);
    for (unsigned i = 0; i < ARRAY_LENGTH(files); i++) {
        char name[] = {(char)('a' + i), '\0'};
        files[i] = make(top, name);
        REQUIRE(files[i]);
        CHECK_EQUAL(put(files[i], text, sizeof(text), 0), sizeof(text));
        CHECK_EQUAL(vfs_unlink(top, name), 0);
        CHECK_EQUAL(root_ext2()->super->last_orphan, files[i]->inode->number);
    }
    struct filesystem_statistics before = root_space(), after;
    static const uint8_t order[] = {1, 2, 0};
    for (unsigned i = 0; i < ARRAY_LENGTH(order); i++) {
        struct file *file = files[order[i]];
        memset(text, 0, sizeof(text));
        CHECK_EQUAL(get(file, text, sizeof(text), 0), sizeof(text));
        CHECK_STRING(text, "still here");
        file_close(file);
        after = root_space();
        CHECK_EQUAL(after.free_blocks, before.free_blocks + i + 1);
        CHECK_EQUAL(after.free_inodes, before.free_inodes + i + 1);
    }
    CHECK_EQUAL(root_ext2()->super->last_orphan, 0);
    files_end(top, TOP);
}

// Takes a file's blocks out of the cache.
static void forget(struct inode *inode)
{
    struct ext2 *ext2 = root_ext2();
    uint32_t block;

    CHECK_EQUAL(vfs_sync(), 0);
    mutex_lock(&ext2->lock);
    for (uint32_t i = 0; i < ext2_blocks_of(ext2_inode_of(inode)); i++) {
        CHECK_EQUAL(ext2_map(ext2_inode_of(inode), i, &block, 1, NULL), 0);
        cache_forget(ext2->cache, block);
    }
    ext2_inode_of(inode)->read_next = UINT32_MAX;
    mutex_unlock(&ext2->lock);
}

TEST(ext2_read_ahead, "who reads here and there gets no read-ahead, who reads on gets it")
{
    struct inode *top = files_begin(TOP);
    struct file *file = make(top, "ahead");
    uint32_t block_size = root_ext2()->block_size, blocks = 256, wanted = 16;
    char *data = kcalloc(blocks, block_size);

    REQUIRE(top && data && file);
    CHECK_EQUAL(put(file, data, blocks * block_size, 0), blocks * block_size);
    forget(file->inode);
    uint64_t before = cache_statistics().misses;
    for (uint32_t i = 0; i < wanted; i++) {
        get(file, data, block_size, (int64_t)(i * 101 + 7) % blocks * block_size);
    }
    CHECK_EQUAL(cache_statistics().misses, before + wanted);
    forget(file->inode);
    before = cache_statistics().misses;
    for (uint32_t i = 0; i < 4; i++) {
        get(file, data, block_size, (int64_t)(i + 100) * block_size);
    }
    uint64_t misses = cache_statistics().misses - before;
    CHECK(misses > CACHE_READ_AHEAD_MAX && misses <= 2 * CACHE_READ_AHEAD_MAX + 4);
    CHECK_EQUAL(get(file, data, 16 * (size_t)block_size, 104 * (int64_t)block_size),
                16 * block_size);
    CHECK_EQUAL(cache_statistics().misses, before + misses);
    file_close(file);
    kfree(data);
    files_end(top, TOP);
}

TEST(ext2_quarantine,
     "blocks freed are kept out of use until the next checkpoint, then they are used")
{
    struct inode *top = files_begin(TOP);
    struct ext2 *ext2 = root_ext2();
    uint32_t first, second;

    REQUIRE(top);
    mutex_lock(&ext2->lock);
    REQUIRE(ext2_begin(ext2, 4 * 3) == 0);
    CHECK_EQUAL(ext2_block_allocate(ext2, ext2->block_count / 2, &first), 0);
    CHECK_EQUAL(ext2_block_free(ext2, first), 0);
    CHECK_EQUAL(ext2_block_allocate(ext2, first, &second), 0);
    CHECK(second != first);
    ext2_block_return(ext2, second);
    CHECK_EQUAL(ext2_end(ext2, 0), 0);
    CHECK_EQUAL(ext2_commit(ext2), 0);
    CHECK(ext2_make_room(ext2));
    CHECK(!ext2_make_room(ext2)); // nothing waits any more
    REQUIRE(ext2_begin(ext2, 2 * 3) == 0);
    CHECK_EQUAL(ext2_block_allocate(ext2, first, &second), 0);
    CHECK_EQUAL(second, first);
    ext2_block_return(ext2, second);
    CHECK_EQUAL(ext2_end(ext2, 0), 0);
    mutex_unlock(&ext2->lock);
    files_end(top, TOP);
}
