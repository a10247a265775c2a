// Inodes: from the table on the disk into memory and back, and their end.
#include "kernel/fs/ext2.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/kmalloc.h"
#include "lib/errno.h"
#include "lib/string.h"

#define OLD_SIZE 128 // of an inode without extended fields
#define EXTRA_USED (sizeof(struct ext2_disk_inode) - OLD_SIZE) // what we know of them
#define EXTRA_SIZE 32 // what we give to new inodes: the size that Linux gives
#define EPOCH_BITS 3 // bits 32 and 33 of the seconds, in the field with the nanoseconds

// i_flags of files whose blocks are not a tree of numbers, or not to be read as they are. No file
// system without the features for them has such a file.
#define FLAGS_FOREIGN (0x800u | 0x40000 | 0x80000 | 0x100000 | 0x10000000)

static const struct inode_operations file_operations = {
    .read = ext2_read, .write = ext2_write, .truncate = ext2_truncate, .sync = ext2_sync,
};
static const struct inode_operations directory_operations = {
    .lookup = ext2_lookup, .create = ext2_create, .mkdir = ext2_mkdir, .symlink = ext2_symlink,
    .link = ext2_link, .unlink = ext2_unlink, .rmdir = ext2_rmdir, .rename = ext2_rename,
    .readdir = ext2_readdir, .sync = ext2_sync,
};
static const struct inode_operations link_operations = {
    .readlink = ext2_readlink, .sync = ext2_sync,
};
static const struct inode_operations other_operations = {
    .sync = ext2_sync,
};

// By the type's number in directory entries.
static const struct {
    uint16_t mode;
    const struct inode_operations *operations;
} types[] = {
    {0, NULL}, {S_IFREG, &file_operations}, {S_IFDIR, &directory_operations},
    {S_IFCHR, &other_operations}, {S_IFBLK, &other_operations}, {S_IFIFO, &other_operations},
    {S_IFSOCK, &other_operations}, {S_IFLNK, &link_operations},
};

uint8_t ext2_type_of_mode(uint32_t mode)
{
    uint8_t type = ARRAY_LENGTH(types) - 1;

    while (type > 0 && types[type].mode != (mode & S_IFMT)) {
        type--;
    }
    return type;
}

uint16_t ext2_mode_of_type(uint8_t type)
{
    return type < ARRAY_LENGTH(types) ? types[type].mode : 0;
}

bool ext2_inode_has_map(const struct ext2_inode *inode)
{
    uint32_t mode = inode->inode.mode;
    uint64_t other = inode->file_acl ? ext2_of(&inode->inode)->block_size / BLOCK_SECTOR_SIZE : 0;

    return S_ISREG(mode) || S_ISDIR(mode) || (S_ISLNK(mode) && inode->inode.sector_count > other);
}

int ext2_disk_inode(struct ext2 *ext2, uint32_t number, struct buffer **buffer,
                    struct ext2_disk_inode **disk)
{
    uint32_t index = (number - 1) % ext2->inodes_per_group;
    uint64_t offset = (uint64_t)index * ext2->inode_size;
    const struct ext2_group *group = ext2_group(ext2, (number - 1) / ext2->inodes_per_group);

    int error =
        cache_read(ext2->cache, group->inode_table + (uint32_t)(offset / ext2->block_size), buffer);
    if (error == 0) {
        *disk = (void *)((char *)(*buffer)->data + offset % ext2->block_size);
    }
    return error;
}

// Whether an inode on the disk has the extended fields.
static bool has_extra(const struct ext2 *ext2, const struct ext2_disk_inode *disk)
{
    return ext2->inode_size > OLD_SIZE && disk->extra_isize >= EXTRA_USED;
}

static struct timestamp time_from_disk(uint32_t seconds, uint32_t extra)
{
    return (struct timestamp){.seconds = (int32_t)seconds + ((int64_t)(extra & EPOCH_BITS) << 32),
                              .nanoseconds = (extra >> 2) % CLOCK_NS_PER_SECOND};
}

// The seconds wrap as those of Linux do: in 2446, or in 2038 without extended fields.
static void time_to_disk(const struct timestamp *time, uint32_t *seconds, uint32_t *extra)
{
    *seconds = (uint32_t)time->seconds;
    if (extra) {
        *extra = (uint32_t)((time->seconds - (int32_t)*seconds) >> 32 & EPOCH_BITS) |
                 time->nanoseconds << 2;
    }
}

static void from_disk(struct ext2_inode *inode, const struct ext2_disk_inode *disk)
{
    struct inode *common = &inode->inode;
    bool extra = has_extra(ext2_of(common), disk);

    common->mode = disk->mode;
    common->operations = types[ext2_type_of_mode(disk->mode)].operations;
    common->uid = disk->uid | (uint32_t)disk->uid_high << 16;
    common->gid = disk->gid | (uint32_t)disk->gid_high << 16;
    common->link_count = disk->links_count;
    common->size = disk->size;
    if (S_ISREG(disk->mode)) {
        common->size |= (uint64_t)disk->size_high << 32; // of a directory it is something else
    }
    common->sector_count = disk->blocks;
    common->accessed = time_from_disk(disk->atime, extra ? disk->atime_extra : 0);
    common->modified = time_from_disk(disk->mtime, extra ? disk->mtime_extra : 0);
    common->changed = time_from_disk(disk->ctime, extra ? disk->ctime_extra : 0);
    memcpy(inode->block, disk->block, sizeof(inode->block));
    inode->flags = disk->flags;
    inode->file_acl = disk->file_acl;
    inode->generation = disk->generation;
    inode->next_orphan = disk->dtime;
}

int ext2_inode_write(struct ext2_inode *inode)
{
    const struct inode *common = &inode->inode;
    struct ext2 *ext2 = ext2_of(common);
    struct ext2_disk_inode *disk;
    struct buffer *buffer;

    int error = ext2_disk_inode(ext2, common->number, &buffer, &disk);
    if (error) {
        return error;
    }
    bool extra = has_extra(ext2, disk);
    disk->mode = (uint16_t)common->mode;
    disk->uid = (uint16_t)common->uid;
    disk->uid_high = (uint16_t)(common->uid >> 16);
    disk->gid = (uint16_t)common->gid;
    disk->gid_high = (uint16_t)(common->gid >> 16);
    disk->links_count = (uint16_t)common->link_count;
    disk->size = (uint32_t)common->size;
    if (S_ISREG(common->mode)) {
        disk->size_high = (uint32_t)(common->size >> 32);
    }
    disk->blocks = (uint32_t)common->sector_count;
    time_to_disk(&common->accessed, &disk->atime, extra ? &disk->atime_extra : NULL);
    time_to_disk(&common->modified, &disk->mtime, extra ? &disk->mtime_extra : NULL);
    time_to_disk(&common->changed, &disk->ctime, extra ? &disk->ctime_extra : NULL);
    memcpy(disk->block, inode->block, sizeof(inode->block));
    disk->flags = inode->flags;
    disk->file_acl = inode->file_acl;
    disk->generation = inode->generation;
    disk->dtime = inode->next_orphan;
    ext2_changed(ext2, buffer);
    cache_release(ext2->cache, buffer);
    return 0;
}

// What makes no sense in an inode that is in use, or NULL.
static const char *nonsense(const struct ext2_inode *inode, const struct ext2_disk_inode *disk)
{
    const struct inode *common = &inode->inode;
    const struct ext2 *ext2 = ext2_of(common);

    if (ext2->inode_size > OLD_SIZE && disk->extra_isize > ext2->inode_size - OLD_SIZE) {
        return "extra size";
    }
    if (ext2_type_of_mode(common->mode) == 0) {
        return "type";
    }
    if (inode->flags & FLAGS_FOREIGN) {
        return "flags";
    }
    if (ext2_inode_has_map(inode)) {
        return common->size > ext2_size_max(ext2) ? "size" : NULL;
    }
    return S_ISLNK(common->mode) && common->size >= sizeof(inode->block) ? "size" : NULL;
}

// ---- In memory ----

static struct list_node *list_of(struct ext2 *ext2, uint32_t number)
{
    return &ext2->inodes[number % EXT2_INODE_LISTS];
}

void ext2_inodes_start(struct ext2 *ext2)
{
    for (uint32_t i = 0; i < EXT2_INODE_LISTS; i++) {
        list_init(list_of(ext2, i));
    }
}

struct ext2_inode *ext2_inode_find(struct ext2 *ext2, uint32_t number)
{
    struct list_node *list = list_of(ext2, number), *node = list->next;

    while (node != list && LIST_ENTRY(node, struct ext2_inode, node)->inode.number != number) {
        node = node->next;
    }
    return node == list ? NULL : LIST_ENTRY(node, struct ext2_inode, node);
}

static bool has_own_memory(const struct ext2_inode *inode)
{
    const struct ext2 *ext2 = ext2_of(&inode->inode);
    return inode < ext2->kept || inode >= ext2->kept + EXT2_INODES_KEPT;
}

void ext2_inode_keep(struct ext2_inode *inode, bool keep)
{
    // Before there is a root the journal's replay may still change what is on the disk.
    keep = keep && ext2_of(&inode->inode)->filesystem.root && !has_own_memory(inode);
    if (keep != inode->kept) {
        inode->kept = keep;
        __atomic_fetch_add(&inode->inode.references, keep ? 1u : -1u, __ATOMIC_RELAXED);
    }
}

// Takes an inode out of memory that nobody holds, or nobody else.
static void forget(struct ext2_inode *inode)
{
    list_remove(&inode->node);
    inode->inode.references = 0;
    inode->kept = false;
    ext2_of(&inode->inode)->inode_count--;
    if (has_own_memory(inode)) {
        kfree(inode);
    }
}

// Whether an inode in kept is nobody's, but perhaps ext2's.
static bool is_free(const struct ext2_inode *inode)
{
    return __atomic_load_n(&inode->inode.references, __ATOMIC_ACQUIRE) == inode->kept;
}

// Finds memory for an inode: that of one in kept that was not wanted for a round.
static struct ext2_inode *find_room(struct ext2 *ext2)
{
    for (unsigned i = 0; i < 2 * EXT2_INODES_KEPT; i++) {
        struct ext2_inode *inode = &ext2->kept[ext2->kept_next++ % EXT2_INODES_KEPT];
        if (is_free(inode) && !inode->wanted) {
            if (inode->kept) {
                forget(inode);
            }
            return memset(inode, 0, sizeof(*inode));
        }
        inode->wanted = false;
    }
    return kcalloc(1, sizeof(struct ext2_inode));
}

// Makes an inode in memory, held.
static struct ext2_inode *create(struct ext2 *ext2, uint32_t number)
{
    struct ext2_inode *inode = find_room(ext2);

    if (inode) {
        inode->inode.filesystem = &ext2->filesystem;
        inode->inode.number = number;
        inode->inode.references = 1;
        inode->change = ++ext2->changes;
        list_insert(list_of(ext2, number), &inode->node);
        ext2->inode_count++;
    }
    return inode;
}

void ext2_inodes_end(struct ext2 *ext2)
{
    for (unsigned i = 0; i < EXT2_INODES_KEPT; i++) {
        struct ext2_inode *inode = &ext2->kept[i];
        if (inode->kept && is_free(inode)) {
            forget(inode);
        } else {
            ext2_inode_keep(inode, false);
        }
    }
}

// Reads an inode that is not in memory. Not inline: mostly it is there.
static __attribute__((noinline)) int read_inode(struct ext2 *ext2, uint32_t number, bool orphan,
                                                struct ext2_inode **result)
{
    struct ext2_disk_inode *disk;
    struct buffer *buffer;

    int used = ext2_inode_number_used(ext2, number);
    if (used <= 0) {
        return used < 0 ? used : ext2_corrupt(ext2, "inode %u is free", number);
    }
    int error = ext2_disk_inode(ext2, number, &buffer, &disk);
    if (error) {
        return error;
    }
    struct ext2_inode *inode = create(ext2, number);
    if (!inode) {
        cache_release(ext2->cache, buffer);
        return -ENOMEM;
    }
    from_disk(inode, disk);
    const char *text = nonsense(inode, disk);
    cache_release(ext2->cache, buffer);
    if (inode->inode.link_count == 0 && !orphan) {
        error = -ENOENT;
    } else if (text) {
        error = ext2_corrupt(ext2, "inode %u: wrong %s", number, text);
    } else {
        error = ext2_orphan_listed(ext2, number);
        inode->orphan = error == 1;
    }
    if (error < 0) {
        forget(inode);
        return error;
    }
    ext2_inode_keep(inode, inode->inode.link_count > 0 && !inode->orphan);
    *result = inode;
    return 0;
}

int ext2_inode_get(struct ext2 *ext2, uint32_t number, bool orphan, struct ext2_inode **result)
{
    struct ext2_inode *inode = ext2_inode_find(ext2, number);
    if (inode) {
        if (inode->inode.link_count == 0 && !orphan) {
            return -ENOENT;
        }
        if (is_free(inode)) {
            inode->read_next = 0; // the next reader begins at the start
        }
        inode->wanted = true;
        inode_hold(&inode->inode);
        *result = inode;
        return 0;
    }
    // Reserved inodes, as the journal's, are for the mounting alone.
    bool reserved = number < ext2->first_inode && number != EXT2_ROOT_INODE;
    if (number == 0 || number > ext2->super->inodes_count || (reserved && ext2->filesystem.root)) {
        return ext2_corrupt(ext2, "there is no inode %u", number);
    }
    return read_inode(ext2, number, orphan, result);
}

int ext2_inode_new(struct ext2 *ext2, uint32_t number, uint32_t mode, struct ext2_inode **result)
{
    struct ext2_disk_inode *disk;
    struct buffer *buffer;
    uint64_t now_ns = rtc_now_ns();

    if (ext2_inode_find(ext2, number)) {
        return ext2_corrupt(ext2, "inode %u is free", number);
    }
    int error = ext2_disk_inode(ext2, number, &buffer, &disk);
    if (error) {
        return error;
    }
    struct ext2_inode *inode = create(ext2, number);
    if (!inode) {
        cache_release(ext2->cache, buffer);
        return -ENOMEM;
    }
    memset(disk, 0, ext2->inode_size);
    if (ext2->inode_size > OLD_SIZE) {
        disk->extra_isize = EXTRA_SIZE;
    }
    inode->inode.mode = mode;
    inode->inode.operations = types[ext2_type_of_mode(mode)].operations;
    inode->generation = (uint32_t)(now_ns ^ now_ns >> 32);
    ext2_touch(inode, true);
    inode->inode.accessed = inode->inode.modified;
    error = ext2_inode_write(inode);
    cache_release(ext2->cache, buffer);
    if (error) {
        forget(inode);
        return error;
    }
    ext2_inode_keep(inode, true);
    *result = inode;
    return 0;
}

void ext2_touch(struct ext2_inode *inode, bool modified)
{
    uint64_t now_ns = rtc_now_ns();

    inode->inode.changed = (struct timestamp){.seconds = (int64_t)(now_ns / CLOCK_NS_PER_SECOND),
                                              .nanoseconds = now_ns % CLOCK_NS_PER_SECOND};
    if (modified) {
        inode->inode.modified = inode->inode.changed;
    }
}

// ---- The end of an inode ----

void ext2_inode_put(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);

    if (__atomic_sub_fetch(&inode->inode.references, 1, __ATOMIC_RELAXED) > 0) {
        return;
    }
    if ((inode->inode.link_count == 0 || inode->orphan) && !inode->ended &&
        !ext2->filesystem.read_only && ext2_inode_finish_orphan(inode) != 0) {
        ext2->orphans_left = true; // what fails now is for the unmounting, or the next mount
    }
    forget(inode);
}

void ext2_inode_release(struct inode *inode)
{
    struct ext2 *ext2 = ext2_of(inode);

    mutex_lock(&ext2->lock);
    ext2_inode_put(ext2_inode_of(inode));
    bool last = ext2->unmounted && ext2->inode_count == 0;
    mutex_unlock(&ext2->lock);
    if (last) {
        ext2_destroy(ext2);
    }
}
