// Logs that are written by hand, whole and broken, and what a replay must make of them.
#include "journal_model.h"

#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"

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

static bool any_block(void *context, uint32_t block)
{
    (void)context;
    return block < BLOCKS;
}

static int replay(bool (*is_valid)(void *context, uint32_t block))
{
    alarm(30);
    open_cache(&disk);
    CHECK(open_journal() == 0);
    int result = journal_replay(journal, is_valid, NULL);
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
        CHECK(replay(valid) == (int)transactions);
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
        int result = replay(valid);
        CHECK(result == 4 || result == -EIO);
        heal();
        if (result == 4) {
            memcpy(disk.data, before, disk.sector_count * SECTOR);
        }
        CHECK(marked(&disk) || super_of(&disk)->start != 0);
        disk.bad[(POOL_START + random_below(pool)) * BLOCK_SECTORS] = 2;
        result = replay(valid);
        CHECK(result == 4 || result == -EIO);
        heal();
        disk.failing_flushes = 1;
        CHECK(replay(valid) == (result == 4 ? 0 : -EIO));
        disk.failing_flushes = 0;
        memcpy(disk.data, before, disk.sector_count * SECTOR);
        disk.data[0] = 1; // marked
        memcpy(before, disk.data, disk.sector_count * SECTOR);
        disk_log_clear(&disk);
        CHECK(replay(valid) == 4);
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
        bool own = random_below(2) == 0; // nobody but the journal itself minds
        uint32_t block = own ? journal_map[random_below(JOURNAL_BLOCKS)]
                             : blocks[random_below(ARRAY_LENGTH(blocks))];
        *(struct jbd_tag *)(header + 1) =
            (struct jbd_tag){big_endian(block), big_endian(JBD_TAG_LAST)};
        hand_take(hand);
        hand_take(hand);
        bool whole = random_below(2) == 0;
        hand_header(hand, whole ? JBD_COMMIT : JBD_SUPER_V1);
        CHECK(replay(own ? any_block : valid) == (whole ? -EUCLEAN : 3));
        CHECK(!whole || disk.log_count == 0);
        disk_log_clear(&disk);
        now = (struct model){0};
        for (size_t i = 0; i < pool; i++) {
            now.version[i] = version_of(pool_data(&disk, i), i, 0);
        }
        free(hand);
    }
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
        int result = replay(any_block);
        CHECK(result >= 0 || result == -EUCLEAN);
        results[result < 0]++;
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
    CHECK(replay(valid) == 1);
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
