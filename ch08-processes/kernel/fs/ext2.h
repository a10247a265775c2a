// The second extended file system, revision 1, with the journal of ext3: its structures on the disk
// (little-endian, names as in Linux's documentation without their prefixes) and what the files
// ext2_*.c share. Nobody else includes this but who mounts.
//
// Lock: every function but those in the operation tables is called with ext2->lock held. What is
// read from the disk is not believed: who finds nonsense calls ext2_corrupt.
#ifndef RUNG_KERNEL_FS_EXT2_H
#define RUNG_KERNEL_FS_EXT2_H

#include "kernel/fs/cache.h"
#include "kernel/fs/journal.h"
#include "kernel/fs/vfs.h"
#include "kernel/sync/mutex.h"

#define EXT2_SUPER_OFFSET 1024 // bytes from the start of the device
#define EXT2_MAGIC 0xef53
#define EXT2_ROOT_INODE 2
#define EXT2_LINK_MAX 65000 // links to a file; subdirectories of a directory
#define EXT2_DIRECT_BLOCKS 12
#define EXT2_MAP_WORDS 15 // direct, then one each of single, double and triple indirect

#define EXT2_STATE_VALID 1 // s_state: cleanly unmounted
#define EXT2_STATE_ERROR 2 // contradictions were found

#define EXT2_COMPAT_HAS_JOURNAL 0x4
#define EXT2_COMPAT_RESIZE_INODE 0x10 // keeps blocks behind the descriptors
#define EXT2_COMPAT_SPARSE_SUPER2 0x200 // copies of the superblock at two places of its own
#define EXT2_INCOMPAT_FILETYPE 0x2
#define EXT2_INCOMPAT_RECOVER 0x4 // the journal has to be replayed
#define EXT2_RO_COMPAT_SPARSE_SUPER 0x1
#define EXT2_RO_COMPAT_LARGE_FILE 0x2
#define EXT2_RO_COMPAT_BTREE_DIR 0x4 // never used

#define EXT2_FLAG_INDEX 0x1000 // i_flags: a hashed directory
#define EXT2_FLAG_IMMUTABLE 0x10
#define EXT2_FLAG_APPEND 0x20

struct ext2_superblock {
    uint32_t inodes_count, blocks_count, r_blocks_count, free_blocks_count, free_inodes_count;
    uint32_t first_data_block, log_block_size, log_frag_size;
    uint32_t blocks_per_group, frags_per_group, inodes_per_group;
    uint32_t mtime, wtime;
    uint16_t mnt_count, max_mnt_count, magic, state, errors, minor_rev_level;
    uint32_t lastcheck, checkinterval, creator_os, rev_level;
    uint16_t def_resuid, def_resgid;
    uint32_t first_ino;
    uint16_t inode_size, block_group_nr;
    uint32_t feature_compat, feature_incompat, feature_ro_compat;
    uint8_t uuid[16];
    char volume_name[16], last_mounted[64];
    uint32_t algorithm_usage_bitmap;
    uint8_t prealloc_blocks, prealloc_dir_blocks;
    uint16_t reserved_gdt_blocks;
    uint8_t journal_uuid[16];
    uint32_t journal_inum, journal_dev, last_orphan;
    uint32_t hash_seed[4];
    uint8_t def_hash_version, jnl_backup_type;
    uint16_t desc_size;
    uint32_t default_mount_opts, first_meta_bg, mkfs_time, jnl_blocks[17];
    uint32_t unused[172];
};
_Static_assert(sizeof(struct ext2_superblock) == 1024, "the superblock takes 1 KiB");
_Static_assert(offsetof(struct ext2_superblock, last_orphan) == 0xe8, "s_last_orphan");
_Static_assert(offsetof(struct ext2_superblock, jnl_blocks) == 0x10c, "s_jnl_blocks");

struct ext2_group {
    uint32_t block_bitmap, inode_bitmap, inode_table;
    uint16_t free_blocks_count, free_inodes_count, used_dirs_count;
    uint16_t unused[7];
};
_Static_assert(sizeof(struct ext2_group) == 32, "a group descriptor takes 32 bytes");

// The inode on the disk: 128 bytes, of larger ones (inode_size) the first of the rest.
struct ext2_disk_inode {
    uint16_t mode, uid;
    uint32_t size, atime, ctime, mtime, dtime; // dtime of an orphan: number of the next one
    uint16_t gid, links_count;
    uint32_t blocks; // of 512 bytes
    uint32_t flags, osd1;
    uint32_t block[EXT2_MAP_WORDS]; // or the target of a symbolic link of up to 59 bytes
    uint32_t generation, file_acl, size_high;
    uint32_t faddr;
    uint16_t reserved1, reserved2, uid_high, gid_high;
    uint32_t reserved3;
    // From here only if inode_size > 128 and extra_isize says that they are there.
    uint16_t extra_isize, checksum_hi;
    uint32_t ctime_extra, mtime_extra, atime_extra; // nanoseconds << 2 | seconds >> 32
};
_Static_assert(offsetof(struct ext2_disk_inode, extra_isize) == 128, "the old inode's size");
_Static_assert(offsetof(struct ext2_disk_inode, block) == 40, "i_block");

struct ext2_directory_entry {
    uint32_t inode; // 0: unused
    uint16_t rec_len; // to the next entry: a multiple of 4, within the block
    uint8_t name_len;
    uint8_t file_type; // EXT2_TYPE_, only with EXT2_INCOMPAT_FILETYPE
    char name[];
};
#define EXT2_ENTRY_HEADER 8
#define EXT2_ENTRY_SIZE(name_length) ((EXT2_ENTRY_HEADER + (size_t)(name_length) + 3) & ~(size_t)3)

// A name that was found, and is there as long as its directory does not change.
struct ext2_name {
    uint64_t change; // what ext2_inode.change was
    uint32_t number;
    uint8_t length;
    char name[19];
};
#define EXT2_NAMES 64

// File blocks known to follow each other on the device.
struct ext2_run {
    uint32_t index, block, length;
};

struct ext2_inode {
    struct inode inode;
    struct list_node node; // of those with its number % EXT2_INODE_LISTS
    bool kept; // ext2 itself has a hold of it, so that it stays in memory
    bool wanted; // since that was asked last
    uint32_t block[EXT2_MAP_WORDS]; // as on the disk
    uint32_t flags, file_acl, generation;
    uint32_t read_next; // read-ahead: the file block that a sequential reader wants next,
    uint32_t read_ahead_end; // the first that has not been asked for,
    uint32_t read_ahead_at; // and the first that, when it is read, has others asked for
    uint32_t next_orphan; // number, while it is on the orphan list (see super_orphan)
    bool orphan;
    bool ended; // its deletion was tried
    uint32_t goal; // behind the block allocated last; 0: none yet
    struct ext2_run runs[2]; // what is read, and what is read ahead: found last comes first
    uint32_t find_from; // of a directory: the block where the last name was found,
    uint32_t room_from; // and the first block that may have room for another
    uint64_t change; // as no directory had it before its names were like this
};

#define EXT2_INODE_LISTS 32
#define EXT2_INODES_KEPT 40 // that stay in memory when nobody holds them

struct ext2 {
    struct filesystem filesystem;
    struct mutex lock;
    struct block_device device;
    struct cache *cache;
    struct journal *journal; // NULL: none
    struct buffer *super_buffer; // held while mounted, as are the descriptors'
    struct ext2_superblock *super; // in it
    struct buffer **group_buffers;
    uint32_t block_size, block_count, group_count, inodes_per_group, blocks_per_group;
    uint32_t first_data_block, inode_size;
    uint32_t words_per_block; // block numbers in an indirect block
    uint32_t first_inode; // that is not reserved
    uint32_t head_blocks; // superblock and descriptors, in groups that have them
    uint32_t table_blocks; // a group's part of the inode table
    unsigned descriptor_bits; // 1 << descriptor_bits of them are in a block
    uint64_t **freed; // per group: bitmap of blocks freed since the last checkpoint, or NULL
    struct list_node inodes[EXT2_INODE_LISTS]; // in memory, by number
    unsigned inode_count; // in memory
    unsigned kept_next; // of kept: where to look for room
    bool corrupt_said; // the console has been told once
    bool error_unwritten; // EXT2_STATE_ERROR has to get to the disk
    bool orphans_left; // some on the orphan list are not in memory
    bool unmounted; // all that is left is to release inodes
    uint64_t changes; // of directories in memory
    struct ext2_name names[EXT2_NAMES];
    struct ext2_inode kept[EXT2_INODES_KEPT]; // where there are more at a time they get own memory
};

static inline struct ext2 *ext2_of(const struct inode *inode)
{
    return (struct ext2 *)inode->filesystem;
}

static inline struct ext2_inode *ext2_inode_of(struct inode *inode)
{
    return (struct ext2_inode *)inode;
}

// The block of a file that an offset lies in. Block sizes are powers of two.
static inline uint32_t ext2_block_at(const struct ext2 *ext2, uint64_t offset)
{
    return (uint32_t)(offset >> __builtin_ctz(ext2->block_size));
}

// The number of blocks, holes too, that an inode's size covers.
static inline uint32_t ext2_blocks_of(const struct ext2_inode *inode)
{
    const struct ext2 *ext2 = ext2_of(&inode->inode);
    return ext2_block_at(ext2, inode->inode.size + ext2->block_size - 1);
}

// ---- ext2_super.c ----

// Mounts the ext2 file system on a device, replaying its journal and clearing up orphans. Without a
// journal an unclean file system, and any with features that we may not write, is mounted read-only
// (said on the console). cache_blocks_max as in cache_create. 0; -EINVAL: no ext2; -EOPNOTSUPP:
// a feature that we do not know; -EUCLEAN; -EIO; -ENOMEM. Frees by unmount, then by the last
// inode's release. Sleeps; takes no lock.
int ext2_mount(const struct block_device *device, size_t cache_blocks_max,
               struct filesystem **filesystem);

// An operation on the file system is to start, which changes at most `blocks` blocks of metadata:
// -EROFS, or as journal_begin. Called with the lock held, before anything is changed.
int ext2_begin(struct ext2 *ext2, unsigned blocks);

// Called after each operation that changed something, with the lock still held: commits when a
// quarter of the cache is dirty. Passes `result` through.
int ext2_end(struct ext2 *ext2, int result);

// The buffer is changed: metadata through the journal, if there is one.
void ext2_changed(struct ext2 *ext2, struct buffer *buffer);

// Makes all changes so far safe on the disk. 0, or as journal_commit.
int ext2_commit(struct ext2 *ext2);

// After the last inode of what was unmounted was released: frees the memory. No lock.
void ext2_destroy(struct ext2 *ext2);

// The descriptor of a group below group_count, in memory.
static inline struct ext2_group *ext2_group(struct ext2 *ext2, uint32_t group)
{
    uint32_t index = group & (((uint32_t)1 << ext2->descriptor_bits) - 1);
    return (struct ext2_group *)ext2->group_buffers[group >> ext2->descriptor_bits]->data + index;
}

// The same, after each change of it.
void ext2_group_changed(struct ext2 *ext2, uint32_t group);

// Says once on the console that the disk's contents make no sense, and where; marks the file
// system for the next e2fsck. Returns -EUCLEAN.
int ext2_corrupt(struct ext2 *ext2, const char *text, ...) __attribute__((format(printf, 2, 3)));

// Commits, and has freed blocks be free: after that -ENOSPC is true. Between operations only. True
// when there is hope that it helped.
bool ext2_make_room(struct ext2 *ext2);

// ---- ext2_orphan.c ----

// Puts an inode without names, which somebody still holds or which is being truncated, on the list
// that the superblock starts, and takes it off. Part of the running operation (2 blocks, 3 to take
// it off).
int ext2_orphan_add(struct ext2_inode *inode);
int ext2_orphan_remove(struct ext2_inode *inode);

// Whether an inode that is not in memory is on the list: 1, 0, or an error.
int ext2_orphan_listed(struct ext2 *ext2, uint32_t number);

// Deletes or truncates all inodes on the list, as a crash or an error has left it, and returns how
// many. A list that makes no sense is said, cut, and left to e2fsck; after another error the rest
// stays for the next mount. Before anybody else uses the file system, or after.
unsigned ext2_orphans_finish(struct ext2 *ext2);

// Deletes an inode without links that is on the orphan list: blocks, attributes, number. Truncates
// one that has links to its size. In transactions of its own.
int ext2_inode_finish_orphan(struct ext2_inode *inode);

// Frees the blocks beyond an inode's size, in transactions of its own. It is on the orphan list.
int ext2_inode_shrink(struct ext2_inode *inode);

// ---- ext2_bitmap.c ----

// A group's first block, and the number of its blocks.
uint32_t ext2_group_first(const struct ext2 *ext2, uint32_t group);
uint32_t ext2_group_blocks(const struct ext2 *ext2, uint32_t group);

// Whether a group's descriptor makes sense: its bitmaps and its part of the inode table lie in it
// and nowhere else, and no more is free than there is.
bool ext2_group_valid(struct ext2 *ext2, uint32_t group);

// Whether `count` blocks (at least 1) from `block` on may belong to a file: they are in one group
// of the file system, and none of its metadata.
bool ext2_blocks_valid(struct ext2 *ext2, uint32_t block, uint32_t count);

static inline bool ext2_block_valid(struct ext2 *ext2, uint32_t block)
{
    return ext2_blocks_valid(ext2, block, 1);
}

// Takes a free block, as near behind `goal` as there is one. 3 blocks of metadata. -ENOSPC.
int ext2_block_allocate(struct ext2 *ext2, uint32_t goal, uint32_t *block);

// Frees a block, whose number has been checked by ext2_block_valid. The cache forgets it. It will
// not be used again before the next checkpoint. 3 blocks of metadata. -EUCLEAN if it was free.
int ext2_block_free(struct ext2 *ext2, uint32_t block);

// Takes the allocation of a block back, in the same operation: it never belonged to anything.
void ext2_block_return(struct ext2 *ext2, uint32_t block);

// Takes a free inode number: near its directory, or for a directory in a group with room. Frees
// one. 3 blocks of metadata each. -ENOSPC; -EUCLEAN.
int ext2_inode_number_allocate(struct ext2 *ext2, uint32_t directory, bool is_directory,
                               uint32_t *number);
int ext2_inode_number_free(struct ext2 *ext2, uint32_t number, bool is_directory);

// Whether an inode (1 to inodes_count) is allocated, by its bitmap: 1, 0, or an error.
int ext2_inode_number_used(struct ext2 *ext2, uint32_t number);

// Counts what is free, from the bitmaps' point of view, with what waits for a checkpoint.
void ext2_statistics(struct filesystem *filesystem, struct filesystem_statistics *statistics);

// ---- ext2_map.c ----

// The largest size of a file in bytes, by block size and the 32 bits of i_blocks.
uint64_t ext2_size_max(const struct ext2 *ext2);

// Finds the device's block of a file's block `index`: 0 for a hole. -EUCLEAN; -EFBIG. run, if not
// NULL, gets the number of file blocks from index on, at most run_max, that follow each other on
// the device too (or are all holes), as far as it is known without reading another block. Without
// it run_max says how many blocks the caller is likely to ask for next: they are remembered.
int ext2_map(struct ext2_inode *inode, uint32_t index, uint32_t *block, unsigned run_max,
             unsigned *run);

// The same for a block that is known without any reading, else 0.
static inline uint32_t ext2_known(const struct ext2_inode *inode, uint32_t index)
{
    uint32_t offset = index - inode->runs[0].index, other = index - inode->runs[1].index;

    if (offset < inode->runs[0].length) {
        return inode->runs[0].block + offset;
    }
    return other < inode->runs[1].length ? inode->runs[1].block + other : 0;
}

#define EXT2_MAP_CREDITS 13 // metadata blocks that ext2_map_allocate may change, with the inode's

// The same, but allocates a block in place of a hole, and says so: it is in the cache then, dirty
// and full of zeroes, or of anything if `whole` says that the caller overwrites it. -ENOSPC leaves
// no trace, nor does another error.
int ext2_map_allocate(struct ext2_inode *inode, uint32_t index, bool whole, uint32_t *block,
                      bool *allocated);

// Frees the file's blocks from `index` on, the last first, until none is left or the operation has
// changed about `credits` blocks: then *more is true and it is to be called again, in a transaction
// of its own. The inode is on the orphan list meanwhile, and its size is the new one.
int ext2_map_free(struct ext2_inode *inode, uint32_t index, unsigned credits, bool *more);

// ---- ext2_inode.c ----

// Holds inode `number`, reading it if it is not in memory. -EUCLEAN for one that is free or makes
// no sense (-ENOENT where links_count is 0 and `orphan` is false).
int ext2_inode_get(struct ext2 *ext2, uint32_t number, bool orphan, struct ext2_inode **inode);

// The inode of that number in memory, held by somebody or not, or NULL.
struct ext2_inode *ext2_inode_find(struct ext2 *ext2, uint32_t number);

// Has an inode, which the caller holds too, stay in memory with its last hold, or no longer: one on
// the orphan list has to end with it.
void ext2_inode_keep(struct ext2_inode *inode, bool keep);

// Before the first of these functions; and to give all holds back that are not others'.
void ext2_inodes_start(struct ext2 *ext2);
void ext2_inodes_end(struct ext2 *ext2);

// Makes a new inode of a number just allocated, with link_count 0 and no block: held, and written
// (2 blocks of metadata). 0, -EIO, -ENOMEM.
int ext2_inode_new(struct ext2 *ext2, uint32_t number, uint32_t mode, struct ext2_inode **inode);

// Writes an inode's fields to its table (1 block of metadata). Once that has succeeded it does so
// again until the transaction's end: so who changes more than the inode calls this first, too.
int ext2_inode_write(struct ext2_inode *inode);

// The place of an inode (1 to inodes_count) in its table, in a held buffer.
int ext2_disk_inode(struct ext2 *ext2, uint32_t number, struct buffer **buffer,
                    struct ext2_disk_inode **disk);

// Whether `block` of an inode is the tree of its blocks, and not a link's target or a device.
bool ext2_inode_has_map(const struct ext2_inode *inode);

// Gives a hold back. The last one of an inode without links deletes it, in transactions of its own:
// so call it after ext2_end, with the lock held.
void ext2_inode_put(struct ext2_inode *inode);

// inode_operations.release of this file system: takes the lock.
void ext2_inode_release(struct inode *inode);

// Now, for the inode's times.
void ext2_touch(struct ext2_inode *inode, bool modified); // changed, and if so modified

// A type of S_IFMT as directory entries have it, and the reverse (0: not known).
uint8_t ext2_type_of_mode(uint32_t mode);
uint16_t ext2_mode_of_type(uint8_t type);

// ---- ext2_dir.c ----

// Where a name is. It holds the block until ext2_place_release: changes of other entries don't move
// it, so that several places can be found before anything is changed, and no change can fail.
struct ext2_place {
    struct buffer *buffer; // NULL: nowhere
    uint32_t number; // of the inode
    uint32_t index, offset; // the directory's block, and the entry in it
};

// Finds a name, "." and ".." too. -ENOENT, -EUCLEAN.
int ext2_directory_find(struct ext2_inode *directory, const char *name, size_t name_length,
                        struct ext2_place *place);
void ext2_place_release(struct ext2 *ext2, struct ext2_place *place);

// Holds the inode that a place names: ext2_inode_get, but an entry without an inode is -EUCLEAN.
int ext2_place_inode(struct ext2 *ext2, const struct ext2_place *place, struct ext2_inode **inode);

#define EXT2_INSERT_CREDITS (EXT2_MAP_CREDITS + 1)

// Inserts a name that is not there; extends the directory by a block if need be. Like the next two
// it clears EXT2_FLAG_INDEX, and leaves it to the caller to write the directory's inode, with its
// new times. An error, -ENOSPC too, leaves no trace.
int ext2_directory_insert(struct ext2_inode *directory, const char *name, size_t name_length,
                          uint32_t number, uint32_t mode);

// Takes out the entry of a place; makes it name another inode (".." too). 1 block each.
void ext2_directory_remove(struct ext2_inode *directory, const struct ext2_place *place);
void ext2_directory_replace(struct ext2_inode *directory, const struct ext2_place *place,
                            uint32_t number, uint32_t mode);

// Gives a new directory its first block with "." and "..". EXT2_MAP_CREDITS + 1 blocks.
int ext2_directory_start(struct ext2_inode *directory, uint32_t parent);

// 0 when there is nothing but "." and ".." in it; -ENOTEMPTY, -EUCLEAN.
int ext2_directory_empty(struct ext2_inode *directory);

// ---- Operations, for the tables in ext2_inode.c: as vfs.h says ----

// ext2_dir.c
int ext2_lookup(struct inode *directory, const char *name, size_t name_length,
                struct inode **inode);
int ext2_readdir(struct inode *directory, uint64_t position,
                 bool (*emit)(void *context, const struct directory_entry *entry), void *context);

// ext2_file.c
int64_t ext2_read(struct inode *inode, struct io *io, uint64_t offset);
int64_t ext2_write(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append);
int ext2_truncate(struct inode *inode, uint64_t size);
int ext2_sync(struct inode *inode);
int64_t ext2_readlink(struct inode *inode, struct io *io);

// ext2_name.c
int ext2_create(struct inode *directory, const char *name, size_t name_length, uint32_t mode,
                struct inode **inode);
int ext2_mkdir(struct inode *directory, const char *name, size_t name_length, uint32_t mode);
int ext2_symlink(struct inode *directory, const char *name, size_t name_length, const char *target);
int ext2_link(struct inode *directory, const char *name, size_t name_length, struct inode *inode);
int ext2_unlink(struct inode *directory, const char *name, size_t name_length);
int ext2_rmdir(struct inode *directory, const char *name, size_t name_length);
int ext2_rename(struct inode *old_directory, const char *old_name, size_t old_length,
                struct inode *new_directory, const char *new_name, size_t new_length, bool replace);

#endif
