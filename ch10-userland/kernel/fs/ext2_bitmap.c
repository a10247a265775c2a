// What is free: a bitmap of its blocks and one of its inodes in each group, with counts in its
// descriptor and in the superblock.
#include "kernel/fs/ext2.h"

#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"

#define WORD_BITS 64
#define NO_BIT UINT32_MAX

uint32_t ext2_group_first(const struct ext2 *ext2, uint32_t group)
{
    return ext2->first_data_block + group * ext2->blocks_per_group;
}

uint32_t ext2_group_blocks(const struct ext2 *ext2, uint32_t group)
{
    uint32_t left = ext2->block_count - ext2_group_first(ext2, group);
    return left < ext2->blocks_per_group ? left : ext2->blocks_per_group;
}

static bool is_power_of(uint32_t number, uint32_t base)
{
    while (number % base == 0) {
        number /= base;
    }
    return number == 1;
}

// Whether a group starts with a copy of the superblock and the descriptors.
static bool has_head(const struct ext2 *ext2, uint32_t group)
{
    const struct ext2_superblock *super = ext2->super;

    if (super->feature_compat & EXT2_COMPAT_SPARSE_SUPER2) {
        return group == 0;
    }
    return group <= 1 || !(super->feature_ro_compat & EXT2_RO_COMPAT_SPARSE_SUPER) ||
           is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

// Whether `count` blocks from `block` on lie in a group, behind the copies at its start.
static bool lies_in(const struct ext2 *ext2, uint32_t group, uint32_t block, uint32_t count)
{
    uint32_t head = has_head(ext2, group) ? ext2->head_blocks : 0;
    uint32_t offset = block - ext2_group_first(ext2, group);
    uint32_t size = ext2_group_blocks(ext2, group);

    return offset >= head && offset < size && count <= size - offset;
}

bool ext2_group_valid(struct ext2 *ext2, uint32_t number)
{
    const struct ext2_group *group = ext2_group(ext2, number);

    return lies_in(ext2, number, group->block_bitmap, 1) &&
           lies_in(ext2, number, group->inode_bitmap, 1) &&
           lies_in(ext2, number, group->inode_table, ext2->table_blocks) &&
           group->block_bitmap != group->inode_bitmap &&
           group->block_bitmap - group->inode_table >= ext2->table_blocks &&
           group->inode_bitmap - group->inode_table >= ext2->table_blocks &&
           group->free_blocks_count <= ext2_group_blocks(ext2, number) &&
           group->free_inodes_count <= ext2->inodes_per_group;
}

// Whether `count` successive things from `first` on reach into `other_count` from `other` on.
static bool overlap(uint32_t first, uint32_t count, uint32_t other, uint32_t other_count)
{
    return other - first < count || first - other < other_count;
}

bool ext2_blocks_valid(struct ext2 *ext2, uint32_t block, uint32_t count)
{
    uint32_t index = block - ext2->first_data_block;

    if (block < ext2->first_data_block || block >= ext2->block_count ||
        count > ext2->block_count - block) {
        return false;
    }
    uint32_t number = index / ext2->blocks_per_group, offset = index % ext2->blocks_per_group;
    const struct ext2_group *group = ext2_group(ext2, number);
    return count <= ext2->blocks_per_group - offset &&
           !overlap(block, count, group->inode_table, ext2->table_blocks) &&
           !overlap(block, count, group->block_bitmap, 1) &&
           !overlap(block, count, group->inode_bitmap, 1) &&
           (offset >= ext2->head_blocks || !has_head(ext2, number));
}

// The first bit from start on, below end, that is clear in a bitmap, and in another if there is
// one.
static uint32_t find_clear(const uint64_t *bitmap, const uint64_t *other, uint32_t start,
                           uint32_t end)
{
    uint64_t ignored = ((uint64_t)1 << start % WORD_BITS) - 1;

    for (uint32_t i = start / WORD_BITS; i * WORD_BITS < end; i++, ignored = 0) {
        uint64_t taken = bitmap[i] | ignored | (other ? other[i] : 0);
        if (taken != UINT64_MAX) {
            uint32_t bit = i * WORD_BITS + (uint32_t)__builtin_ctzll(~taken);
            return bit < end ? bit : NO_BIT;
        }
    }
    return NO_BIT;
}

// Sets the first clear bit of a bitmap from start on, or before that; never one that is set in
// `other`. -ENOSPC where there is no such bit. The bitmap's count has said that there is a clear
// one.
static int take(struct ext2 *ext2, uint32_t block, const uint64_t *other, uint32_t start,
                uint32_t end, uint32_t *bit)
{
    struct buffer *buffer;
    int error = cache_read(ext2->cache, block, &buffer);
    if (error) {
        return error;
    }
    uint64_t *words = buffer->data;
    *bit = find_clear(words, other, start, end);
    if (*bit == NO_BIT) {
        *bit = find_clear(words, other, 0, start);
    }
    if (*bit != NO_BIT) {
        words[*bit / WORD_BITS] |= (uint64_t)1 << *bit % WORD_BITS;
        ext2_changed(ext2, buffer);
    } else if (other && find_clear(words, NULL, 0, end) != NO_BIT) {
        error = -ENOSPC;
    } else {
        error = ext2_corrupt(ext2, "bitmap %u is full, its count is not 0", block);
    }
    cache_release(ext2->cache, buffer);
    return error;
}

// Clears a bit of a bitmap, which is set.
static int clear(struct ext2 *ext2, uint32_t block, uint32_t bit)
{
    struct buffer *buffer;
    int error = cache_read(ext2->cache, block, &buffer);
    if (error) {
        return error;
    }
    uint64_t *word = (uint64_t *)buffer->data + bit / WORD_BITS;
    uint64_t mask = (uint64_t)1 << bit % WORD_BITS;
    if (*word & mask) {
        *word &= ~mask;
        ext2_changed(ext2, buffer);
    } else {
        error = ext2_corrupt(ext2, "bit %u of bitmap %u is clear already", bit, block);
    }
    cache_release(ext2->cache, buffer);
    return error;
}

// After a change of the counts in a group's descriptor and in the superblock.
static void counts_changed(struct ext2 *ext2, uint32_t group)
{
    ext2_group_changed(ext2, group);
    ext2_changed(ext2, ext2->super_buffer);
}

// ---- Blocks ----

static void count_block(struct ext2 *ext2, uint32_t group, int change)
{
    ext2_group(ext2, group)->free_blocks_count += (uint16_t)change;
    ext2->super->free_blocks_count += (uint32_t)change;
    counts_changed(ext2, group);
}

// Takes a block of a group: from `bit` on, or before that.
static int allocate_in(struct ext2 *ext2, uint32_t group, uint32_t bit, uint32_t *block)
{
    struct ext2_group *descriptor = ext2_group(ext2, group);

    if (descriptor->free_blocks_count == 0) {
        return -ENOSPC;
    }
    int error = take(ext2, descriptor->block_bitmap, ext2->freed[group], bit,
                     ext2_group_blocks(ext2, group), &bit);
    if (error) {
        return error;
    }
    *block = ext2_group_first(ext2, group) + bit;
    if (!ext2_block_valid(ext2, *block)) {
        return ext2_corrupt(ext2, "metadata block %u is free", *block);
    }
    count_block(ext2, group, -1);
    return 0;
}

int ext2_block_allocate(struct ext2 *ext2, uint32_t goal, uint32_t *block)
{
    if (goal < ext2->first_data_block || goal >= ext2->block_count) {
        goal = ext2->first_data_block;
    }
    uint32_t group = (goal - ext2->first_data_block) / ext2->blocks_per_group;
    uint32_t bit = goal - ext2_group_first(ext2, group);
    int error = -ENOSPC;

    for (uint32_t i = 0; i < ext2->group_count && error == -ENOSPC; i++) {
        error = allocate_in(ext2, group, bit, block);
        group = group + 1 < ext2->group_count ? group + 1 : 0;
        bit = 0;
    }
    return error;
}

// Makes a block free, in all but memory.
static int free_in(struct ext2 *ext2, uint32_t group, uint32_t block)
{
    struct ext2_group *descriptor = ext2_group(ext2, group);

    if (descriptor->free_blocks_count >= ext2_group_blocks(ext2, group)) {
        return ext2_corrupt(ext2, "group %u has %u free blocks", group,
                            descriptor->free_blocks_count);
    }
    int error = clear(ext2, descriptor->block_bitmap, block - ext2_group_first(ext2, group));
    if (error) {
        return error;
    }
    count_block(ext2, group, 1);
    if (ext2->journal) {
        journal_forget(ext2->journal, block);
    }
    cache_forget(ext2->cache, block);
    return 0;
}

int ext2_block_free(struct ext2 *ext2, uint32_t block)
{
    uint32_t group = (block - ext2->first_data_block) / ext2->blocks_per_group;
    uint32_t bit = block - ext2_group_first(ext2, group);

    // Without a journal no order of writes is promised, so there is nothing to wait for.
    if (ext2->journal && !ext2->freed[group]) {
        ext2->freed[group] = kcalloc(1, ext2->block_size);
        if (!ext2->freed[group]) {
            return -ENOMEM;
        }
    }
    int error = free_in(ext2, group, block);
    if (error == 0 && ext2->journal) {
        ext2->freed[group][bit / WORD_BITS] |= (uint64_t)1 << bit % WORD_BITS;
    }
    return error;
}

void ext2_block_return(struct ext2 *ext2, uint32_t block)
{
    // Cannot fail: the bitmap is a part of the running transaction.
    (void)free_in(ext2, (block - ext2->first_data_block) / ext2->blocks_per_group, block);
}

// ---- Inodes ----

static void count_inode(struct ext2 *ext2, uint32_t group, bool is_directory, int change)
{
    struct ext2_group *descriptor = ext2_group(ext2, group);

    descriptor->free_inodes_count += (uint16_t)change;
    descriptor->used_dirs_count -= (uint16_t)(is_directory ? change : 0);
    ext2->super->free_inodes_count += (uint32_t)change;
    counts_changed(ext2, group);
}

// Directories are spread, so that their files find room beside them: the group with the most free
// blocks among those that have at least as many free inodes as the average.
static uint32_t roomiest_group(struct ext2 *ext2, uint32_t parent)
{
    uint32_t average = ext2->super->free_inodes_count / ext2->group_count;
    uint32_t best = parent, most = 0;

    for (uint32_t i = 0; i < ext2->group_count; i++) {
        const struct ext2_group *group = ext2_group(ext2, i);
        if (group->free_inodes_count > 0 && group->free_inodes_count >= average &&
            group->free_blocks_count > most) {
            best = i;
            most = group->free_blocks_count;
        }
    }
    return best;
}

int ext2_inode_number_allocate(struct ext2 *ext2, uint32_t directory, bool is_directory,
                               uint32_t *number)
{
    uint32_t group = (directory - 1) / ext2->inodes_per_group, bit;

    if (is_directory) {
        group = roomiest_group(ext2, group);
    }
    for (uint32_t i = 0; ext2_group(ext2, group)->free_inodes_count == 0; i++) {
        group = group + 1 < ext2->group_count ? group + 1 : 0;
        if (i == ext2->group_count) {
            return -ENOSPC;
        }
    }
    int error =
        take(ext2, ext2_group(ext2, group)->inode_bitmap, NULL, 0, ext2->inodes_per_group, &bit);
    if (error) {
        return error;
    }
    *number = group * ext2->inodes_per_group + bit + 1;
    if (*number < ext2->first_inode) {
        return ext2_corrupt(ext2, "reserved inode %u is free", *number);
    }
    count_inode(ext2, group, is_directory, -1);
    return 0;
}

int ext2_inode_number_free(struct ext2 *ext2, uint32_t number, bool is_directory)
{
    uint32_t group = (number - 1) / ext2->inodes_per_group;
    struct ext2_group *descriptor = ext2_group(ext2, group);

    if (descriptor->free_inodes_count >= ext2->inodes_per_group ||
        (is_directory && descriptor->used_dirs_count == 0)) {
        return ext2_corrupt(ext2, "group %u has %u free inodes and %u directories", group,
                            descriptor->free_inodes_count, descriptor->used_dirs_count);
    }
    int error = clear(ext2, descriptor->inode_bitmap, (number - 1) % ext2->inodes_per_group);
    if (error == 0) {
        count_inode(ext2, group, is_directory, 1);
    }
    return error;
}

int ext2_inode_number_used(struct ext2 *ext2, uint32_t number)
{
    uint32_t bit = (number - 1) % ext2->inodes_per_group;
    struct buffer *buffer;
    uint32_t block = ext2_group(ext2, (number - 1) / ext2->inodes_per_group)->inode_bitmap;

    int result = cache_read(ext2->cache, block, &buffer);
    if (result == 0) {
        result = ((const uint64_t *)buffer->data)[bit / WORD_BITS] >> bit % WORD_BITS & 1;
        cache_release(ext2->cache, buffer);
    }
    return result;
}

void ext2_statistics(struct filesystem *filesystem, struct filesystem_statistics *statistics)
{
    struct ext2 *ext2 = (struct ext2 *)filesystem;

    mutex_lock(&ext2->lock);
    statistics->block_size = ext2->block_size;
    statistics->block_count = ext2->block_count;
    statistics->free_blocks = ext2->super->free_blocks_count;
    statistics->inode_count = ext2->super->inodes_count;
    statistics->free_inodes = ext2->super->free_inodes_count;
    mutex_unlock(&ext2->lock);
}
