// File systems that are not our own: one on a second disk, told to the host entry by entry (the
// option `tree`, see tests/fs/test_ext2_guest.py), and corrupt ones, as a sample of what the same
// code goes through on the host.
#include "kernel/fs/ext2.h"
#include "kernel/fs/partition.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/options.h"
#include "tests/kernel/files.h"

// ---- A tree, as tools/ext2 prints one ----

#define DEPTH_MAX 64
#define TREE_PATH_MAX 8192
#define PIECE 16384

static char path[TREE_PATH_MAX], piece[PIECE];

static uint32_t checksum(uint32_t crc, const char *data, size_t size)
{
    static uint32_t table[256];

    for (uint32_t i = 0; table[1] == 0 || i == 1; i++) {
        for (uint32_t n = 0; n < 256; n++) {
            table[n] = n;
            for (int bit = 0; bit < 8; bit++) {
                table[n] = table[n] >> 1 ^ (table[n] & 1 ? 0xedb88320 : 0);
            }
        }
    }
    for (crc = ~crc; size > 0; data++, size--) {
        crc = crc >> 8 ^ table[(crc ^ (uint8_t)*data) & 0xff];
    }
    return ~crc;
}

// CRC-32 of a file's contents, at most `limit` bytes of them.
static int contents(struct inode *inode, uint64_t limit, uint32_t *crc)
{
    uint64_t offset = 0;
    int64_t size;

    *crc = 0;
    do {
        struct io io = io_kernel(piece, PIECE);
        size = inode->operations->read(inode, &io, offset);
        if (size > 0) {
            *crc = checksum(*crc, piece, (size_t)size);
            offset += (uint64_t)size;
        }
    } while (size > 0 && offset < limit);
    return size < 0 ? (int)size : 0;
}

static void append_escaped(char *line, size_t size, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool plain = byte > ' ' && byte < 127 && byte != '\\';
        size_t used = strlen(line);
        snprintf(line + used, size - used, plain ? "%c" : "\\x%02x", byte);
    }
}

static void note_entry(struct inode *inode)
{
    static char line[4 * (TREE_PATH_MAX + PATH_MAX)];
    uint32_t crc;

    if (S_ISDIR(inode->mode)) {
        snprintf(line, sizeof(line), "tree d %04o %u - - ", inode->mode & 07777, inode->link_count);
    } else if (S_ISLNK(inode->mode)) {
        snprintf(line, sizeof(line), "tree l %04o %u %lu - ", inode->mode & 07777,
                 inode->link_count, inode->size);
    } else {
        REQUIRE(contents(inode, UINT64_MAX, &crc) == 0);
        snprintf(line, sizeof(line), "tree - %04o %u %lu %08x ", inode->mode & 07777,
                 inode->link_count, inode->size, crc);
    }
    append_escaped(line, sizeof(line), path, strlen(path));
    if (S_ISLNK(inode->mode)) {
        struct io io = io_kernel(piece, PATH_MAX);
        int64_t length = inode->operations->readlink(inode, &io);
        REQUIRE(length >= 0);
        strlcpy(line + strlen(line), " -> ", 5);
        append_escaped(line, sizeof(line), piece, (size_t)length);
    }
    test_note("%s", line);
}

// Goes through all that is below a directory, without recursion.
static void note_tree(struct inode *root)
{
    static struct files_entry entry;
    struct {
        struct inode *directory;
        uint64_t position;
        size_t path_length;
    } stack[DEPTH_MAX] = {{inode_hold(root), 0, 0}};
    unsigned depth = 1;

    while (depth > 0) {
        struct inode *directory = stack[depth - 1].directory, *inode;
        path[stack[depth - 1].path_length] = '\0';
        if (!files_next(directory, stack[depth - 1].position, &entry)) {
            inode_release(directory);
            depth--;
            continue;
        }
        stack[depth - 1].position = entry.next;
        REQUIRE(path_find(directory, entry.name, false, &inode) == 0);
        size_t length = strlen(path);
        snprintf(path + length, sizeof(path) - length, "/%s", entry.name);
        note_entry(inode);
        if (S_ISDIR(inode->mode)) {
            REQUIRE(depth < DEPTH_MAX);
            stack[depth].directory = inode;
            stack[depth].position = 0;
            stack[depth++].path_length = strlen(path);
        } else {
            inode_release(inode);
        }
    }
}

TEST(image_tree, "with the option `tree` all of a second disk is read, and told")
{
    struct filesystem *filesystem;
    char value[2];

    if (!options_get("tree", value, sizeof(value))) {
        return;
    }
    REQUIRE(block_device(1) != NULL);
    REQUIRE(ext2_mount(block_device(1), 2 * CACHE_BLOCKS_MIN, &filesystem) == 0);
    note_tree(filesystem->root);
    CHECK_EQUAL(filesystem->operations->unmount(filesystem), 0);
}

// ---- Corrupt file systems ----

// A device in front of the root's partition: what is written stays here, in pages.
#define PAGE_SECTORS (PAGE_SIZE / BLOCK_SECTOR_SIZE)
#define PAGES_MAX 2048

struct overlay {
    struct block_device below;
    uint32_t number[PAGES_MAX]; // of the page that data[i] stands for
    char *data[PAGES_MAX];
    unsigned count;
};

static struct overlay overlay;

// A page of the device in memory: NULL where there is no room.
static char *overlay_page(uint32_t number)
{
    for (unsigned i = 0; i < overlay.count; i++) {
        if (overlay.number[i] == number) {
            return overlay.data[i];
        }
    }
    phys_t page = overlay.count < PAGES_MAX ? pmm_alloc(0, PAGE_OTHER) : 0;
    if (!page) {
        return NULL;
    }
    char *data = phys_to_virt(page);
    if (block_read(&overlay.below, (uint64_t)number * PAGE_SECTORS, data, PAGE_SECTORS)) {
        pmm_free(page);
        return NULL;
    }
    overlay.number[overlay.count] = number;
    overlay.data[overlay.count++] = data;
    return data;
}

static void overlay_start(void *driver, struct block_request *request)
{
    uint64_t sector = request->disk_sector;

    (void)driver;
    request->result = 0;
    for (unsigned i = 0; i < request->segment_count; i++) {
        char *data = request->segments[i].data;
        for (uint32_t n = 0; n < request->segments[i].sector_count; n++, sector++) {
            char *page = overlay_page((uint32_t)(sector / PAGE_SECTORS));
            char *place = page + sector % PAGE_SECTORS * BLOCK_SECTOR_SIZE;
            if (!page) {
                request->result = -EIO;
                break;
            }
            memcpy(request->write ? place : data, request->write ? data : place, BLOCK_SECTOR_SIZE);
            data += BLOCK_SECTOR_SIZE;
        }
    }
    request->finished = true;
}

static int overlay_finish(void *driver, struct block_request *request)
{
    (void)driver;
    return request->result;
}

static int overlay_flush(void *driver)
{
    (void)driver;
    return 0;
}

static const struct block_operations overlay_operations = {overlay_start, overlay_finish,
                                                           overlay_flush};

static void overlay_forget(void)
{
    while (overlay.count > 0) {
        pmm_free(virt_to_phys(overlay.data[--overlay.count]));
    }
}

// Where metadata is in the root of the test's disk: the superblock, the descriptors, bitmaps,
// inodes, directories, the journal. Blocks are of 4 KiB.
static void corrupt(void)
{
    static const uint32_t values[] = {0, 1, 2, 8, 11, 0xff, 0xffff, 0x7fffffff, 0xffffffff};
    char *super = overlay_page(0);
    REQUIRE(super != NULL);
    struct ext2_group *group = (void *)overlay_page(1);
    REQUIRE(group != NULL);
    uint32_t table = group->inode_table;
    uint32_t bitmaps[] = {group->block_bitmap, group->inode_bitmap};

    for (uint32_t n = 1 + test_random_below(4); n > 0; n--) {
        uint32_t kind = test_random_below(6), offset = 4 * test_random_below(PAGE_SIZE / 4);
        char *page;
        if (kind == 0) {
            page = super;
            offset = 1024 + 4 * test_random_below(64);
        } else if (kind == 1) {
            page = (char *)group;
            offset = 4 * test_random_below(8);
        } else if (kind == 2) {
            page = overlay_page(table);
        } else if (kind == 3) {
            page = overlay_page(bitmaps[test_random_below(2)]);
        } else {
            page = overlay_page(table + 512 + test_random_below(32)); // directories, the journal
            offset = test_random_below(2) ? 4 * test_random_below(16) : offset;
        }
        REQUIRE(page != NULL);
        uint32_t value = test_random_below(3) ? values[test_random_below(ARRAY_LENGTH(values))]
                                              : (uint32_t)test_random();
        if (test_random_below(3) == 0) {
            page[offset] ^= (char)(1u << test_random_below(8));
        } else {
            memcpy(page + offset, &value, sizeof(value));
        }
    }
}

// Reads and changes what there is. What comes of it is no matter, as long as it comes.
static void use(struct inode *root)
{
    struct files_entry entry;
    struct inode *inode, *directory;
    uint64_t position = 0;
    uint32_t crc;

    for (unsigned n = 0; n < 50 && files_next(root, position, &entry); n++) {
        position = entry.next;
        if (path_find(root, entry.name, false, &inode) == 0) {
            if (S_ISREG(inode->mode)) {
                (void)contents(inode, 100000, &crc);
            }
            inode_release(inode);
        }
    }
    (void)files_put(root, "new", "text");
    (void)files_put(root, "etc/motd", "another text");
    (void)vfs_mkdir(root, "dir", 0755);
    (void)vfs_symlink(root, "etc", "link");
    (void)files_put(root, "link/new", "text");
    (void)vfs_link(root, "new", "dir/new");
    (void)vfs_rename(root, "dir", "lost+found/dir");
    (void)vfs_truncate(root, "new", 1234567);
    (void)root->filesystem->operations->sync(root->filesystem);
    (void)vfs_unlink(root, "etc/motd");
    if (path_find(root, "etc", true, &directory) == 0) {
        (void)vfs_rename(root, "etc", "dir");
        inode_release(directory);
    }
    (void)vfs_truncate(root, "new", 5);
    (void)vfs_unlink(root, "new");
}

TEST(image_corrupt, "corrupt file systems are used without a crash, and all memory comes back")
{
    struct block_device device;
    uint8_t type;
    uint64_t mounted = 0, count = options_number("corrupt", 100);

    REQUIRE(vfs_sync() == 0);
    REQUIRE(partition_open(block_device(0), 1, &overlay.below, &type) == 0);
    device = overlay.below;
    device.operations = &overlay_operations;
    device.first_sector = 0;
    strlcpy(device.name, "corrupt", sizeof(device.name));
    size_t bytes = kmalloc_bytes();
    for (uint64_t n = 0; n < count; n++) {
        struct filesystem *filesystem;
        corrupt();
        if (ext2_mount(&device, CACHE_BLOCKS_MIN, &filesystem) == 0) {
            mounted++;
            use(filesystem->root);
            (void)filesystem->operations->unmount(filesystem);
        }
        overlay_forget();
        CHECK_EQUAL(kmalloc_bytes(), bytes);
    }
    test_note("corrupt %lu, mounted %lu", count, mounted);
    CHECK(mounted > count / 4);
}
