// Power cuts at any point of random work over the cache and the journal, with and without errors of
// the device.
#include "journal_model.h"

#include "lib/errno.h"

CASE(power_cut,
     "after a power cut whole transactions are there or not, and all that were committed")
{
    make_pool(150, 1);
    power_cuts(20, 60, 8, 3, 6);
}

CASE(power_cut_long, "the same when the log goes round, with checkpoints and a cache that is full")
{
    make_pool(POOL_MAX, UINT32_MAX - 30);
    power_cuts(8, 250, 60, 3, 3);
}

CASE(power_cut_exhaustive, "the same for every subset of up to 12 sectors")
{
    make_pool(40, 1);
    power_cuts(12, 8, 6, 1, 12);
}

// No block of the log is overwritten before a superblock is safe that says that it is free. Each
// superblock is written when all that the log has is in its place.
static void check_log_space(void)
{
    size_t written = 0, tail = 0, safe_tail = 0; // blocks of the log

    for (size_t i = 0; i < disk.log_count; i++) {
        uint32_t block = disk.log[i] / BLOCK_SECTORS;
        if (disk.log[i] == FLUSH) {
            safe_tail = tail;
        } else if (block == journal_map[0]) {
            tail = written;
        } else if (block > 0 && block < POOL_START && disk.log[i] % BLOCK_SECTORS == 0) {
            written++;
            CHECK(written - safe_tail <= JOURNAL_BLOCKS - 1);
        }
    }
    CHECK(written > 3 * JOURNAL_BLOCKS);
}

CASE(log_reused, "the log's space is not used again before the superblock says so on the disk, if "
                 "each transaction is as large as can be")
{
    uint8_t *begin = malloc(BLOCKS * BLOCK_SECTORS * SECTOR);

    make_pool(POOL_MAX, 1);
    memcpy(begin, disk.data, disk.sector_count * SECTOR);
    cache_blocks = 4 * JOURNAL_BLOCKS;
    add_commit(&now, 0);
    mount();
    for (unsigned i = 0; i < 16; i++) {
        unsigned limit = journal_limit(journal);
        CHECK(COMMITTING(journal_begin(journal, limit), false) == 0);
        for (size_t index = random_below(pool); limit > 0; index = (index + 1) % pool) {
            if (now.role[index] == METADATA) {
                CHECK(change(index, false) == 0);
                limit--;
            }
        }
        CHECK(COMMITTING(journal_commit(journal), true) == 0);
    }
    close_both();
    check_log_space();
    check_cuts(begin, 100, 4, 3);
    free(begin);
}

// ---- Errors of the device ----

// Lets some sectors be bad, or flushes fail, for a while.
static void break_some(void)
{
    failing = true;
    size_t start = random_below(3) == 0 ? 2 : (size_t)POOL_START * BLOCK_SECTORS;
    size_t count = start == 2 ? JOURNAL_BLOCKS * BLOCK_SECTORS : pool * BLOCK_SECTORS;

    for (unsigned i = (unsigned)random_below(20); i > 0; i--) {
        disk.bad[start + random_below(count)] |= 2;
    }
    disk.failing_flushes = random_below(20) == 0;
}

static bool expected_error(int error)
{
    return error == 0 || error == -EIO || (error == -EROFS && journal->aborted);
}

static unsigned aborts, full_logs;

static void work_with_errors(unsigned operations)
{
    for (unsigned i = 0; i < operations && !journal->aborted; i++) {
        if (random_below(10) == 0) {
            random_below(2) == 0 ? break_some() : heal();
        }
        unsigned blocks = operation_size();
        int error = COMMITTING(journal_begin(journal, blocks), false);
        full_logs += error == -EIO && cache_count(cache, BUFFER_RUNNING) == 0;
        if (error == 0) {
            CHECK(change_some(blocks) == 0);
        }
        CHECK(expected_error(error));
        if (random_below(6) == 0 && !journal->aborted) {
            CHECK(expected_error(COMMITTING(journal_commit(journal), true)));
        }
    }
    heal();
    if (journal->aborted) {
        aborts++;
        CHECK(journal_begin(journal, 1) == -EROFS && journal_commit(journal) == -EROFS &&
              journal_checkpoint(journal) == -EROFS && journal_stop(journal) == -EROFS);
    } else {
        CHECK(COMMITTING(journal_commit(journal), true) == 0);
    }
    close_both();
}

CASE(errors,
     "when writes and flushes fail, what was promised holds after a power cut, and the rest "
     "goes on when the device works again")
{
    uint8_t *begin = malloc(BLOCKS * BLOCK_SECTORS * SECTOR);

    make_pool(300, 1);
    for (unsigned i = 0; i < 40; i++) {
        memcpy(begin, disk.data, disk.sector_count * SECTOR);
        commit_count = 0;
        disk_log_clear(&disk);
        add_commit(&now, 0);
        cache_blocks = random_below(2) == 0 ? CACHE_BLOCKS_MIN : 4 * JOURNAL_BLOCKS;
        mount();
        work_with_errors(150);
        check_cuts(begin, 80, 3, 3);
        cut_power(begin);
    }
    free(begin);
    printf("states %llu: given up %u times, the log was full %u times\n",
           (unsigned long long)states, aborts, full_logs);
    CHECK(aborts > 2);
}

CASE(log_full,
     "blocks that can't be put into their places keep their copies in the log; when it is "
     "full nothing new begins, and once they can all goes on")
{
    uint8_t *begin = malloc(BLOCKS * BLOCK_SECTORS * SECTOR);
    int error = 0;

    make_pool(300, 1);
    memcpy(begin, disk.data, disk.sector_count * SECTOR);
    cache_blocks = 4 * JOURNAL_BLOCKS;
    add_commit(&now, 0);
    mount();
    size_t index = pick(METADATA);
    disk.bad[(POOL_START + index) * BLOCK_SECTORS] = 2;
    for (unsigned i = 0; i < 2000 && error == 0; i++) {
        error = COMMITTING(journal_begin(journal, 40), false);
        if (error == 0) {
            for (unsigned k = 0; k < 40; k++) {
                CHECK(change(k == 0 ? index : pick(METADATA), false) == 0);
            }
            CHECK(COMMITTING(journal_commit(journal), true) == 0);
        }
        CHECK(journal->used <= journal->last - journal->first);
    }
    CHECK(error == -EIO && cache_count(cache, BUFFER_RUNNING) == 0);
    CHECK(journal_commit(journal) == 0 && journal_checkpoint(journal) == -EIO);
    CHECK(journal_begin(journal, 1) == -EIO);
    heal();
    CHECK(journal_begin(journal, 1) == 0 && journal->used == 0);
    work(100, 5);
    close_both();
    check_cuts(begin, 100, 3, 3);
    free(begin);
}

CASE(flushes, "a commit flushes twice, one of data once, one of nothing not at all, but when "
              "something was written since; a checkpoint flushes once")
{
    make_pool(60, 1);
    mount();
    CHECK(journal_commit(journal) == 0);
    uint64_t before = disk.flushes;
    CHECK(journal_commit(journal) == 0 && disk.flushes == before);
    CHECK(change(pick(METADATA), false) == 0);
    CHECK(change(pick(DATA), false) == 0);
    CHECK(journal_commit(journal) == 0 && disk.flushes == before + 2);
    CHECK(journal_commit(journal) == 0 && disk.flushes == before + 2);
    CHECK(change(pick(DATA), false) == 0);
    CHECK(journal_commit(journal) == 0 && disk.flushes == before + 3);
    CHECK(change(pick(DATA), false) == 0);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0 && disk.flushes == before + 3);
    CHECK(journal_commit(journal) == 0 && disk.flushes == before + 4);
    CHECK(journal_checkpoint(journal) == 0 && disk.flushes == before + 5);
    CHECK(journal->used == 0 && cache_count(cache, BUFFER_CHECKPOINT) == 0);
    close_both();
}
