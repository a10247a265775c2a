// Mounting: the superblock, the groups' descriptors, the journal; then what an operation begins and
// ends with; and unmounting.
#include "kernel/fs/ext2.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"
#include "lib/string.h"

#define REVISION_MAX 1
#define LOG_BLOCK_SIZE_MAX 2 // 4096 bytes
#define OLD_INODE_SIZE 128
#define OLD_FIRST_INODE 11
#define JOURNAL_INODE 8
#define INCOMPAT_KNOWN (EXT2_INCOMPAT_FILETYPE | EXT2_INCOMPAT_RECOVER)
#define RO_COMPAT_KNOWN                                                                            \
    (EXT2_RO_COMPAT_SPARSE_SUPER | EXT2_RO_COMPAT_LARGE_FILE | EXT2_RO_COMPAT_BTREE_DIR)

// ---- The superblock ----

static uint32_t descriptor_blocks(const struct ext2 *ext2)
{
    return ((ext2->group_count - 1) >> ext2->descriptor_bits) + 1;
}

// Takes the layout over. Whether it makes sense, in itself and on this device.
static bool take_layout(struct ext2 *ext2, const struct ext2_superblock *super)
{
    uint32_t size = 1024u << (super->log_block_size & 3);

    ext2->block_size = size;
    ext2->words_per_block = size / sizeof(uint32_t);
    ext2->descriptor_bits = (unsigned)__builtin_ctz(size / sizeof(struct ext2_group));
    ext2->first_data_block = super->first_data_block;
    ext2->block_count = super->blocks_count;
    ext2->blocks_per_group = super->blocks_per_group;
    ext2->inodes_per_group = super->inodes_per_group;
    ext2->inode_size = super->rev_level > 0 ? super->inode_size : OLD_INODE_SIZE;
    ext2->first_inode = super->rev_level > 0 ? super->first_ino : OLD_FIRST_INODE;
    if (super->log_block_size > LOG_BLOCK_SIZE_MAX ||
        super->log_frag_size != super->log_block_size ||
        super->first_data_block != (size == 1024) ||
        super->blocks_count <= super->first_data_block ||
        super->blocks_count > ext2->device.sector_count / (size / BLOCK_SECTOR_SIZE) ||
        super->blocks_per_group == 0 || super->blocks_per_group % 8 != 0 ||
        super->blocks_per_group > 8 * size || super->frags_per_group != super->blocks_per_group ||
        super->inodes_per_group == 0 || super->inodes_per_group > 8 * size ||
        ext2->inode_size < OLD_INODE_SIZE || ext2->inode_size > size ||
        (ext2->inode_size & (ext2->inode_size - 1)) != 0 || ext2->first_inode < OLD_FIRST_INODE ||
        ext2->first_inode > super->inodes_count) {
        return false;
    }
    ext2->group_count =
        (super->blocks_count - super->first_data_block - 1) / super->blocks_per_group + 1;
    ext2->table_blocks = (super->inodes_per_group * ext2->inode_size - 1) / size + 1;
    ext2->head_blocks = 1 + descriptor_blocks(ext2);
    if (super->feature_compat & EXT2_COMPAT_RESIZE_INODE) {
        ext2->head_blocks += super->reserved_gdt_blocks;
    }
    return (uint64_t)ext2->group_count * super->inodes_per_group == super->inodes_count &&
           ext2->head_blocks < super->blocks_per_group;
}

static int bad(struct ext2 *ext2, const char *what)
{
    kprintf("ext2: %s: not mounted: %s makes no sense\n", ext2->device.name, what);
    return -EUCLEAN;
}

// Finds the layout by reading the superblock, before there is a cache of the right block size.
static int read_layout(struct ext2 *ext2)
{
    struct ext2_superblock super;

    int error = block_read(&ext2->device, EXT2_SUPER_OFFSET / BLOCK_SECTOR_SIZE, &super,
                           sizeof(super) / BLOCK_SECTOR_SIZE);
    if (error || super.magic != EXT2_MAGIC) {
        return error ? error : -EINVAL;
    }
    uint32_t unknown = super.feature_incompat & ~(uint32_t)INCOMPAT_KNOWN;
    if (unknown != 0 || super.rev_level > REVISION_MAX) {
        kprintf("ext2: %s: not mounted: revision %u, unknown incompatible features %#x\n",
                ext2->device.name, super.rev_level, unknown);
        return -EOPNOTSUPP;
    }
    unknown = super.feature_ro_compat & ~(uint32_t)RO_COMPAT_KNOWN;
    if (unknown != 0 && !ext2->filesystem.read_only) {
        kprintf("ext2: %s: read-only: unknown features %#x\n", ext2->device.name, unknown);
        ext2->filesystem.read_only = true;
    }
    return take_layout(ext2, &super) ? 0 : bad(ext2, "the superblock");
}

// Writes the superblock past the journal, which is not running, and has it safe.
static int write_super(struct ext2 *ext2)
{
    ext2->super->wtime = (uint32_t)(rtc_now_ns() / CLOCK_NS_PER_SECOND);
    cache_set_state(ext2->cache, ext2->super_buffer, BUFFER_DIRTY);
    int error = cache_write_back(ext2->cache, BUFFER_DIRTY);
    return error ? error : cache_flush(ext2->cache);
}

// ---- The groups ----

void ext2_group_changed(struct ext2 *ext2, uint32_t group)
{
    ext2_changed(ext2, ext2->group_buffers[group >> ext2->descriptor_bits]);
}

// Gets the descriptors, and adds up what is free: after a crash the superblock does not know.
static int read_groups(struct ext2 *ext2)
{
    uint32_t blocks = descriptor_blocks(ext2), free_blocks = 0, free_inodes = 0;

    ext2->group_buffers = kcalloc(blocks, sizeof(ext2->group_buffers[0]));
    ext2->freed = kcalloc(ext2->group_count, sizeof(ext2->freed[0]));
    if (!ext2->group_buffers || !ext2->freed || blocks > cache_blocks_max(ext2->cache) / 4) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < blocks; i++) {
        int error =
            cache_read(ext2->cache, ext2->first_data_block + 1 + i, &ext2->group_buffers[i]);
        if (error) {
            return error;
        }
    }
    for (uint32_t i = 0; i < ext2->group_count; i++) {
        if (!ext2_group_valid(ext2, i)) {
            return bad(ext2, "a group's descriptor");
        }
        free_blocks += ext2_group(ext2, i)->free_blocks_count;
        free_inodes += ext2_group(ext2, i)->free_inodes_count;
    }
    ext2->super->free_blocks_count = free_blocks;
    ext2->super->free_inodes_count = free_inodes;
    return 0;
}

// ---- The journal ----

// Lists the blocks of the journal's inode, which has no holes.
static int list_blocks(struct ext2_inode *inode, uint32_t *blocks, uint32_t count)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    unsigned run;

    for (uint32_t i = 0; i < count; i += run) {
        int error = ext2_map(inode, i, &blocks[i], count - i, &run);
        if (error || blocks[i] == 0) {
            return error ? error : bad(ext2, "a hole in the journal");
        }
        for (unsigned k = 1; k < run; k++) {
            blocks[i + k] = blocks[i] + k;
        }
    }
    return 0;
}

static int open_journal(struct ext2 *ext2)
{
    struct ext2_inode *inode;

    if (ext2->super->journal_inum != JOURNAL_INODE) {
        return bad(ext2, "a journal elsewhere");
    }
    int error = ext2_inode_get(ext2, JOURNAL_INODE, false, &inode);
    if (error) {
        return error == -ENOENT ? bad(ext2, "the journal") : error;
    }
    uint64_t count = inode->inode.size / ext2->block_size;
    uint32_t *blocks = NULL;
    if (!S_ISREG(inode->inode.mode) || count == 0 || count > ext2->block_count) {
        error = bad(ext2, "the journal");
    } else {
        blocks = kmalloc(count * sizeof(*blocks));
        error = blocks ? list_blocks(inode, blocks, (uint32_t)count) : -ENOMEM;
    }
    ext2_inode_put(inode);
    if (error) {
        kfree(blocks);
        return error;
    }
    error = journal_open(ext2->cache, blocks, (uint32_t)count, &ext2->journal);
    return error == -EUCLEAN ? bad(ext2, "the journal's superblock") : error;
}

static bool replay_valid(void *context, uint32_t block)
{
    const struct ext2 *ext2 = context;
    return block >= ext2->first_data_block && block < ext2->block_count;
}

// The log is empty: blocks freed before belong to nobody, not even after a crash.
static void checkpointed(void *context)
{
    struct ext2 *ext2 = context;

    for (uint32_t i = 0; i < ext2->group_count; i++) {
        kfree(ext2->freed[i]);
        ext2->freed[i] = NULL;
    }
}

// ---- Mounting ----

// Gives back all that open_volume has got, however far it came.
static void close_volume(struct ext2 *ext2)
{
    if (ext2->journal) {
        journal_close(ext2->journal);
        ext2->journal = NULL;
    }
    for (uint32_t i = 0; ext2->group_buffers && i < descriptor_blocks(ext2); i++) {
        if (ext2->group_buffers[i]) {
            cache_release(ext2->cache, ext2->group_buffers[i]);
        }
    }
    if (ext2->freed) {
        checkpointed(ext2);
    }
    kfree(ext2->freed);
    kfree(ext2->group_buffers);
    ext2->group_buffers = NULL;
    ext2->freed = NULL;
    if (ext2->super_buffer) {
        cache_release(ext2->cache, ext2->super_buffer);
        ext2->super_buffer = NULL;
    }
    if (ext2->cache) {
        cache_destroy(ext2->cache);
        ext2->cache = NULL;
    }
}

// Gets the structures of the whole file system.
static int open_volume(struct ext2 *ext2, size_t cache_blocks_max)
{
    int error = read_layout(ext2);
    if (error == 0) {
        error = cache_create(&ext2->device, ext2->block_size, cache_blocks_max, &ext2->cache);
    }
    if (error == 0) {
        error = cache_read(ext2->cache, EXT2_SUPER_OFFSET / ext2->block_size, &ext2->super_buffer);
    }
    if (error) {
        return error;
    }
    ext2->super = (void *)((char *)ext2->super_buffer->data + EXT2_SUPER_OFFSET % ext2->block_size);
    error = read_groups(ext2);
    if (error == 0 && ext2->super->feature_compat & EXT2_COMPAT_HAS_JOURNAL) {
        error = open_journal(ext2);
    } else if (error == 0 && ext2->super->feature_incompat & EXT2_INCOMPAT_RECOVER) {
        error = bad(ext2, "recovery without a journal");
    }
    return error;
}

// Puts what the journal has into its place, past all that is in memory.
static int replay(struct ext2 *ext2, size_t cache_blocks_max)
{
    int result = journal_replay(ext2->journal, replay_valid, ext2);
    close_volume(ext2);
    if (result < 0) {
        return result == -EUCLEAN ? bad(ext2, "the journal") : result;
    }
    kprintf("ext2: %s: journal replayed, transactions: %d\n", ext2->device.name, result);
    return open_volume(ext2, cache_blocks_max);
}

// Begins to write.
static int start(struct ext2 *ext2)
{
    struct ext2_superblock *super = ext2->super;

    if (super->state & EXT2_STATE_ERROR || !(ext2->journal || super->state & EXT2_STATE_VALID)) {
        kprintf("ext2: %s: read-only: it was not unmounted, or has errors: run e2fsck\n",
                ext2->device.name);
        ext2->filesystem.read_only = true;
    }
    if (ext2->filesystem.read_only) {
        return 0;
    }
    super->mnt_count++;
    super->mtime = (uint32_t)(rtc_now_ns() / CLOCK_NS_PER_SECOND);
    if (ext2->journal) {
        super->feature_incompat |= EXT2_INCOMPAT_RECOVER;
    } else {
        super->state &= (uint16_t)~EXT2_STATE_VALID;
    }
    int error = write_super(ext2);
    if (error == 0 && ext2->journal) {
        error = journal_start(ext2->journal, checkpointed, ext2);
    }
    unsigned orphans = error == 0 ? ext2_orphans_finish(ext2) : 0;
    if (orphans > 0) {
        kprintf("ext2: %s: deletions or truncations finished: %u\n", ext2->device.name, orphans);
    }
    return error;
}

static int get_root(struct ext2 *ext2)
{
    struct ext2_inode *root;

    int error = ext2_inode_get(ext2, EXT2_ROOT_INODE, false, &root);
    if (error == 0 && !S_ISDIR(root->inode.mode)) {
        ext2_inode_put(root);
        error = -ENOENT;
    }
    if (error) {
        return error == -ENOENT ? bad(ext2, "the root directory") : error;
    }
    ext2->filesystem.root = &root->inode;
    return 0;
}

static const struct filesystem_operations operations;

int ext2_mount(const struct block_device *device, size_t cache_blocks_max,
               struct filesystem **filesystem)
{
    struct ext2 *ext2 = kcalloc(1, sizeof(*ext2));
    if (!ext2) {
        return -ENOMEM;
    }
    ext2->filesystem.operations = &operations;
    ext2->lock = (struct mutex)MUTEX("ext2");
    ext2->device = *device;
    ext2_inodes_start(ext2);
    int error = open_volume(ext2, cache_blocks_max);
    if (error == 0 && ext2->journal && journal_needs_replay(ext2->journal)) {
        error = replay(ext2, cache_blocks_max);
        if (error == 0 && ext2->journal && journal_needs_replay(ext2->journal)) {
            error = bad(ext2, "the journal"); // which has put another one into its own place
        }
    }
    if (error == 0) {
        error = get_root(ext2);
    }
    if (error == 0) {
        error = start(ext2);
        if (error) {
            ext2->filesystem.read_only = true;
            ext2_inode_put(ext2_inode_of(ext2->filesystem.root));
        }
    }
    if (error) {
        ext2_destroy(ext2);
        return error;
    }
    *filesystem = &ext2->filesystem;
    return 0;
}

// ---- Operations ----

int ext2_begin(struct ext2 *ext2, unsigned blocks)
{
    if (ext2->filesystem.read_only) {
        return -EROFS;
    }
    int error = ext2->journal ? journal_begin(ext2->journal, blocks + 1) : 0;
    if (error == 0 && ext2->error_unwritten) {
        ext2->error_unwritten = false;
        ext2_changed(ext2, ext2->super_buffer);
    }
    return error;
}

int ext2_end(struct ext2 *ext2, int result)
{
    size_t changed =
        cache_count(ext2->cache, BUFFER_DIRTY) + cache_count(ext2->cache, BUFFER_RUNNING);

    if (changed > cache_blocks_max(ext2->cache) / 4) {
        // What cannot be written stays: who syncs will hear of it.
        if (ext2->journal) {
            (void)journal_commit(ext2->journal);
        } else {
            (void)cache_write_back(ext2->cache, BUFFER_DIRTY);
        }
    }
    return result;
}

void ext2_changed(struct ext2 *ext2, struct buffer *buffer)
{
    if (ext2->journal) {
        journal_write(ext2->journal, buffer);
    } else {
        cache_set_state(ext2->cache, buffer, BUFFER_DIRTY);
    }
}

int ext2_commit(struct ext2 *ext2)
{
    int error = ext2->error_unwritten ? ext2_begin(ext2, 0) : 0;

    if (ext2->filesystem.read_only) {
        return 0;
    }
    if (ext2->journal) {
        return error ? error : journal_commit(ext2->journal);
    }
    error = cache_write_back(ext2->cache, BUFFER_DIRTY);
    int flush_error = cache_flush(ext2->cache);
    return error ? error : flush_error;
}

bool ext2_make_room(struct ext2 *ext2)
{
    for (uint32_t i = 0; i < ext2->group_count; i++) {
        if (ext2->freed[i]) {
            return journal_checkpoint(ext2->journal) == 0;
        }
    }
    return false;
}

int ext2_corrupt(struct ext2 *ext2, const char *text, ...)
{
    if (!ext2->corrupt_said) {
        va_list arguments;
        va_start(arguments, text);
        kprintf("ext2: %s: ", ext2->device.name);
        kvprintf(text, arguments);
        kprintf(": run e2fsck\n");
        va_end(arguments);
    }
    ext2->error_unwritten = ext2->error_unwritten || !ext2->corrupt_said;
    ext2->corrupt_said = true;
    ext2->super->state |= EXT2_STATE_ERROR;
    return -EUCLEAN;
}

// ---- Unmounting ----

static int sync_filesystem(struct filesystem *filesystem)
{
    struct ext2 *ext2 = (struct ext2 *)filesystem;

    mutex_lock(&ext2->lock);
    int error = ext2_commit(ext2);
    mutex_unlock(&ext2->lock);
    return error;
}

// Leaves the file system clean on the disk.
static int stop(struct ext2 *ext2)
{
    (void)ext2_orphans_finish(ext2); // those still held, too
    int error = ext2_commit(ext2);
    if (ext2->journal) {
        int stop_error = journal_stop(ext2->journal);
        error = error ? error : stop_error;
    }
    if (error) {
        return error;
    }
    ext2->super->feature_incompat &= ~(uint32_t)EXT2_INCOMPAT_RECOVER;
    ext2->super->state |= EXT2_STATE_VALID;
    return write_super(ext2);
}

static int unmount(struct filesystem *filesystem)
{
    struct ext2 *ext2 = (struct ext2 *)filesystem;
    struct inode *root = filesystem->root;

    mutex_lock(&ext2->lock);
    int error = filesystem->read_only ? 0 : stop(ext2);
    filesystem->read_only = true;
    ext2->unmounted = true;
    ext2_inodes_end(ext2);
    mutex_unlock(&ext2->lock);
    inode_release(root);
    return error;
}

void ext2_destroy(struct ext2 *ext2)
{
    close_volume(ext2);
    kfree(ext2);
}

static const struct filesystem_operations operations = {
    .name = "ext2",
    .magic = EXT2_MAGIC,
    .release = ext2_inode_release,
    .sync = sync_filesystem,
    .unmount = unmount,
    .statistics = ext2_statistics,
};
