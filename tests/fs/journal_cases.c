// Tests of the chapter's cache and journal on the host, without a file system above them:
// `journal_cases NAME SEED` runs one. What a file system would do is played by a model: blocks of
// metadata and of data that are taken, changed and freed in operations.
#include "volatile_disk.h"

#include "host.h"
#include "kernel/fs/jbd.h"
#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"

#include <inttypes.h>
#include <unistd.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

static struct test_case *cases;

// Defines a test; test_journal.py finds its name and claim in this text.
#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(void);                                                             \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(void)

// ---- The disk: a superblock of ours, the journal, the pool ----

#define BLOCK 1024
#define BLOCK_SECTORS (BLOCK / SECTOR)
#define JOURNAL_BLOCKS 1024
#define POOL_START (1 + JOURNAL_BLOCKS)
#define POOL_MAX 700
#define BLOCKS (POOL_START + POOL_MAX)

static struct volatile_disk disk, copy;
static size_t pool; // blocks of it that are used
static size_t cache_blocks = CACHE_BLOCKS_MIN;
static uint32_t journal_map[JOURNAL_BLOCKS]; // shuffled in pieces

static void make_map(void)
{
    uint32_t pieces[16];

    for (uint32_t i = 0; i < 16; i++) {
        uint32_t k = (uint32_t)random_below(i + 1);
        pieces[i] = pieces[k];
        pieces[k] = i;
    }
    for (uint32_t i = 0; i < JOURNAL_BLOCKS; i++) {
        journal_map[i] = 1 + pieces[i / 64] * 64 + i % 64;
    }
}

static struct jbd_superblock *super_of(struct volatile_disk *on)
{
    return (struct jbd_superblock *)(on->data + (size_t)journal_map[0] * BLOCK);
}

// An empty journal, as mke2fs makes it.
static void make_journal(uint32_t sequence)
{
    make_map();
    *super_of(&disk) = (struct jbd_superblock){
        .header = {big_endian(JBD_MAGIC), big_endian(JBD_SUPER_V2), 0},
        .blocksize = big_endian(BLOCK),
        .maxlen = big_endian(JOURNAL_BLOCKS),
        .first = big_endian(1),
        .sequence = big_endian(sequence),
        .error = big_endian(77),
        .uuid = "sixteen bytes...",
    };
}

static struct cache *cache;
static struct journal *journal;

static void open_cache(struct volatile_disk *on)
{
    CHECK(cache_create(&on->device, BLOCK, cache_blocks, &cache) == 0);
}

static int open_journal(void)
{
    uint32_t *blocks = kmalloc(sizeof(journal_map));
    CHECK(blocks != NULL);
    memcpy(blocks, journal_map, sizeof(journal_map));
    return journal_open(cache, blocks, JOURNAL_BLOCKS, &journal);
}

static void close_both(void)
{
    if (journal != NULL) {
        journal_close(journal);
        journal = NULL;
    }
    cache_destroy(cache);
    cache = NULL;
    CHECK(host_allocated() == 0);
}

static bool valid(void *context, uint32_t block)
{
    (void)context;
    return block >= POOL_START && block < BLOCKS;
}

// ---- The model ----

enum role {
    FREE,
    WAITING, // freed, until the next checkpoint
    METADATA,
    DATA,
};

struct model {
    uint8_t role[POOL_MAX];
    uint32_t version[POOL_MAX]; // of what it holds: each change has a new one
};

// What was committed, and the cut points between which it came to hold.
struct commit {
    struct model model;
    size_t begin, end;
};

static struct model now;
static uint32_t versions;
static struct commit *commits;
static size_t commit_count, commit_size;

static void add_commit(const struct model *model, size_t begin)
{
    if (commit_count == commit_size) {
        commit_size = commit_size * 2 + 64;
        commits = realloc(commits, commit_size * sizeof(*commits));
        CHECK(commits != NULL);
    }
    commits[commit_count++] = (struct commit){*model, begin, disk.log_count};
}

// A sector's contents; some begin with the journal's magic.
static void fill_sector(uint32_t *words, size_t index, uint32_t version, unsigned half)
{
    uint32_t word = (uint32_t)index * 2654435769u ^ version * 2246822519u;

    for (unsigned i = 0; i < SECTOR / 4; i++) {
        words[i] = word + i;
    }
    words[0] = version % 5 == 0 ? big_endian(JBD_MAGIC) : version;
    words[1] = version;
    words[2] = half;
}

static void fill(void *data, size_t index, uint32_t version)
{
    for (unsigned half = 0; half < BLOCK_SECTORS; half++) {
        fill_sector((uint32_t *)data + half * SECTOR / 4, index, version, half);
    }
}

// The version that a sector holds; 0 for one that holds none.
static uint32_t version_of(const uint8_t *data, size_t index, unsigned half)
{
    const uint32_t *words = (const uint32_t *)(data + half * SECTOR);
    uint32_t expected[SECTOR / 4];

    fill_sector(expected, index, words[1], half);
    return memcmp(words, expected, SECTOR) == 0 ? words[1] : 0;
}

static const uint8_t *pool_data(const struct volatile_disk *on, size_t index)
{
    return on->data + (POOL_START + index) * BLOCK;
}

// Whether metadata are exactly the model's, and data at least as new.
static bool holds(const struct volatile_disk *on, const struct model *model)
{
    for (size_t i = 0; i < pool; i++) {
        for (unsigned half = 0; half < BLOCK_SECTORS && model->role[i] >= METADATA; half++) {
            uint32_t version = version_of(pool_data(on, i), i, half);
            if (version < model->version[i] ||
                (model->role[i] == METADATA && version != model->version[i])) {
                return false;
            }
        }
    }
    return true;
}

// ---- Operations ----

static void checkpointed(void *context)
{
    (void)context;
    for (size_t i = 0; i < pool; i++) {
        now.role[i] = now.role[i] == WAITING ? FREE : now.role[i];
    }
}

static bool failing; // the device does: journal_begin does not tell whether data were lost

// Notes a commit if there was one: `result` 0 promises all, and a new sequence number that the
// transaction holds, but not all data.
static int committing(int result, uint32_t sequence, const struct model *before, size_t begin,
                      bool all)
{
    struct model model = *before;

    for (size_t i = 0; i < pool && (result != 0 || (!all && failing)); i++) {
        model.version[i] = model.role[i] == DATA ? 0 : model.version[i];
    }
    if ((result == 0 && all) || journal->sequence != sequence || journal_aborted(journal)) {
        add_commit(&model, begin);
        if (journal->sequence == sequence && journal_aborted(journal)) {
            commits[commit_count - 1].end = SIZE_MAX; // nobody knows
        }
    }
    return result;
}
#define COMMITTING(call, all)                                                                      \
    ({                                                                                             \
        struct model before_ = now;                                                                \
        uint32_t sequence_ = journal->sequence;                                                    \
        size_t begin_ = disk.log_count;                                                            \
        committing(call, sequence_, &before_, begin_, all);                                        \
    })

static size_t pick(enum role role)
{
    size_t start = random_below(pool);

    for (size_t i = 0; i < pool; i++) {
        if (now.role[(start + i) % pool] == role) {
            return (start + i) % pool;
        }
    }
    return SIZE_MAX;
}

// Gives a block new contents, as the role that it has.
static int change(size_t index, bool fresh)
{
    struct buffer *buffer;
    uint32_t block = POOL_START + (uint32_t)index;
    int error = fresh ? cache_new(cache, block, &buffer) : cache_read(cache, block, &buffer);

    if (error) {
        return error;
    }
    if (!fresh && now.role[index] == METADATA) {
        for (unsigned half = 0; half < BLOCK_SECTORS; half++) {
            CHECK(version_of(buffer->data, index, half) == now.version[index]);
        }
    }
    now.version[index] = ++versions;
    fill(buffer->data, index, versions);
    if (now.role[index] == METADATA) {
        journal_write(journal, buffer);
    } else {
        cache_set_state(cache, buffer, BUFFER_DIRTY);
    }
    cache_release(cache, buffer);
    return 0;
}

static int take(enum role role)
{
    size_t index = pick(FREE);

    if (index == SIZE_MAX) {
        return 0;
    }
    now.role[index] = role;
    int error = change(index, true);
    if (error) {
        now.role[index] = FREE;
    }
    return error;
}

static void release(enum role role)
{
    size_t index = pick(role);

    if (index != SIZE_MAX) {
        now.role[index] = WAITING;
        (role == METADATA ? journal_forget(journal, POOL_START + (uint32_t)index)
                          : cache_forget(cache, POOL_START + (uint32_t)index));
    }
}

// What an operation does when it has begun.
static int change_some(unsigned blocks)
{
    int error = 0;

    while (!error && blocks-- > 0) {
        size_t index;
        switch (random_below(16)) {
        case 0:
            error = take(METADATA);
            break;
        case 1:
            error = take(DATA);
            break;
        case 2:
            release(METADATA);
            break;
        case 3:
            release(DATA);
            break;
        case 4:
        case 5:
            index = pick(DATA);
            error = index == SIZE_MAX ? 0 : change(index, false);
            break;
        default:
            index = pick(METADATA);
            error = index == SIZE_MAX ? 0 : change(index, false);
        }
    }
    return error;
}

static unsigned operation_size(void)
{
    return 1 + (unsigned)random_below(random_below(20) == 0 ? journal_limit(journal) : 12);
}

// Operations, and now and then a sync.
static void work(unsigned operations, unsigned sync_every)
{
    for (unsigned i = 0; i < operations; i++) {
        unsigned blocks = operation_size();
        CHECK(COMMITTING(journal_begin(journal, blocks), false) == 0);
        CHECK(change_some(blocks) == 0);
        if (random_below(sync_every) == 0) {
            CHECK(COMMITTING(random_below(30) == 0 ? journal_checkpoint(journal)
                                                   : journal_commit(journal),
                             true) == 0);
        }
    }
}

// The file system's own mark that its journal is in use, with a flush: in block 0.
static bool marked(struct volatile_disk *on)
{
    return on->data[0] != 0;
}

static void mark(bool in_use)
{
    struct buffer *buffer;

    CHECK(cache_read(cache, 0, &buffer) == 0);
    *(uint8_t *)buffer->data = in_use;
    cache_set_state(cache, buffer, BUFFER_DIRTY);
    cache_release(cache, buffer);
    CHECK(cache_write_back(cache, BUFFER_DIRTY) == 0);
    CHECK(cache_flush(cache) == 0);
}

static int recover(struct volatile_disk *on)
{
    open_cache(on);
    CHECK(open_journal() == 0);
    if (marked(on)) {
        return journal_replay(journal, valid, NULL);
    }
    CHECK(!journal_needs_replay(journal));
    return 0;
}

static void mount(void)
{
    CHECK(recover(&disk) >= 0);
    // What is in the cache of a log that was replayed must not be found by the next replay.
    if (!marked(&disk)) {
        mark(true);
    }
    CHECK(journal_start(journal, checkpointed, NULL) == 0);
}

static void unmount(void)
{
    CHECK(COMMITTING(journal_stop(journal), true) == 0);
    CHECK(!journal_needs_replay(journal));
    mark(false);
    close_both();
}

// A pool with some metadata and data in it.
static void make_pool(size_t blocks, uint32_t sequence)
{
    pool = blocks;
    disk_create(&disk, BLOCKS * BLOCK_SECTORS);
    disk_create(&copy, BLOCKS * BLOCK_SECTORS);
    make_journal(sequence);
    for (size_t i = 0; i < pool; i++) {
        now.role[i] = (uint8_t)(i % 4 == 0 ? FREE : i % 4 == 1 ? DATA : METADATA);
        now.version[i] = ++versions;
        fill((void *)(virt_t)pool_data(&disk, i), i, versions);
    }
}

// ---- Power cuts ----

static uint64_t states;
static unsigned subset_kind;
static uint64_t subset_bits;
static size_t subset_only;

static bool subset(size_t i)
{
    switch (subset_kind) {
    case 0: // exhaustive
        return subset_bits >> i & 1;
    case 1: // one of them, or all but one
        return i == subset_only;
    case 2:
        return i != subset_only;
    default: // each with a probability
        return random_below(100) < subset_only;
    }
}

static struct model *matched(struct volatile_disk *on, size_t cut)
{
    for (size_t i = commit_count; i-- > 0;) {
        if (commits[i].begin <= cut && holds(on, &commits[i].model)) {
            return &commits[i].model;
        }
        if (commits[i].end <= cut) {
            break;
        }
    }
    return NULL;
}

// The state at a cut is recovered to what the last commit before it left, or to that under way; also
// when the power is cut again while it is recovered.
static struct model *check_state(size_t cut)
{
    states++;
    int replayed = recover(&copy);
    CHECK(replayed >= 0 && !journal_needs_replay(journal));
    close_both();
    CHECK(super_of(&copy)->error == big_endian(77));
    struct model *model = matched(&copy, cut);
    CHECK(model != NULL);
    return model;
}

static void choose_subset(size_t doubtful)
{
    subset_kind = 1 + (unsigned)random_below(3);
    subset_only = random_below(subset_kind == 3 ? 101 : doubtful + 1);
}

// Looks at cut points between `from` and the log's end: all states where few sectors are in doubt,
// else `samples` of them.
static void check_cuts(const uint8_t *begin, size_t step, unsigned samples, unsigned exhaustive)
{
    struct crash crash;

    crash_begin(&crash, &disk, begin, &copy);
    for (size_t cut = 0; cut <= disk.log_count; cut += 1 + random_below(step)) {
        size_t doubtful = crash_seek(&crash, cut);
        bool all = doubtful <= exhaustive;
        for (uint64_t k = 0; k < (all ? (uint64_t)1 << doubtful : samples); k++) {
            choose_subset(doubtful);
            if (all) {
                subset_kind = 0;
                subset_bits = k;
            }
            crash_make(&crash, subset);
            check_state(cut);
            crash_undo(&crash);
        }
    }
    crash_end(&crash);
}

// Lets the power be cut once: what is left is the disk, and the model follows.
static void cut_power(const uint8_t *begin)
{
    struct crash crash;

    crash_begin(&crash, &disk, begin, &copy);
    size_t cut = random_below(disk.log_count + 1);
    choose_subset(crash_seek(&crash, cut));
    crash_make(&crash, subset);
    memcpy(disk.data, copy.data, disk.sector_count * SECTOR);
    disk_log_clear(&copy);
    now = *check_state(cut);
    for (size_t i = 0; i < pool; i++) {
        if (now.role[i] == DATA) {
            uint32_t first = version_of(pool_data(&copy, i), i, 0);
            uint32_t second = version_of(pool_data(&copy, i), i, 1);
            now.version[i] = first < second ? first : second;
        }
        now.role[i] = now.role[i] == WAITING ? FREE : now.role[i];
    }
    crash_end(&crash);
}

// Mounts, works and loses power, several times; each time many more states that might have been are
// looked at.
static void power_cuts(unsigned sessions, unsigned operations, size_t step, unsigned samples,
                       unsigned exhaustive)
{
    uint8_t *begin = malloc(disk.sector_count * SECTOR);

    for (unsigned i = 0; i < sessions; i++) {
        memcpy(begin, disk.data, disk.sector_count * SECTOR);
        commit_count = 0;
        disk_log_clear(&disk);
        add_commit(&now, 0);
        cache_blocks = random_below(2) == 0 ? CACHE_BLOCKS_MIN : 4 * JOURNAL_BLOCKS;
        mount();
        work(operations, 6);
        if (random_below(3) == 0) {
            unmount();
        } else {
            close_both();
        }
        check_cuts(begin, step, samples, exhaustive);
        cut_power(begin);
    }
    free(begin);
    printf("states %llu: %u sessions\n", (unsigned long long)states, sessions);
}

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

static void heal(void)
{
    failing = false;
    memset(disk.bad, 0, disk.sector_count);
    disk.failing_flushes = 0;
}

static bool expected_error(int error)
{
    return error == 0 || error == -EIO || (error == -EROFS && journal_aborted(journal));
}

static unsigned aborts, full_logs;

static void work_with_errors(unsigned operations)
{
    for (unsigned i = 0; i < operations && !journal_aborted(journal); i++) {
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
        if (random_below(6) == 0 && !journal_aborted(journal)) {
            CHECK(expected_error(COMMITTING(journal_commit(journal), true)));
        }
    }
    heal();
    if (journal_aborted(journal)) {
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

// ---- Replay ----

// A log that is written by hand, and what a replay must make of it.
struct hand {
    uint32_t index, sequence;
    uint32_t block_of[4000], sequence_of[4000]; // copies in whole transactions
    uint32_t version_of[4000];
    size_t copies;
    uint32_t revoked[4000], revoked_by[4000];
    size_t revokes;
};

static uint8_t *log_block(uint32_t index)
{
    return disk.data + (size_t)journal_map[index] * BLOCK;
}

static uint32_t hand_take(struct hand *hand)
{
    uint32_t index = hand->index;
    hand->index = index + 1 < JOURNAL_BLOCKS ? index + 1 : 1;
    return index;
}

static void *hand_header(struct hand *hand, enum jbd_type type)
{
    uint8_t *data = log_block(hand_take(hand));

    memset(data, (int)random_bits(), BLOCK);
    *(struct jbd_header *)data =
        (struct jbd_header){big_endian(JBD_MAGIC), big_endian(type), big_endian(hand->sequence)};
    return data;
}

// A descriptor with up to `count` copies; with UUIDs, flags and an end as Linux might have them.
static void hand_descriptor(struct hand *hand, size_t count)
{
    uint8_t *data = hand_header(hand, JBD_DESCRIPTOR);
    size_t offset = sizeof(struct jbd_header);
    bool last = false;

    for (size_t i = 0; !last && offset + sizeof(struct jbd_tag) <= BLOCK; i++) {
        struct jbd_tag *tag = (struct jbd_tag *)(data + offset);
        size_t index = random_below(pool);
        uint32_t flags = i > 0 && random_below(10) > 0 ? JBD_TAG_SAME_UUID : 0;
        uint8_t *copied = log_block(hand_take(hand));
        last = i + 1 == count;
        fill(copied, index, ++versions);
        if (versions % 5 == 0) {
            flags |= JBD_TAG_ESCAPE;
            memset(copied, 0, 4);
        }
        flags |= (last ? JBD_TAG_LAST : 0) | (uint32_t)random_bits() << 16;
        *tag = (struct jbd_tag){big_endian(POOL_START + (uint32_t)index), big_endian(flags)};
        offset += sizeof(*tag) + (flags & JBD_TAG_SAME_UUID ? 0 : JBD_UUID_SIZE);
        hand->block_of[hand->copies] = (uint32_t)index;
        hand->version_of[hand->copies] = versions;
        hand->sequence_of[hand->copies++] = hand->sequence;
    }
}

static void hand_revoke(struct hand *hand, size_t count)
{
    struct jbd_revoke *revoke = hand_header(hand, JBD_REVOKE);

    revoke->size = big_endian((uint32_t)(sizeof(*revoke) + count * 4));
    for (size_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)random_below(pool + 20);
        revoke->blocks[i] = big_endian(POOL_START + index);
        hand->revoked[hand->revokes] = index;
        hand->revoked_by[hand->revokes++] = hand->sequence;
    }
}

static void hand_transaction(struct hand *hand)
{
    for (size_t i = random_below(4); i > 0; i--) {
        if (random_below(3) == 0) {
            hand_revoke(hand, random_below(random_below(4) == 0 ? 252 : 6));
        } else {
            hand_descriptor(hand, 1 + random_below(random_below(10) == 0 ? 150 : 8));
        }
    }
}

// The version that a pool's block must have after the replay: of the last copy that no transaction
// from its own on revokes.
static uint32_t hand_result(const struct hand *hand, size_t index)
{
    uint32_t version = now.version[index];

    for (size_t i = 0; i < hand->copies; i++) {
        bool dead = false;
        for (size_t k = 0; k < hand->revokes; k++) {
            dead = dead || (hand->revoked[k] == index &&
                            (int32_t)(hand->revoked_by[k] - hand->sequence_of[i]) >= 0);
        }
        if (hand->block_of[i] == index && !dead) {
            version = hand->version_of[i];
        }
    }
    return version;
}

// Damage that makes a transaction not whole.
static void hand_tear(struct hand *hand)
{
    uint32_t index = hand->index;
    struct jbd_header *header = (struct jbd_header *)log_block(index);

    if (random_below(8) == 0) {
        memset(header, 0, BLOCK);
        return;
    }
    hand_header(hand, JBD_COMMIT);
    switch (random_below(4)) {
    case 0:
        header->magic ^= 1;
        break;
    case 1:
        header->type = big_endian(random_below(2) == 0 ? 0 : 6 + (uint32_t)random_bits() % 1000);
        break;
    case 2:
        header->sequence = big_endian(hand->sequence + (random_below(2) == 0 ? 1 : -1));
        break;
    default:
        header->type = big_endian(random_below(2) == 0 ? JBD_SUPER_V1 : JBD_SUPER_V2);
    }
}

static struct hand *hand_log(unsigned transactions, bool torn)
{
    struct hand *hand = calloc(1, sizeof(*hand));

    hand->index = 1 + (uint32_t)random_below(JOURNAL_BLOCKS - 1);
    hand->sequence = (uint32_t)random_bits() | (random_below(2) == 0 ? 0xfffffff0 : 0);
    super_of(&disk)->start = big_endian(hand->index);
    super_of(&disk)->sequence = big_endian(hand->sequence);
    for (unsigned i = 0; i < transactions; i++) {
        hand_transaction(hand);
        hand_header(hand, JBD_COMMIT);
        hand->sequence++;
    }
    size_t copies = hand->copies, revokes = hand->revokes;
    if (torn) {
        hand_transaction(hand);
        hand_tear(hand);
    }
    hand_transaction(hand); // never whole
    memset(log_block(hand->index), 0, 4);
    hand->copies = copies;
    hand->revokes = revokes;
    return hand;
}

static int replay(void)
{
    open_cache(&disk);
    CHECK(open_journal() == 0);
    int result = journal_replay(journal, valid, NULL);
    if (result >= 0) {
        CHECK(!journal_needs_replay(journal));
    }
    close_both();
    return result;
}

CASE(replay,
     "replay takes the last copy of each block, obeys revoke records of the same and later "
     "transactions, all flags, sequence numbers that wrap, and stops where one is not whole")
{
    make_pool(60, 1);
    for (unsigned round = 0; round < 3000; round++) {
        unsigned transactions = (unsigned)random_below(7);
        struct hand *hand = hand_log(transactions, random_below(2) == 0);
        bool small = random_below(2) == 0;
        cache_blocks = small ? CACHE_BLOCKS_MIN : 4 * JOURNAL_BLOCKS;
        CHECK(replay() == (int)transactions);
        for (size_t i = 0; i < pool; i++) {
            now.version[i] = hand_result(hand, i);
            CHECK(version_of(pool_data(&disk, i), i, 0) == now.version[i]);
            CHECK(version_of(pool_data(&disk, i), i, 1) == now.version[i]);
        }
        CHECK(super_of(&disk)->start == 0 && super_of(&disk)->error == big_endian(77));
        disk_log_clear(&disk);
        free(hand);
    }
}

CASE(replay_again, "a replay that is cut short or fails is done again, to the same result")
{
    make_pool(60, 1);
    uint8_t *before = malloc(disk.sector_count * SECTOR);
    for (unsigned round = 0; round < 40; round++) {
        struct hand *hand = hand_log(4, true);
        memcpy(before, disk.data, disk.sector_count * SECTOR);
        uint32_t bad = journal_map[1 + random_below(JOURNAL_BLOCKS - 1)];
        disk.bad[bad * BLOCK_SECTORS] = 1;
        int result = replay();
        CHECK(result == 4 || result == -EIO);
        heal();
        if (result == 4) {
            memcpy(disk.data, before, disk.sector_count * SECTOR);
        }
        CHECK(marked(&disk) || super_of(&disk)->start != 0);
        disk.bad[(POOL_START + random_below(pool)) * BLOCK_SECTORS] = 2;
        result = replay();
        CHECK(result == 4 || result == -EIO);
        heal();
        disk.failing_flushes = 1;
        CHECK(replay() == (result == 4 ? 0 : -EIO));
        disk.failing_flushes = 0;
        memcpy(disk.data, before, disk.sector_count * SECTOR);
        disk.data[0] = 1; // marked
        memcpy(before, disk.data, disk.sector_count * SECTOR);
        disk_log_clear(&disk);
        CHECK(replay() == 4);
        struct model done = now;
        for (size_t i = 0; i < pool; i++) {
            done.version[i] = hand_result(hand, i);
            done.role[i] = METADATA;
        }
        CHECK(holds(&disk, &done));
        now = done;
        commit_count = 0;
        add_commit(&done, 0);
        check_cuts(before, 8, 4, 4);
        free(hand);
    }
    free(before);
}

// ---- What is not right ----

static int open_broken(size_t offset, uint32_t value)
{
    uint32_t *word = (uint32_t *)((uint8_t *)super_of(&disk) + offset);
    uint32_t before = *word;

    *word = big_endian(value);
    open_cache(&disk);
    int result = open_journal();
    if (result != 0) {
        journal = NULL;
    }
    close_both();
    *word = before;
    return result;
}

#define AT(member) offsetof(struct jbd_superblock, member)

CASE(superblock, "a journal with a superblock that makes no sense, or with features that we do not "
                 "know, is refused, and these are named")
{
    static const struct {
        size_t offset;
        uint32_t value;
    } wrong[] = {
        {AT(header.magic), 0xc03b3999}, {AT(header.type), 5}, {AT(blocksize), 2 * BLOCK},
        {AT(maxlen), JOURNAL_BLOCKS + 1}, {AT(maxlen), JOURNAL_BLOCKS - 1}, {AT(maxlen), 0},
        {AT(first), 0}, {AT(first), JOURNAL_BLOCKS}, {AT(first), UINT32_MAX},
        {AT(start), JOURNAL_BLOCKS}, {AT(start), UINT32_MAX},
    };
    static const char *const names[] = {"64bit",   "async_commit", "csum_v2",
                                        "csum_v3", "fast_commit",  "unknown"};

    make_pool(10, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        CHECK(open_broken(wrong[i].offset, wrong[i].value) == -EUCLEAN);
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(names); i++) {
        host_output[0] = '\0';
        CHECK(open_broken(AT(feature_incompat), (uint32_t)2 << i) == -EOPNOTSUPP);
        CHECK(strstr(host_output, names[i]) != NULL);
    }
    CHECK(open_broken(AT(feature_ro_compat), 1) == -EOPNOTSUPP);
    CHECK(open_broken(AT(feature_compat), 1) == 0);
    CHECK(open_broken(AT(feature_incompat), 1) == 0);
    super_of(&disk)->header.type = big_endian(JBD_SUPER_V1);
    CHECK(open_broken(AT(feature_incompat), UINT32_MAX) == 0); // not there in version 1
    disk.bad[journal_map[0] * BLOCK_SECTORS] = 1;
    CHECK(open_broken(AT(feature_compat), 0) == -EIO);
}

CASE(wrong_target, "a log that names a block that the file system does not have, or a block of the "
                   "log, ends the replay before anything is written")
{
    make_pool(60, 1);
    for (unsigned round = 0; round < 200; round++) {
        struct hand *hand = hand_log(3, false);
        struct jbd_header *header = (struct jbd_header *)log_block(hand->index);
        static const uint32_t blocks[] = {0, 5, POOL_START - 1, BLOCKS, UINT32_MAX};
        *header = (struct jbd_header){big_endian(JBD_MAGIC), big_endian(JBD_DESCRIPTOR),
                                      big_endian(hand->sequence)};
        uint32_t block = random_below(2) == 0 ? blocks[random_below(ARRAY_LENGTH(blocks))]
                                              : journal_map[random_below(JOURNAL_BLOCKS)];
        *(struct jbd_tag *)(header + 1) =
            (struct jbd_tag){big_endian(block), big_endian(JBD_TAG_LAST)};
        hand_take(hand);
        hand_take(hand);
        bool whole = random_below(2) == 0;
        hand_header(hand, whole ? JBD_COMMIT : JBD_SUPER_V1);
        CHECK(replay() == (whole ? -EUCLEAN : 3));
        CHECK(!whole || disk.log_count == 0);
        disk_log_clear(&disk);
        now = (struct model){0};
        for (size_t i = 0; i < pool; i++) {
            now.version[i] = version_of(pool_data(&disk, i), i, 0);
        }
        free(hand);
    }
}

static bool any_block(void *context, uint32_t block)
{
    (void)context;
    return block < BLOCKS;
}

// A log of garbage that looks right at first sight.
static void garbage(void)
{
    struct hand *hand = hand_log((unsigned)random_below(20), random_below(2) == 0);

    for (size_t i = random_below(30); i > 0; i--) {
        uint32_t *words = (uint32_t *)log_block(1 + (uint32_t)random_below(JOURNAL_BLOCKS - 1));
        words[random_below(4)] = big_endian((uint32_t)random_below(6));
        words[random_below(BLOCK / 4)] = random_below(2) == 0 ? 0 : (uint32_t)random_bits();
    }
    if (random_below(10) == 0) { // descriptors without end, or revoke records without sense
        uint32_t type = random_below(2) == 0 ? JBD_DESCRIPTOR : JBD_REVOKE;
        for (uint32_t i = 1; i < JOURNAL_BLOCKS; i++) {
            struct jbd_revoke *block = (struct jbd_revoke *)log_block(i);
            block->header = (struct jbd_header){big_endian(JBD_MAGIC), big_endian(type),
                                                super_of(&disk)->sequence};
            block->size = (uint32_t)random_bits();
            block->blocks[0] = (uint32_t)random_bits() & big_endian(~JBD_TAG_LAST);
        }
        uint32_t last = big_endian(super_of(&disk)->start);
        last = last > 1 ? last - 1 : JOURNAL_BLOCKS - 1;
        ((struct jbd_header *)log_block(last))->type = big_endian(JBD_COMMIT);
    }
    free(hand);
}

CASE(garbage, "whatever is in the log, replay ends, with the whole transactions or an error")
{
    make_pool(60, 1);
    uint8_t *before = malloc(disk.sector_count * SECTOR);
    unsigned results[2] = {0};
    for (unsigned round = 0; round < 2000; round++) {
        memcpy(before, super_of(&disk), BLOCK);
        garbage();
        open_cache(&disk);
        CHECK(open_journal() == 0);
        int result = journal_replay(journal, any_block, NULL);
        CHECK(result >= 0 || result == -EUCLEAN);
        results[result < 0]++;
        close_both();
        memcpy(super_of(&disk), before, BLOCK); // blocks of the log may have been named
        disk_log_clear(&disk);
    }
    printf("%u replayed, %u refused\n", results[0], results[1]);
    free(before);
}

CASE(forged, "copies in the log of blocks that look like a transaction are never taken for one")
{
    make_pool(60, 1);
    mount();
    // The next life of the log will have this sequence number when it gets to where this block is.
    struct buffer *buffer;
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(cache_new(cache, POOL_START + i, &buffer) == 0);
        struct jbd_header *header = buffer->data;
        *header = (struct jbd_header){big_endian(JBD_MAGIC),
                                      big_endian(i % 3 == 2 ? JBD_COMMIT : JBD_DESCRIPTOR),
                                      big_endian(3 + i / 3)};
        *(struct jbd_tag *)(header + 1) =
            (struct jbd_tag){big_endian(POOL_START + 50), big_endian(JBD_TAG_LAST)};
        journal_write(journal, buffer);
        cache_release(cache, buffer);
    }
    CHECK(journal_stop(journal) == 0);
    mark(false);
    close_both();
    mount();
    CHECK(cache_read(cache, POOL_START + 55, &buffer) == 0);
    memset(buffer->data, 0x55, BLOCK);
    journal_write(journal, buffer);
    cache_release(cache, buffer);
    CHECK(journal_commit(journal) == 0);
    close_both();
    CHECK(version_of(pool_data(&disk, 50), 50, 0) == now.version[50]);
    CHECK(replay() == 1);
    CHECK(version_of(pool_data(&disk, 50), 50, 0) == now.version[50]);
    CHECK(*pool_data(&disk, 55) == 0x55);
    for (uint32_t i = 0; i < 20; i++) {
        CHECK(*(const uint32_t *)pool_data(&disk, i) == big_endian(JBD_MAGIC));
    }
}

CASE(memory,
     "without memory opening and replaying fail with -ENOMEM, leave nothing behind, and work "
     "the next time")
{
    make_pool(60, 1);
    struct hand *hand = hand_log(5, true);
    uint8_t *before = malloc(disk.sector_count * SECTOR);
    int result = -ENOMEM;
    memcpy(before, disk.data, disk.sector_count * SECTOR);
    for (unsigned after = 0; result == -ENOMEM; after++) {
        open_cache(&disk);
        uint32_t *blocks = kmalloc(sizeof(journal_map));
        memcpy(blocks, journal_map, sizeof(journal_map));
        host_fail_allocations(after, UINT64_MAX);
        result = journal_open(cache, blocks, JOURNAL_BLOCKS, &journal);
        if (result == 0) {
            result = journal_replay(journal, valid, NULL);
        } else {
            journal = NULL;
        }
        host_fail_allocations(0, 0);
        CHECK(result == -ENOMEM || result == 5);
        close_both();
    }
    for (size_t i = 0; i < pool; i++) {
        CHECK(version_of(pool_data(&disk, i), i, 0) == hand_result(hand, i));
    }
    free(before);
    free(hand);
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
    alarm(600);
    for (struct test_case *test = cases; test != NULL; test = test->next) {
        if (strcmp(test->name, argv[1]) == 0) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 1;
}
