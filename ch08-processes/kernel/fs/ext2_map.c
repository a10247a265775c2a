// Where a file's blocks are. The inode has 15 words: 12 are numbers of the file's first blocks; the
// others name blocks full of such numbers, of numbers of such blocks, and of numbers of those:
//
//     inode  [0] ... [11] [12]        [13]          [14]
//                          |           |             |
//     indirect           [0 ... w-1] [0 ... w-1]   [0 ... w-1]     w = block_size / 4
//                                     |             |
//     double indirect               [0 ... w-1]   [0 ... w-1]
//                                                   |
//     triple indirect                             [0 ... w-1]
//
// 0 stands for a hole: a block, or all that would hang there. No number that comes from the disk is
// followed unchecked, and a way has at most four steps, whatever the blocks say.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"
#include "lib/string.h"

#define LEVELS 4
// Credits that must be left to look into an indirect block: its own, a bit's, and a spare one.
#define FREE_MIN 4

// The way to a file's block, as far as it has been gone.
struct way {
    unsigned depth; // words from the inode to the block
    uint32_t index[LEVELS]; // which word: of the inode, of the block that is found there, ...
    unsigned level; // how far we are: at word index[level]
    uint32_t *word;
    struct buffer *buffer; // held, with that word; NULL: it is in the inode
};

static unsigned word_bits(const struct ext2 *ext2)
{
    return (unsigned)__builtin_ctz(ext2->words_per_block);
}

uint64_t ext2_size_max(const struct ext2 *ext2)
{
    uint64_t words = ext2->words_per_block;
    uint64_t mapped = EXT2_DIRECT_BLOCKS + words + words * words + words * words * words;
    // i_blocks counts sectors, also of indirect blocks: fewer than one to w - 1 others, and a few.
    uint64_t counted = UINT32_MAX / (ext2->block_size / BLOCK_SECTOR_SIZE);
    counted -= counted / (words - 1) + LEVELS * LEVELS;
    uint64_t size = (mapped < counted ? mapped : counted) * ext2->block_size;
    return ext2->super->rev_level == 0 && size > INT32_MAX ? INT32_MAX : size;
}

// Plans the way. False for a block that no file can have.
static bool plan(const struct ext2 *ext2, uint32_t index, struct way *way)
{
    unsigned bits = word_bits(ext2);
    uint64_t rest = index, span = EXT2_DIRECT_BLOCKS;

    for (way->depth = 1; rest >= span; span <<= bits) {
        rest -= span;
        span = way->depth == 1 ? 1 : span;
        if (++way->depth > LEVELS) {
            return false;
        }
    }
    for (unsigned level = way->depth - 1; level > 0; level--) {
        way->index[level] = (uint32_t)rest & (ext2->words_per_block - 1);
        rest >>= bits;
    }
    way->index[0] = (uint32_t)rest + (way->depth > 1 ? EXT2_DIRECT_BLOCKS + way->depth - 2 : 0);
    return true;
}

static void release(struct ext2 *ext2, struct way *way)
{
    if (way->buffer) {
        cache_release(ext2->cache, way->buffer);
    }
}

static int wild(struct ext2_inode *inode, uint32_t block)
{
    return ext2_corrupt(ext2_of(&inode->inode), "inode %u names block %u", inode->inode.number,
                        block);
}

// Goes to a file's block, or to the first word on the way that is 0. The caller releases the way.
static int go(struct ext2_inode *inode, uint32_t index, struct way *way)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);

    if (!plan(ext2, index, way)) {
        return -EFBIG;
    }
    way->buffer = NULL;
    way->word = &inode->block[way->index[0]];
    for (way->level = 0; *way->word != 0; way->level++) {
        uint32_t block = *way->word;
        bool valid = ext2_block_valid(ext2, block);
        if (valid && way->level == way->depth - 1) {
            return 0;
        }
        release(ext2, way);
        way->buffer = NULL;
        int error = valid ? cache_read(ext2->cache, block, &way->buffer) : wild(inode, block);
        if (error) {
            return error;
        }
        way->word = (uint32_t *)way->buffer->data + way->index[way->level + 1];
    }
    return 0;
}

// How many file blocks from here on, at most `max`, follow each other or are holes.
static unsigned run_at(struct ext2 *ext2, const struct way *way, unsigned max)
{
    uint32_t first = *way->word,
             words = way->level > 0 ? ext2->words_per_block : EXT2_DIRECT_BLOCKS;
    unsigned run = 1;

    if (way->level < way->depth - 1) {
        // What would hang on this word: w blocks, w * w, ...; less those before the one wanted.
        uint64_t before = 0, all = 1;
        for (unsigned level = way->level + 1; level < way->depth; level++) {
            before = before << word_bits(ext2) | way->index[level];
            all <<= word_bits(ext2);
        }
        return all - before < max ? (unsigned)(all - before) : max;
    }
    words -= way->index[way->level];
    max = max < words ? max : words;
    while (run < max && way->word[run] == (first ? first + run : 0)) {
        run++;
    }
    return first == 0 || run == 1 || ext2_blocks_valid(ext2, first, run) ? run : 1;
}

// Remembers that file blocks follow each other: readers go that way more often than they ask.
static void remember(struct ext2_inode *inode, uint32_t index, uint32_t block, unsigned run)
{
    struct ext2_run *runs = inode->runs;

    if (index == runs->index + runs->length && block == runs->block + runs->length) {
        runs->length += run;
    } else {
        runs[1] = runs[0];
        runs[0] = (struct ext2_run){index, block, run};
    }
}

// How many file blocks are known to follow each other, and where the first one is. 0: none.
static uint32_t known(struct ext2_inode *inode, uint32_t index, uint32_t *block)
{
    struct ext2_run *runs = inode->runs, other = runs[1];

    if (index - other.index < other.length) {
        runs[1] = runs[0];
        runs[0] = other;
    }
    *block = ext2_known(inode, index);
    return *block ? runs->length - (index - runs->index) : 0;
}

// ext2_map for what is not known. Returns the run's length, or an error.
static __attribute__((noinline)) int64_t look_up(struct ext2_inode *inode, uint32_t index,
                                                 uint32_t *block, unsigned run_max)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    struct way way;

    int error = go(inode, index, &way);
    if (error) {
        return error;
    }
    unsigned length = run_at(ext2, &way, run_max);
    *block = *way.word;
    release(ext2, &way);
    if (*block != 0) {
        remember(inode, index, *block, length);
    }
    return length;
}

int ext2_map(struct ext2_inode *inode, uint32_t index, uint32_t *block, unsigned run_max,
             unsigned *run)
{
    int64_t length = known(inode, index, block);

    if (length == 0) {
        length = look_up(inode, index, block, run_max);
    }
    if (length > 0 && run) {
        *run = length < run_max ? (unsigned)length : run_max;
    }
    return length < 0 ? (int)length : 0;
}

// ---- Allocation ----

// Where a new block should be: behind the one that stands before it in the file, or that was
// allocated before it; the first one in the inode's group.
static uint32_t goal_for(const struct ext2_inode *inode, const struct way *way)
{
    const struct ext2 *ext2 = ext2_of(&inode->inode);
    bool last_step = way->level == way->depth - 1;

    if ((last_step || inode->goal == 0) && way->index[way->level] > 0 && way->word[-1] != 0) {
        return way->word[-1] + 1;
    }
    if (inode->goal != 0) {
        return inode->goal;
    }
    return way->buffer ? way->buffer->block + 1
                       : ext2_group_first(ext2, (inode->inode.number - 1) / ext2->inodes_per_group);
}

// Puts zeroes into a new block, and a number if it is an indirect one; nothing into one that will
// be overwritten.
static int start_block(struct ext2 *ext2, uint32_t block, bool whole, uint32_t index,
                       uint32_t number)
{
    struct buffer *buffer;
    int error = (whole ? cache_overwrite : cache_new)(ext2->cache, block, &buffer);
    if (error) {
        return error;
    }
    if (number != 0) {
        ((uint32_t *)buffer->data)[index] = number;
        ext2_changed(ext2, buffer);
    }
    cache_release(ext2->cache, buffer);
    return 0;
}

// Allocates all blocks that are missing on the way, and hangs them on the way's word at the end.
static int extend(struct ext2_inode *inode, struct way *way, bool whole, uint32_t *block)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t blocks[LEVELS + 1], goal = goal_for(inode, way);
    unsigned missing = way->depth - way->level, count = 0;
    int error = 0;

    while (count < missing && error == 0) {
        error = ext2_block_allocate(ext2, goal, &blocks[count]);
        if (error == 0) {
            goal = blocks[count++] + 1;
        }
    }
    blocks[missing] = 0;
    for (unsigned i = missing; i-- > 0 && error == 0;) {
        uint32_t index = i + 1 < missing ? way->index[way->level + i + 1] : 0;
        // With none but it to make, it stays in memory until the caller overwrites it.
        error = start_block(ext2, blocks[i], whole && missing == 1, index, blocks[i + 1]);
    }
    if (error) {
        while (count-- > 0) {
            ext2_block_return(ext2, blocks[count]);
        }
        return error;
    }
    *way->word = blocks[0];
    if (way->buffer) {
        ext2_changed(ext2, way->buffer);
    }
    inode->inode.sector_count += missing * (ext2->block_size / BLOCK_SECTOR_SIZE);
    *block = blocks[missing - 1];
    inode->goal = goal;
    return 0;
}

int ext2_map_allocate(struct ext2_inode *inode, uint32_t index, bool whole, uint32_t *block,
                      bool *allocated)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    struct way way;

    *allocated = false;
    if (known(inode, index, block) > 0) {
        return 0;
    }
    int error = go(inode, index, &way);
    if (error) {
        return error;
    }
    *block = *way.word;
    *allocated = *block == 0;
    if (*allocated) {
        error = extend(inode, &way, whole, block);
    }
    release(ext2, &way);
    if (error == 0) {
        remember(inode, index, *block, 1);
    }
    return error;
}

// ---- Freeing ----

struct freeing {
    struct ext2_inode *inode;
    unsigned credits; // blocks of metadata that may still be changed
    uint32_t group; // whose bitmap and descriptor are changed already
    bool more; // it stopped for want of credits
};

// Frees a block, whose number has been checked, if there are credits for it.
static int free_block(struct freeing *freeing, uint32_t block)
{
    struct inode *inode = &freeing->inode->inode;
    struct ext2 *ext2 = ext2_of(inode);
    uint32_t group = (block - ext2->first_data_block) / ext2->blocks_per_group;
    uint32_t sectors = ext2->block_size / BLOCK_SECTOR_SIZE;

    if (group != freeing->group) {
        if (freeing->credits < 2) {
            freeing->more = true;
            return 0;
        }
        freeing->credits -= 2;
        freeing->group = group;
    }
    int error = ext2_block_free(ext2, block);
    if (error == 0) {
        inode->sector_count -= inode->sector_count < sectors ? inode->sector_count : sectors;
    }
    return error;
}

static int free_words(struct freeing *freeing, uint32_t *words, unsigned count, unsigned level,
                      uint64_t from, bool *changed);

// Frees what hangs on an indirect block, from the `from`th file block under it on.
static int free_below(struct freeing *freeing, uint32_t block, unsigned level, uint64_t from)
{
    struct ext2 *ext2 = ext2_of(&freeing->inode->inode);
    bool changed = false;
    struct buffer *buffer;

    if (freeing->credits < FREE_MIN) {
        freeing->more = true;
        return 0;
    }
    freeing->credits--;
    int error = cache_read(ext2->cache, block, &buffer);
    if (error) {
        return error;
    }
    error = free_words(freeing, buffer->data, ext2->words_per_block, level - 1, from, &changed);
    // Where the block was found free within itself, it is not ours to write.
    if (changed && buffer->present) {
        ext2_changed(ext2, buffer);
    }
    cache_release(ext2->cache, buffer);
    return error;
}

// Frees what hangs on an array of block numbers, each `level` steps away from file blocks, from the
// `from`th file block on. The last first: so what is left is a file at any time.
static int free_words(struct freeing *freeing, uint32_t *words, unsigned count, unsigned level,
                      uint64_t from, bool *changed)
{
    struct ext2 *ext2 = ext2_of(&freeing->inode->inode);
    unsigned bits = level * word_bits(ext2);
    uint64_t first = from >> bits;

    for (uint64_t i = count; i-- > first;) {
        uint32_t block = words[i];
        if (block == 0) {
            continue;
        }
        uint64_t rest = i == first ? from - (first << bits) : 0;
        int error = ext2_block_valid(ext2, block) ? 0 : wild(freeing->inode, block);
        if (error == 0 && level > 0) {
            error = free_below(freeing, block, level, rest);
        }
        if (error == 0 && rest == 0 && !freeing->more) {
            error = free_block(freeing, block);
        }
        if (error || freeing->more) {
            return error;
        }
        if (rest == 0) {
            words[i] = 0;
            *changed = true;
        }
    }
    return 0;
}

int ext2_map_free(struct ext2_inode *inode, uint32_t index, unsigned credits, bool *more)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    unsigned bits = word_bits(ext2);
    struct freeing freeing = {.inode = inode, .credits = credits - 2, .group = UINT32_MAX};
    bool changed = false;
    int error = 0;

    memset(inode->runs, 0, sizeof(inode->runs));
    inode->goal = 0;
    for (unsigned level = LEVELS; level-- > 0 && error == 0 && !freeing.more;) {
        // The file block that the level's words begin with.
        uint64_t start = 0;
        for (unsigned below = 0; below < level; below++) {
            start += below == 0 ? EXT2_DIRECT_BLOCKS : (uint64_t)1 << below * bits;
        }
        error = free_words(&freeing, &inode->block[level ? EXT2_DIRECT_BLOCKS + level - 1 : 0],
                           level ? 1 : EXT2_DIRECT_BLOCKS, level, index > start ? index - start : 0,
                           &changed);
    }
    *more = freeing.more;
    return error;
}
