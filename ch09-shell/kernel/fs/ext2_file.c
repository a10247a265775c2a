// A file's contents.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"
#include "lib/string.h"

#define READ_AHEAD CACHE_READ_AHEAD_MAX // blocks: one request under way while the last is copied
#define WRITE_STEP 8 // blocks written within one operation
#define LARGE_SIZE 0x80000000 // of files from which on EXT2_RO_COMPAT_LARGE_FILE has to be set

// ---- Reading ----

// Has the block that a reader wants be in memory, and those read that a sequential one will want
// next. Returns its number on the device, 0 for a hole, or an error. Not inline: see peek.
static __attribute__((noinline)) int64_t get_block(struct ext2_inode *inode, uint32_t index)
{
    struct cache *cache = ext2_of(&inode->inode)->cache;
    uint32_t count = ext2_blocks_of(inode), start = inode->read_ahead_end, block, ahead;
    bool sequential = inode->read_next - index <= 1, started = false;
    struct buffer *buffer;

    int error = ext2_map(inode, index, &block, sequential ? READ_AHEAD : 1, NULL);
    if (error) {
        return error;
    }
    if (!sequential || start < index || (block != 0 && !cache_present(cache, block))) {
        start = index; // what was asked for once is not there any more
    }
    while (sequential && !started && start < count && start <= index + READ_AHEAD) {
        unsigned run = count - start < READ_AHEAD ? count - start : READ_AHEAD;
        if (ext2_map(inode, start, &ahead, run, &run) != 0) {
            break; // whoever reads that block is told
        }
        started = ahead != 0 && cache_read_ahead(cache, ahead, run);
        start += run;
    }
    inode->read_next = index + 1;
    inode->read_ahead_end = start;
    inode->read_ahead_at = start >= count ? count : start < READ_AHEAD ? 0 : start - READ_AHEAD;
    if (block != 0) {
        (void)ext2_map(inode, index, &block, 1, NULL); // so its run is found first next time
        error = cache_read(cache, block, &buffer);
        if (error) {
            return error;
        }
        cache_release(cache, buffer);
    }
    return block;
}

// The block that a reader wants, if nothing needs to be done for that but to look.
static inline struct buffer *peek(struct ext2_inode *inode, uint32_t index)
{
    uint32_t block = ext2_known(inode, index);

    if (block == 0 || index >= inode->read_ahead_at) {
        return NULL;
    }
    struct buffer *buffer = cache_peek(ext2_of(&inode->inode)->cache, block);
    if (buffer) {
        inode->read_next = index + 1;
    }
    return buffer;
}

// Reads from one block, up to its end or that of the file: returns how much.
static int64_t read_block(struct ext2_inode *inode, struct io *io, uint64_t offset)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t start = (uint32_t)offset & (ext2->block_size - 1);
    uint32_t index = ext2_block_at(ext2, offset);
    uint64_t left = inode->inode.size - offset;
    size_t size = ext2->block_size - start;

    size = size < left ? size : left;
    size = size < io->left ? size : io->left;
    const struct buffer *buffer = peek(inode, index);
    if (!buffer) {
        int64_t block = get_block(inode, index);
        if (block < 0) {
            return block;
        }
        buffer = block ? cache_peek(ext2->cache, (uint32_t)block) : NULL;
    }
    size_t done =
        buffer ? io_copy_out(io, (const char *)buffer->data + start, size) : io_zero_out(io, size);
    return done > 0 ? (int64_t)done : -EFAULT;
}

int64_t ext2_read(struct inode *common, struct io *io, uint64_t offset)
{
    struct ext2 *ext2 = ext2_of(common);
    uint64_t start = offset;
    int64_t result = 0;

    mutex_lock(&ext2->lock);
    while (io->left > 0 && offset < common->size) {
        result = read_block(ext2_inode_of(common), io, offset);
        if (result < 0) {
            break;
        }
        offset += (uint64_t)result;
    }
    mutex_unlock(&ext2->lock);
    return offset > start ? (int64_t)(offset - start) : result;
}

int64_t ext2_readlink(struct inode *common, struct io *io)
{
    struct ext2_inode *inode = ext2_inode_of(common);
    struct ext2 *ext2 = ext2_of(common);
    size_t size = common->size < io->left ? common->size : io->left;
    struct buffer *buffer = NULL;
    const void *target = inode->block;
    uint32_t block;
    int error = 0;

    mutex_lock(&ext2->lock);
    if (common->size == 0 || common->size > ext2->block_size) {
        error = ext2_corrupt(ext2, "link %u has %lu bytes", common->number, common->size);
    } else if (ext2_inode_has_map(inode)) {
        error = ext2_map(inode, 0, &block, 1, NULL);
        if (error == 0) {
            error = block ? cache_read(ext2->cache, block, &buffer)
                          : ext2_corrupt(ext2, "link %u has no block", common->number);
        }
        target = error == 0 ? buffer->data : NULL;
    }
    size_t done = error == 0 ? io_copy_out(io, target, size) : 0;
    if (buffer) {
        cache_release(ext2->cache, buffer);
    }
    mutex_unlock(&ext2->lock);
    if (error) {
        return error;
    }
    return done > 0 || size == 0 ? (int64_t)done : -EFAULT;
}

// ---- Writing ----

static void set_size(struct ext2_inode *inode, uint64_t size)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    struct ext2_superblock *super = ext2->super;

    inode->inode.size = size;
    if (size >= LARGE_SIZE && !(super->feature_ro_compat & EXT2_RO_COMPAT_LARGE_FILE)) {
        super->feature_ro_compat |= EXT2_RO_COMPAT_LARGE_FILE;
        ext2_changed(ext2, ext2->super_buffer);
    }
}

// Zeroes what is behind byte `size` of a file in its block. At a file's end nobody sees that, until
// the file gets longer: then it must be so.
static int zero_tail(struct ext2_inode *inode, uint64_t size)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t start = (uint32_t)size & (ext2->block_size - 1), block;
    struct buffer *buffer;

    if (start == 0) {
        return 0;
    }
    int error = ext2_map(inode, (uint32_t)(size / ext2->block_size), &block, 1, NULL);
    if (error || block == 0) {
        return error;
    }
    error = cache_read(ext2->cache, block, &buffer);
    if (error) {
        return error;
    }
    memset((char *)buffer->data + start, 0, ext2->block_size - start);
    cache_set_state(ext2->cache, buffer, BUFFER_DIRTY);
    cache_release(ext2->cache, buffer);
    return 0;
}

// Gets a block of a file to put `size` bytes into: as it is; or with any bytes if all of it will be
// written and it is new, or not in memory. Then *fresh says that it must not stay so.
static int make_block(struct ext2_inode *inode, uint32_t index, size_t size, struct buffer **buffer,
                      bool *allocated, bool *fresh)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    bool whole = size == ext2->block_size;
    uint32_t block;

    int error = ext2_map_allocate(inode, index, whole, &block, allocated);
    if (error) {
        return error;
    }
    *fresh = !*allocated && whole && !cache_present(ext2->cache, block);
    return (*fresh ? cache_overwrite : cache_read)(ext2->cache, block, buffer);
}

// Writes into one block, as part of an operation: returns how much.
static int64_t write_block(struct ext2_inode *inode, struct io *io, uint64_t offset)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t start = (uint32_t)offset & (ext2->block_size - 1);
    uint32_t index = ext2_block_at(ext2, offset);
    size_t size = ext2->block_size - start;
    struct buffer *buffer;
    bool allocated, fresh;

    size = size < io->left ? size : io->left;
    int error = make_block(inode, index, size, &buffer, &allocated, &fresh);
    if (error) {
        return error;
    }
    struct io before = *io;
    size_t done = io_copy_in(io, (char *)buffer->data + start, size);
    if (allocated && done < size) {
        memset((char *)buffer->data + start + done, 0, size - done);
    }
    if (fresh && done < size) {
        // What the disk has is still right, and was asked to be kept: as if nothing was copied.
        cache_forget(ext2->cache, buffer->block);
        io_rewind(io, &before);
        done = 0;
    } else if (done > 0) {
        cache_set_state(ext2->cache, buffer, BUFFER_DIRTY);
    }
    cache_release(ext2->cache, buffer);
    if (done > 0 && offset + done > inode->inode.size) {
        set_size(inode, offset + done);
    }
    if (done == 0 && allocated && offset - start >= inode->inode.size) {
        bool more; // never: it takes back what this operation has done
        if (ext2_map_free(inode, ext2_blocks_of(inode), 2 * EXT2_MAP_CREDITS, &more) != 0) {
            (void)ext2_orphan_add(inode); // it is taken back later, at the latest by the next mount
        }
    }
    return done > 0 ? (int64_t)done : -EFAULT;
}

// Writes as many blocks as one operation may, and adds to *offset what was done.
static int write_step(struct ext2_inode *inode, struct io *io, uint64_t *offset)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    size_t blocks = io->left / ext2->block_size + 2;
    unsigned step = blocks < WRITE_STEP ? (unsigned)blocks : WRITE_STEP;
    int64_t done = 0;

    if (ext2->journal && step > (journal_limit(ext2->journal) - 1) / EXT2_MAP_CREDITS) {
        step = (journal_limit(ext2->journal) - 1) / EXT2_MAP_CREDITS;
    }
    int error = ext2_begin(ext2, step * EXT2_MAP_CREDITS);
    if (error) {
        return error;
    }
    ext2_touch(inode, true);
    done = ext2_inode_write(inode);
    if (done == 0 && *offset > inode->inode.size) {
        done = zero_tail(inode, inode->inode.size);
    }
    for (unsigned i = 0; i < step && io->left > 0 && done >= 0; i++) {
        done = write_block(inode, io, *offset);
        *offset += done > 0 ? (uint64_t)done : 0;
    }
    error = ext2_inode_write(inode);
    return ext2_end(ext2, done < 0 ? (int)done : error);
}

// What forbids to write `size` bytes at an offset, and how many may be at most.
static int check_write(const struct ext2_inode *inode, uint64_t offset, bool append, size_t *size)
{
    uint64_t size_max = ext2_size_max(ext2_of(&inode->inode));

    if (inode->flags & EXT2_FLAG_IMMUTABLE || (inode->flags & EXT2_FLAG_APPEND && !append)) {
        return -EPERM;
    }
    if (offset >= size_max) {
        return *size > 0 ? -EFBIG : 0;
    }
    *size = *size < size_max - offset ? *size : size_max - offset;
    return 0;
}

// A file that is to get longer must not have blocks behind its end, where a truncation has failed
// to free them: what was cut off would be there again.
static int finish_shrinking(struct ext2_inode *inode)
{
    if (!inode->orphan || inode->ended) {
        return 0;
    }
    return inode->inode.link_count > 0 ? ext2_inode_finish_orphan(inode) : ext2_inode_shrink(inode);
}

int64_t ext2_write(struct inode *common, struct io *io, uint64_t offset, uint64_t *append)
{
    struct ext2_inode *inode = ext2_inode_of(common);
    struct ext2 *ext2 = ext2_of(common);
    bool retried = false;

    mutex_lock(&ext2->lock);
    if (append) {
        *append = offset = common->size;
    }
    uint64_t start = offset;
    size_t size = io->left;
    int error = check_write(inode, offset, append, &size);
    size_t beyond = io->left - size;
    io->left = size;
    if (error == 0 && offset + size > common->size) {
        error = finish_shrinking(inode);
    }
    while (io->left > 0 && error == 0) {
        error = write_step(inode, io, &offset);
        if (error == -ENOSPC && !retried) {
            retried = true;
            error = ext2_make_room(ext2) ? 0 : error;
        }
    }
    io->left += beyond;
    mutex_unlock(&ext2->lock);
    return offset > start ? (int64_t)(offset - start) : error;
}

int ext2_truncate(struct inode *common, uint64_t size)
{
    struct ext2_inode *inode = ext2_inode_of(common);
    struct ext2 *ext2 = ext2_of(common);
    bool shorter = false;

    if (size > ext2_size_max(ext2)) {
        return -EFBIG;
    }
    mutex_lock(&ext2->lock);
    int error = inode->flags & (EXT2_FLAG_IMMUTABLE | EXT2_FLAG_APPEND) ? -EPERM : 0;
    if (error == 0 && size > common->size) {
        error = finish_shrinking(inode);
    }
    if (error == 0) {
        error = ext2_begin(ext2, 2);
    }
    if (error == 0) {
        shorter = size < common->size;
        ext2_touch(inode, true);
        error = ext2_inode_write(inode);
        if (error == 0) {
            error = zero_tail(inode, shorter ? size : common->size);
        }
        if (error == 0 && shorter) {
            error = ext2_orphan_add(inode);
        }
        if (error == 0) {
            set_size(inode, size);
            error = ext2_inode_write(inode);
        }
        error = ext2_end(ext2, error);
    }
    if (error == 0 && shorter) {
        error = finish_shrinking(inode);
    }
    mutex_unlock(&ext2->lock);
    return error;
}

int ext2_sync(struct inode *inode)
{
    struct ext2 *ext2 = ext2_of(inode);

    mutex_lock(&ext2->lock);
    int error = ext2_commit(ext2);
    mutex_unlock(&ext2->lock);
    return error;
}
