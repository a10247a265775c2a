// The orphan list: inodes whose end has begun, so that the next mount can finish it. The superblock
// has the number of the first one; each has that of the next in i_dtime, 0 in the last.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"

// A block of extended attributes, which inodes may share.
#define ATTRIBUTES_MAGIC 0xea020000
struct attributes {
    uint32_t magic, reference_count;
};

#define SHRINK_CREDITS 32
#define FINISH_CREDITS 10

int ext2_orphan_add(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);

    ext2_inode_keep(inode, false);
    if (inode->orphan) {
        return ext2_inode_write(inode); // its last link may be gone now
    }
    inode->next_orphan = ext2->super->last_orphan;
    int error = ext2_inode_write(inode);
    if (error) {
        inode->next_orphan = 0;
        return error;
    }
    inode->orphan = true;
    ext2->super->last_orphan = inode->inode.number;
    ext2_changed(ext2, ext2->super_buffer);
    return 0;
}

// Has inode `number` on the disk, and in memory if it is there, name another one as the next.
static int set_next(struct ext2 *ext2, uint32_t number, uint32_t next)
{
    struct ext2_disk_inode *disk;
    struct buffer *buffer;

    int error = ext2_disk_inode(ext2, number, &buffer, &disk);
    if (error) {
        return error;
    }
    disk->dtime = next;
    ext2_changed(ext2, buffer);
    cache_release(ext2->cache, buffer);
    struct ext2_inode *inode = ext2_inode_find(ext2, number);
    if (inode) {
        inode->next_orphan = next;
    }
    return 0;
}

// Finds an inode on the list, and the one before it: 0 for the first. -ENOENT.
static int find(struct ext2 *ext2, uint32_t number, uint32_t *previous)
{
    uint32_t current = ext2->super->last_orphan;

    *previous = 0;
    for (uint32_t i = 0; current != number && i < ext2->super->inodes_count; i++) {
        struct ext2_disk_inode *disk;
        struct buffer *buffer;
        if (current == 0 || current > ext2->super->inodes_count) {
            break;
        }
        int error = ext2_disk_inode(ext2, current, &buffer, &disk);
        if (error) {
            return error;
        }
        *previous = current;
        current = disk->dtime;
        cache_release(ext2->cache, buffer);
    }
    return current == number ? 0 : -ENOENT;
}

int ext2_orphan_listed(struct ext2 *ext2, uint32_t number)
{
    uint32_t previous;

    // All that are on the list are in memory, but for those left there by an error.
    int error = ext2->orphans_left ? find(ext2, number, &previous) : -ENOENT;
    return error == -ENOENT ? 0 : error == 0 ? 1 : error;
}

int ext2_orphan_remove(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t number = inode->inode.number, previous;

    if (!inode->orphan) {
        return 0;
    }
    int error = find(ext2, number, &previous);
    if (error == 0 && previous == 0) {
        ext2->super->last_orphan = inode->next_orphan;
        ext2_changed(ext2, ext2->super_buffer);
    } else if (error == 0) {
        error = set_next(ext2, previous, inode->next_orphan);
    }
    if (error) {
        return error == -ENOENT ? ext2_corrupt(ext2, "the orphan list lacks inode %u", number)
                                : error;
    }
    inode->orphan = false;
    inode->next_orphan = 0;
    ext2_inode_keep(inode, inode->inode.link_count > 0);
    return ext2_inode_write(inode);
}

unsigned ext2_orphans_finish(struct ext2 *ext2)
{
    unsigned count = 0;
    int error = 0;

    while (ext2->super->last_orphan != 0 && error == 0) {
        struct ext2_inode *inode;
        error = ext2_inode_get(ext2, ext2->super->last_orphan, true, &inode);
        if (error == 0) {
            inode->orphan = true;
            error = ext2_inode_finish_orphan(inode);
            inode->ended = true; // for ext2_inode_put, whatever came of it
            ext2_inode_keep(inode, false);
            ext2_inode_put(inode);
            count += error == 0;
        }
    }
    if (error == -EUCLEAN) {
        if (ext2_begin(ext2, 1) == 0) {
            ext2->super->last_orphan = 0;
            ext2_changed(ext2, ext2->super_buffer);
            (void)ext2_end(ext2, 0);
        }
    }
    ext2->orphans_left = ext2->super->last_orphan != 0;
    return count;
}

// ---- The end of an inode ----

int ext2_inode_shrink(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    bool more = ext2_inode_has_map(inode);
    int error = 0;

    while (more && error == 0) {
        error = ext2_begin(ext2, SHRINK_CREDITS);
        if (error == 0) {
            error = ext2_inode_write(inode);
            if (error == 0) {
                error = ext2_map_free(inode, ext2_blocks_of(inode), SHRINK_CREDITS, &more);
                (void)ext2_inode_write(inode);
            }
            error = ext2_end(ext2, error);
        }
    }
    return error;
}

// Gives up an inode's share of its block of attributes.
static int drop_attributes(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t block = inode->file_acl;
    struct buffer *buffer;

    if (block == 0) {
        return 0;
    }
    int error = ext2_block_valid(ext2, block) ? cache_read(ext2->cache, block, &buffer) : -EUCLEAN;
    if (error == 0) {
        struct attributes *attributes = buffer->data;
        bool last = attributes->reference_count == 1;
        if (attributes->magic != ATTRIBUTES_MAGIC || attributes->reference_count == 0) {
            error = -EUCLEAN;
        } else if (!last) {
            attributes->reference_count--;
            ext2_changed(ext2, buffer);
        }
        cache_release(ext2->cache, buffer);
        if (error == 0 && last) {
            error = ext2_block_free(ext2, block);
        }
    }
    if (error == -EUCLEAN) {
        return ext2_corrupt(ext2, "inode %u names attributes in block %u", inode->inode.number,
                            block);
    }
    if (error == 0) {
        inode->file_acl = 0;
    }
    return error;
}

// Deletes an inode that has no blocks left, within an operation.
static int erase(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    uint32_t number = inode->inode.number;

    // What has to be read for the last step is read before the first.
    int used = ext2_inode_number_used(ext2, number);
    int error = used < 0 ? used : drop_attributes(inode);
    if (error == 0) {
        error = ext2_orphan_remove(inode);
    }
    if (error == 0) {
        error = ext2_inode_number_free(ext2, number, S_ISDIR(inode->inode.mode));
        ext2_touch(inode, false);
        inode->inode.sector_count = 0;
        inode->next_orphan = (uint32_t)inode->inode.changed.seconds; // i_dtime
    }
    int written = ext2_inode_write(inode);
    return error ? error : written;
}

int ext2_inode_finish_orphan(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);
    bool gone = inode->inode.link_count == 0;

    if (gone) {
        inode->inode.size = 0;
        inode->ended = true;
    }
    int error = ext2_inode_shrink(inode);
    if (error == 0) {
        error = ext2_begin(ext2, FINISH_CREDITS);
    }
    if (error == 0) {
        error = ext2_inode_write(inode);
        if (error == 0) {
            error = gone ? erase(inode) : ext2_orphan_remove(inode);
        }
        error = ext2_end(ext2, error);
    }
    return error;
}
