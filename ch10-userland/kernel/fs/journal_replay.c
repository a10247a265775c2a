// Replay: the log is walked three times. First to find out how many transactions are whole; then to
// note for each block which copy of it is the last that holds, revoked ones left out; then to put
// these into their places.
#include "kernel/fs/jbd.h"
#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"
#include "lib/string.h"

enum pass { PASS_SCAN, PASS_COLLECT, PASS_APPLY };

// What is to become of a block.
struct record {
    uint32_t block;
    uint32_t copy; // index in the log of the last copy that holds, 0: none
    uint32_t revoked; // by this transaction, if has_revoke
    bool used, has_revoke;
};

struct replay {
    struct journal *journal;
    bool (*valid)(void *context, uint32_t block);
    void *context;
    uint32_t end; // number of the first transaction that is not whole
    uint32_t sequence; // of the one that the walk is in
    uint32_t index; // in the log, of the walk's next block
    uint32_t left; // blocks of the log that it has not seen
    uint64_t tag_count; // blocks named so far, by tags and revoked
    uint64_t record_max; // these in whole transactions
    struct record *records; // a hash table that they fill to one half at most
    unsigned hash_shift;
};

// The record of a block, or the free one where it would be.
static struct record *find_record(struct replay *replay, uint32_t block)
{
    size_t mask = ((size_t)1 << (32 - replay->hash_shift)) - 1;
    size_t i = block * 2654435769u >> replay->hash_shift; // as in cache.c

    while (replay->records[i].used && replay->records[i].block != block) {
        i = (i + 1) & mask;
    }
    return &replay->records[i];
}

static struct record *make_record(struct replay *replay, uint32_t block)
{
    struct record *record = find_record(replay, block);

    record->block = block;
    record->used = true;
    return record;
}

static int make_table(struct replay *replay)
{
    unsigned bits = 1;

    while ((uint64_t)1 << bits < 2 * replay->record_max + 2) {
        bits++;
    }
    if (bits > 31) {
        return -ENOMEM;
    }
    replay->hash_shift = 32 - bits;
    replay->records = kcalloc((size_t)1 << bits, sizeof(*replay->records));
    return replay->records ? 0 : -ENOMEM;
}

// Takes the log's next block; false when it has been around.
static bool advance(struct replay *replay, uint32_t *index)
{
    if (replay->left == 0) {
        return false;
    }
    *index = replay->index;
    replay->index = journal_behind(replay->journal, replay->index, 1);
    replay->left--;
    return true;
}

// Reads a block of the log, and those behind it ahead.
static int read_log(struct replay *replay, uint32_t index, struct buffer **buffer)
{
    struct journal *journal = replay->journal;
    uint32_t block = journal->blocks[index];
    unsigned count = 1;

    if (!cache_present(journal->cache, block)) {
        while (count < CACHE_READ_AHEAD_MAX && index + count < journal->last &&
               journal->blocks[index + count] == block + count) {
            count++;
        }
        cache_read_ahead(journal->cache, block, count);
    }
    return cache_read(journal->cache, block, buffer);
}

// Puts a copy into its place.
static int apply(struct replay *replay, uint32_t index, uint32_t block, bool escaped)
{
    struct cache *cache = replay->journal->cache;
    struct buffer *copy, *place;
    int error = read_log(replay, index, &copy);

    if (error) {
        return error;
    }
    error = cache_new(cache, block, &place);
    if (!error) {
        memcpy(place->data, copy->data, replay->journal->block_size);
        if (escaped) {
            *(uint32_t *)place->data = big_endian(JBD_MAGIC);
        }
        cache_release(cache, place);
    }
    cache_release(cache, copy);
    return error;
}

// What is done with a tag and the copy at `index` that it stands for.
static int do_tag(struct replay *replay, enum pass pass, uint32_t index, const struct jbd_tag *tag)
{
    uint32_t block = big_endian(tag->block);

    if (pass == PASS_COLLECT) {
        if (!replay->valid(replay->context, block)) {
            return -EUCLEAN;
        }
        struct record *record = make_record(replay, block);
        if (!record->has_revoke || record->revoked != replay->sequence) {
            record->copy = index;
        }
    } else if (pass == PASS_APPLY && find_record(replay, block)->copy == index) {
        return apply(replay, index, block, big_endian(tag->flags) & JBD_TAG_ESCAPE);
    }
    return 0;
}

// Whether the walk may look at `count` more blocks that are named: they are no more in each pass
// than in the first, or the device does not give back what it has.
static bool count_tags(struct replay *replay, enum pass pass, size_t count)
{
    replay->tag_count += count;
    return pass == PASS_SCAN || replay->tag_count <= replay->record_max;
}

// This and the next one return whether the walk goes on, or an error.
static int do_descriptor(struct replay *replay, enum pass pass, const char *data)
{
    size_t offset = sizeof(struct jbd_header);
    uint32_t index, flags = 0;

    while (!(flags & JBD_TAG_LAST) &&
           offset + sizeof(struct jbd_tag) <= replay->journal->block_size) {
        const struct jbd_tag *tag = (const struct jbd_tag *)(data + offset);
        if (!advance(replay, &index) || !count_tags(replay, pass, 1)) {
            return false;
        }
        int error = do_tag(replay, pass, index, tag);
        if (error) {
            return error;
        }
        flags = big_endian(tag->flags);
        offset += sizeof(struct jbd_tag) + (flags & JBD_TAG_SAME_UUID ? 0 : JBD_UUID_SIZE);
    }
    return true;
}

static int do_revoke(struct replay *replay, enum pass pass, const struct jbd_revoke *revoke)
{
    size_t size = big_endian(revoke->size), size_max = replay->journal->block_size;
    size_t count = ((size < size_max ? size : size_max) - sizeof(*revoke)) / sizeof(uint32_t);

    if (size < sizeof(*revoke)) {
        return true;
    }
    if (!count_tags(replay, pass, count)) {
        return false;
    }
    if (pass == PASS_COLLECT && size > size_max) {
        return -EUCLEAN;
    }
    for (size_t i = 0; i < count && pass == PASS_COLLECT; i++) {
        struct record *record = make_record(replay, big_endian(revoke->blocks[i]));
        record->copy = 0;
        record->revoked = replay->sequence;
        record->has_revoke = true;
    }
    return true;
}

static int do_block(struct replay *replay, enum pass pass, const void *data)
{
    const struct jbd_header *header = data;

    if (header->magic != big_endian(JBD_MAGIC) ||
        header->sequence != big_endian(replay->sequence)) {
        return false;
    }
    switch (big_endian(header->type)) {
    case JBD_DESCRIPTOR:
        return do_descriptor(replay, pass, data);
    case JBD_REVOKE:
        return do_revoke(replay, pass, data);
    case JBD_COMMIT:
        replay->sequence++;
        if (pass == PASS_SCAN) {
            replay->end = replay->sequence;
            replay->record_max = replay->tag_count;
        }
        return true;
    default:
        return false;
    }
}

// Walks over the log: to the end of the whole transactions, or to find it. What is not to be
// expected ends the log there, and a walk that has been around it does, too.
static int walk(struct replay *replay, enum pass pass)
{
    struct journal *journal = replay->journal;
    uint32_t index;
    int result = true;

    replay->index = big_endian(journal->super->start);
    replay->sequence = journal->sequence;
    replay->left = journal->last - journal->first;
    replay->tag_count = 0;
    while (result > 0 && (pass == PASS_SCAN || replay->sequence != replay->end) &&
           advance(replay, &index)) {
        struct buffer *buffer;
        result = read_log(replay, index, &buffer);
        if (result == 0) {
            result = do_block(replay, pass, buffer->data);
            cache_release(journal->cache, buffer);
        }
    }
    if (result < 0 || pass == PASS_SCAN) {
        return result < 0 ? result : 0;
    }
    return replay->sequence == replay->end ? 0 : -EIO; // it was there a moment ago
}

// Whether the log wants to write to itself.
static bool writes_to_log(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->journal->block_count; i++) {
        if (find_record(replay, replay->journal->blocks[i])->copy != 0) {
            return true;
        }
    }
    return false;
}

static int replay_whole(struct replay *replay)
{
    int error = make_table(replay);

    if (!error) {
        error = walk(replay, PASS_COLLECT);
    }
    if (!error && writes_to_log(replay)) {
        error = -EUCLEAN;
    }
    return error ? error : walk(replay, PASS_APPLY);
}

int journal_replay(struct journal *journal, bool (*valid)(void *context, uint32_t block),
                   void *context)
{
    struct replay replay = {.journal = journal, .valid = valid, .context = context};
    uint32_t first = journal->sequence;

    if (!journal_needs_replay(journal)) {
        return 0;
    }
    replay.end = first;
    int error = walk(&replay, PASS_SCAN);
    if (!error && replay.end != first) {
        error = replay_whole(&replay);
    }
    kfree(replay.records);
    if (!error) {
        error = cache_write_back(journal->cache, BUFFER_DIRTY);
    }
    if (!error) {
        error = cache_flush(journal->cache);
    }
    if (error) {
        return error;
    }
    // What is left of a transaction that was not whole has the number `end`: it is not used again.
    journal->sequence = replay.end + 1;
    error = journal_write_super(journal, 0, journal->sequence);
    if (!error) {
        error = cache_flush(journal->cache);
    }
    return error ? error : (int)(replay.end - first);
}
