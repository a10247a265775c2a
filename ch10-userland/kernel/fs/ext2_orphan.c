// The orphan list: inodes whose end has begun, so that the next mount can finish it. The superblock
// has the number of the first one; each has that of the next in i_dtime, 0 in the last.
#include "kernel/fs/ext2.h"

#include "lib/errno.h"

int ext2_orphan_add(struct ext2_inode *inode)
{
    struct ext2 *ext2 = ext2_of(&inode->inode);

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
    for (struct list_node *node = ext2->inodes.next; node != &ext2->inodes; node = node->next) {
        struct ext2_inode *inode = LIST_ENTRY(node, struct ext2_inode, node);
        if (inode->inode.number == number) {
            inode->next_orphan = next;
        }
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
