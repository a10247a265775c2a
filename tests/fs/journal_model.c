#include "journal_model.h"

#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"

// ---- The disk: a superblock of ours, the journal, the pool ----

struct volatile_disk disk, copy;
size_t pool;
size_t cache_blocks = CACHE_BLOCKS_MIN;
uint32_t journal_map[JOURNAL_BLOCKS];

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

struct jbd_superblock *super_of(struct volatile_disk *on)
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

struct cache *cache;
bool failing;
struct journal *journal;

void open_cache(struct volatile_disk *on)
{
    CHECK(cache_create(&on->device, BLOCK, cache_blocks, &cache) == 0);
}

int open_journal(void)
{
    uint32_t *blocks = kmalloc(sizeof(journal_map));
    CHECK(blocks != NULL);
    memcpy(blocks, journal_map, sizeof(journal_map));
    return journal_open(cache, blocks, JOURNAL_BLOCKS, &journal);
}

void close_both(void)
{
    if (journal != NULL) {
        journal_close(journal);
        journal = NULL;
    }
    cache_destroy(cache);
    cache = NULL;
    CHECK(host_allocated() == 0);
}

bool valid(void *context, uint32_t block)
{
    (void)context;
    return block >= POOL_START && block < BLOCKS;
}

void heal(void)
{
    failing = false;
    memset(disk.bad, 0, disk.sector_count);
    disk.failing_flushes = 0;
}

// ---- The model ----

struct model now;
uint32_t versions;
static struct commit *commits;
size_t commit_count;
static size_t commit_size;

void add_commit(const struct model *model, size_t begin)
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

void fill(void *data, size_t index, uint32_t version)
{
    for (unsigned half = 0; half < BLOCK_SECTORS; half++) {
        fill_sector((uint32_t *)data + half * SECTOR / 4, index, version, half);
    }
}

// The version that a sector holds; 0 for one that holds none.
uint32_t version_of(const uint8_t *data, size_t index, unsigned half)
{
    const uint32_t *words = (const uint32_t *)(data + half * SECTOR);
    uint32_t expected[SECTOR / 4];

    fill_sector(expected, index, words[1], half);
    return memcmp(words, expected, SECTOR) == 0 ? words[1] : 0;
}

const uint8_t *pool_data(const struct volatile_disk *on, size_t index)
{
    return on->data + (POOL_START + index) * BLOCK;
}

bool holds(const struct volatile_disk *on, const struct model *model)
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

// Notes a commit if there was one: `result` 0 promises all, and a new sequence number that the
// transaction holds, but not all data.
int committing(int result, uint32_t sequence, const struct model *before, size_t begin, bool all)
{
    struct model model = *before;

    for (size_t i = 0; i < pool && (result != 0 || (!all && failing)); i++) {
        model.version[i] = model.role[i] == DATA ? 0 : model.version[i];
    }
    if ((result == 0 && all) || journal->sequence != sequence || journal->aborted) {
        add_commit(&model, begin);
        if (journal->sequence == sequence && journal->aborted) {
            commits[commit_count - 1].end = SIZE_MAX; // nobody knows
        }
    }
    return result;
}

size_t pick(enum role role)
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
int change(size_t index, bool fresh)
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
int change_some(unsigned blocks)
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

unsigned operation_size(void)
{
    return 1 + (unsigned)random_below(random_below(20) == 0 ? journal_limit(journal) : 12);
}

void work(unsigned operations, unsigned sync_every)
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

bool marked(struct volatile_disk *on)
{
    return on->data[0] != 0;
}

void mark(bool in_use)
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

void mount(void)
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

void make_pool(size_t blocks, uint32_t sequence)
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

uint64_t states;
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

// The state at a cut is recovered to what the last commit before it left, or to that under way.
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
void check_cuts(const uint8_t *begin, size_t step, unsigned samples, unsigned exhaustive)
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

void cut_power(const uint8_t *begin)
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

void power_cuts(unsigned sessions, unsigned operations, size_t step, unsigned samples,
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
