#include "kernel/fs/journal.h"

#include "kernel/dev/console.h"
#include "kernel/fs/jbd.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

// ---- Opening ----

void journal_close(struct journal *journal)
{
    if (journal->super) {
        pmm_free(virt_to_phys(journal->super));
    }
    kfree(journal->blocks);
    kfree(journal);
}

// Says which feature of the journal is unknown to us.
static int check_features(const struct jbd_superblock *super)
{
    static const char *const names[] = {"revoke",  "64bit",   "async_commit",
                                        "csum_v2", "csum_v3", "fast_commit"};
    uint32_t unknown = big_endian(super->feature_incompat) & ~(uint32_t)JBD_INCOMPAT_REVOKE;

    if (super->header.type == big_endian(JBD_SUPER_V1) ||
        (unknown == 0 && super->feature_ro_compat == 0)) {
        return 0;
    }
    unsigned bit = (unsigned)__builtin_ctz(unknown | (uint32_t)1 << 31);
    kprintf("journal: feature %s (%#x, %#x) is not supported\n",
            bit < ARRAY_LENGTH(names) ? names[bit] : "unknown", unknown,
            big_endian(super->feature_ro_compat));
    return -EOPNOTSUPP;
}

// Takes the sizes from the superblock, and checks them.
static int check_super(struct journal *journal)
{
    const struct jbd_superblock *super = journal->super;
    uint32_t type = big_endian(super->header.type), start = big_endian(super->start);

    journal->first = big_endian(super->first);
    journal->last = big_endian(super->maxlen);
    journal->sequence = big_endian(super->sequence);
    if (super->header.magic != big_endian(JBD_MAGIC) ||
        (type != JBD_SUPER_V1 && type != JBD_SUPER_V2) ||
        big_endian(super->blocksize) != journal->block_size ||
        journal->last > journal->block_count || journal->last < JBD_BLOCKS_MIN ||
        journal->first == 0 || journal->first > journal->last / 2 ||
        (start != 0 && (start < journal->first || start >= journal->last))) {
        return -EUCLEAN;
    }
    return check_features(super);
}

static int read_super(struct journal *journal)
{
    struct buffer *buffer;
    int error = cache_read(journal->cache, journal->blocks[0], &buffer);

    if (error) {
        return error;
    }
    memcpy(journal->super, buffer->data, journal->block_size);
    cache_release(journal->cache, buffer);
    return check_super(journal);
}

// How many blocks of a transaction fit into a quarter of the log, with their descriptors and the
// commit block, and into a quarter of the cache.
static unsigned transaction_limit(const struct journal *journal)
{
    uint32_t log = journal->quarter - 1;
    size_t cache = cache_blocks_max(journal->cache) / 4;

    log -= (log + journal->tags_max) / (journal->tags_max + 1);
    return log < cache ? log : (unsigned)cache;
}

int journal_open(struct cache *cache, uint32_t *blocks, uint32_t block_count,
                 struct journal **opened)
{
    struct journal *journal = kcalloc(1, sizeof(*journal));

    if (!journal) {
        kfree(blocks);
        return -ENOMEM;
    }
    phys_t pages = pmm_alloc_low(1, PAGE_CACHE);
    *journal = (struct journal){.cache = cache,
                                .blocks = blocks,
                                .block_count = block_count,
                                .block_size = cache_block_size(cache),
                                .super = pages ? phys_to_virt(pages) : NULL,
                                .scratch = pages ? phys_to_virt(pages + PAGE_SIZE) : NULL};
    int error = !pages ? -ENOMEM : block_count > 0 ? read_super(journal) : -EUCLEAN;
    if (error) {
        journal_close(journal);
        return error;
    }
    journal->tags_max = 1 + (unsigned)((journal->block_size - sizeof(struct jbd_header) -
                                        sizeof(struct jbd_tag) - JBD_UUID_SIZE) /
                                       sizeof(struct jbd_tag));
    journal->quarter = (journal->last - journal->first) / 4;
    journal->limit = transaction_limit(journal);
    *opened = journal;
    return 0;
}

bool journal_needs_replay(const struct journal *journal)
{
    return journal->super->start != 0;
}

unsigned journal_limit(const struct journal *journal)
{
    return journal->limit;
}

// ---- The device ----

int journal_write_super(struct journal *journal, uint32_t start, uint32_t sequence)
{
    void *data = journal->super;

    journal->super->start = big_endian(start);
    journal->super->sequence = big_endian(sequence);
    return cache_write_raw(journal->cache, journal->blocks[0], &data, 1);
}

// Nobody knows what is on the disk now: only the next mount's replay can tell.
static int give_up(struct journal *journal, const char *what)
{
    journal->aborted = true;
    kprintf("journal: %s failed: nothing will be written until the next mount\n", what);
    return -EIO;
}

// The device may have lost what it had taken when a flush fails, and nobody knows what.
static int flush(struct journal *journal)
{
    return cache_flush(journal->cache) == 0 ? 0 : give_up(journal, "a flush");
}

int journal_start(struct journal *journal, void (*checkpointed)(void *context), void *context)
{
    ASSERT(!journal_needs_replay(journal));
    journal->checkpointed = checkpointed;
    journal->context = context;
    journal->head = journal->first;
    journal->used = 0;
    return journal_write_super(journal, journal->first, journal->sequence);
}

int journal_stop(struct journal *journal)
{
    int error = journal_checkpoint(journal);

    if (!error) {
        error = journal_write_super(journal, 0, journal->sequence);
    }
    return error ? error : flush(journal);
}

// ---- Transactions ----

void journal_write(struct journal *journal, struct buffer *buffer)
{
    if (buffer->state != BUFFER_RUNNING) {
        ASSERT(cache_count(journal->cache, BUFFER_RUNNING) < journal->limit);
        cache_set_state(journal->cache, buffer, BUFFER_RUNNING);
    }
}

void journal_forget(struct journal *journal, uint32_t block)
{
    cache_forget(journal->cache, block);
}

// Blocks that are to be written to the log, one behind the other, in one request where the device
// allows it. Those with a bit in `escaped` begin with JBD_MAGIC: it is taken out while they are
// written, since nobody else can see them meanwhile.
struct batch {
    uint32_t next; // index in the log of the next block to be added
    uint32_t total; // blocks so far
    unsigned count; // of these, not yet written: those before next
    uint32_t block; // of the device, where they go
    uint32_t escaped;
    void *data[BLOCK_SEGMENTS_MAX];
};
_Static_assert(BLOCK_SEGMENTS_MAX <= 32, "a bit for each block");

static bool begins_with_magic(const void *data)
{
    return *(const uint32_t *)data == big_endian(JBD_MAGIC);
}

static int batch_write(struct journal *journal, struct batch *batch)
{
    int error = 0;

    if (batch->count > 0) {
        error = cache_write_raw(journal->cache, batch->block, batch->data, batch->count);
    }
    for (unsigned i = 0; i < batch->count; i++) {
        if (batch->escaped >> i & 1) {
            *(uint32_t *)batch->data[i] = big_endian(JBD_MAGIC);
        }
    }
    batch->count = 0;
    batch->escaped = 0;
    return error;
}

static int batch_add(struct journal *journal, struct batch *batch, void *data)
{
    uint32_t block = journal->blocks[batch->next];
    int error = 0;

    if (batch->count == BLOCK_SEGMENTS_MAX || block != batch->block + batch->count) {
        error = batch_write(journal, batch);
        batch->block = block;
    }
    if (error) {
        return error;
    }
    if (data != journal->scratch && begins_with_magic(data)) {
        *(uint32_t *)data = 0;
        batch->escaped |= (uint32_t)1 << batch->count;
    }
    batch->data[batch->count++] = data;
    batch->next = journal_behind(journal, batch->next, 1);
    batch->total++;
    return 0;
}

static void make_header(struct journal *journal, enum jbd_type type)
{
    memset(journal->scratch, 0, journal->block_size);
    *(struct jbd_header *)journal->scratch =
        (struct jbd_header){big_endian(JBD_MAGIC), big_endian(type), big_endian(journal->sequence)};
}

// Makes the descriptor of the buffers from `node` on, and tells how many it has room for.
static unsigned make_descriptor(struct journal *journal, struct list_node *node)
{
    struct list_node *running = cache_list(journal->cache, BUFFER_RUNNING);
    char *next = (char *)journal->scratch + sizeof(struct jbd_header);
    unsigned count = 0;

    make_header(journal, JBD_DESCRIPTOR);
    for (; node != running && count < journal->tags_max; node = node->next, count++) {
        struct buffer *buffer = LIST_ENTRY(node, struct buffer, state_node);
        bool last = node->next == running || count + 1 == journal->tags_max;
        uint32_t flags = (begins_with_magic(buffer->data) ? JBD_TAG_ESCAPE : 0) |
                         (count > 0 ? JBD_TAG_SAME_UUID : 0) | (last ? JBD_TAG_LAST : 0);
        *(struct jbd_tag *)next = (struct jbd_tag){big_endian(buffer->block), big_endian(flags)};
        next += sizeof(struct jbd_tag);
        if (count == 0) {
            memcpy(next, journal->super->uuid, JBD_UUID_SIZE);
            next += JBD_UUID_SIZE;
        }
    }
    return count;
}

// Writes the running transaction into the log, all but its commit block.
static int write_log(struct journal *journal, struct batch *batch)
{
    struct list_node *running = cache_list(journal->cache, BUFFER_RUNNING), *node = running->next;
    int error = 0;

    while (!error && node != running) {
        unsigned count = make_descriptor(journal, node);
        error = batch_add(journal, batch, journal->scratch);
        for (; !error && count > 0; count--, node = node->next) {
            error = batch_add(journal, batch, LIST_ENTRY(node, struct buffer, state_node)->data);
        }
        if (!error) {
            error = batch_write(journal, batch);
        }
    }
    return error;
}

// Writes the commit block. Unless that succeeds, nobody knows whether the transaction happened.
static int write_commit(struct journal *journal, struct batch *batch)
{
    make_header(journal, JBD_COMMIT);
    if (batch_add(journal, batch, journal->scratch) != 0 || batch_write(journal, batch) != 0) {
        return give_up(journal, "a commit block");
    }
    return flush(journal);
}

// Puts everything that was committed into its place, and gives the log's space free. No transaction
// is running. That the superblock is safe before the space is used again is for the next commit's
// flush: a transaction is too small to reach what the old superblock means.
static int checkpoint(struct journal *journal)
{
    if (journal->used == 0) {
        return 0;
    }
    int error = cache_write_back(journal->cache, BUFFER_CHECKPOINT);
    if (!error) {
        error = flush(journal);
    }
    if (!error) {
        error = journal_write_super(journal, journal->head, journal->sequence);
    }
    if (!error) {
        journal->used = 0;
        journal->checkpointed(journal->context);
    }
    return error;
}

int journal_commit(struct journal *journal)
{
    struct list_node *running = cache_list(journal->cache, BUFFER_RUNNING);
    struct batch batch = {.next = journal->head};

    if (journal->aborted) {
        return -EROFS;
    }
    int data_error = cache_write_back(journal->cache, BUFFER_DIRTY);
    int error = list_empty(running) ? 0 : write_log(journal, &batch);
    if (!error) {
        error = flush(journal);
    }
    if (error || list_empty(running)) {
        return error ? error : data_error;
    }
    error = write_commit(journal, &batch);
    if (error) {
        return error;
    }
    while (!list_empty(running)) {
        cache_set_state(journal->cache, LIST_ENTRY(running->next, struct buffer, state_node),
                        BUFFER_CHECKPOINT);
    }
    journal->head = batch.next;
    journal->used += batch.total;
    journal->sequence++;
    if (journal->used > 2 * journal->quarter) {
        checkpoint(journal); // what fails is tried again: journal_begin needs the space
    }
    return data_error;
}

int journal_checkpoint(struct journal *journal)
{
    int error = journal_commit(journal);

    if (journal->aborted || cache_count(journal->cache, BUFFER_RUNNING) > 0) {
        return error;
    }
    int place_error = checkpoint(journal);
    return error ? error : place_error;
}

int journal_begin(struct journal *journal, unsigned blocks)
{
    size_t room = journal->limit - cache_count(journal->cache, BUFFER_RUNNING);
    int error = 0;

    ASSERT(blocks <= journal->limit);
    if (blocks > room) {
        error = journal_commit(journal);
    }
    if (journal->aborted) {
        return -EROFS;
    }
    if (cache_count(journal->cache, BUFFER_RUNNING) > 0) {
        return blocks > room ? error : 0;
    }
    // A transaction begins: behind it the log must have room for another one, since the superblock
    // of the checkpoint in between need not be safe before. So one that failed is made up for
    // first. Data that could not be written are for who syncs to hear of.
    return journal->used <= 2 * journal->quarter ? 0 : checkpoint(journal);
}
