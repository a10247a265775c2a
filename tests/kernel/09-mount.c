// File systems in the tree: /dev, /proc, and one of the test's own.
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/process.h"
#include "tests/kernel/files.h"

#define TOP "/mount"

static int status_error(struct inode *base, const char *path)
{
    struct file_status status;
    return vfs_stat(base, path, true, &status);
}

static uint32_t device_of(const char *path)
{
    struct file_status status = {0};
    CHECK_EQUAL(vfs_stat(NULL, path, true, &status), 0);
    return status.device;
}

TEST(mount_crossed, "a path leads into what is mounted, and by .. out of it again")
{
    uint32_t root = device_of("/"), dev = device_of("/dev");
    CHECK(root != dev);
    CHECK_EQUAL(device_of("/dev/."), dev);
    CHECK_EQUAL(device_of("/dev/null"), dev);
    CHECK_EQUAL(device_of("/dev/.."), root);
    CHECK_EQUAL(device_of("/dev/../dev/../etc"), root);
    CHECK_EQUAL(device_of("/proc/../dev/../dev"), dev);
    CHECK_EQUAL(files_status(NULL, "/dev/..").number, vfs_root()->number);
    CHECK_EQUAL(status_error(NULL, "/dev/null/.."), -ENOTDIR);
    CHECK_EQUAL(status_error(NULL, "/dev/none"), -ENOENT);

    struct inode *base;
    REQUIRE(path_find(NULL, "/dev", true, &base) == 0);
    CHECK_EQUAL(status_error(base, "null"), 0);
    CHECK_EQUAL(status_error(base, "../etc/motd"), 0);
    CHECK_EQUAL(status_error(base, "../dev/zero"), 0);
    inode_release(base);
    struct inode *top = files_begin(TOP);
    CHECK_EQUAL(vfs_symlink(top, "/dev", "link"), 0);
    CHECK_EQUAL(vfs_symlink(top, "../dev/null", "null"), 0);
    CHECK_EQUAL(status_error(top, "link/zero"), 0);
    CHECK_EQUAL(status_error(top, "link/../etc"), 0);
    CHECK_EQUAL(status_error(top, "null"), 0);
    files_end(top, TOP);
}

TEST(mount_kept, "a directory that something is mounted on keeps its name")
{
    CHECK_EQUAL(vfs_rmdir(NULL, "/dev"), -EBUSY);
    CHECK_EQUAL(vfs_rmdir(NULL, "/dev/"), -EBUSY);
    CHECK_EQUAL(vfs_unlink(NULL, "/dev"), -EISDIR);
    CHECK_EQUAL(vfs_mkdir(NULL, "/dev", 0755), -EEXIST);
    CHECK_EQUAL(vfs_rename(NULL, "/dev", "/x"), -EBUSY);
    struct inode *top = files_begin(TOP);
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_rename(top, "d", "/dev"), -EBUSY);
    CHECK_EQUAL(files_put(top, "f", "text"), 0);
    CHECK_EQUAL(vfs_rename(top, "f", "/dev/f"), -EXDEV);
    CHECK_EQUAL(vfs_rename(top, "/dev/null", "null"), -EXDEV);
    CHECK_EQUAL(vfs_link(top, "f", "/dev/f"), -EXDEV);
    CHECK_EQUAL(vfs_link(top, "/dev/null", "null"), -EXDEV);
    CHECK_EQUAL(vfs_rename(top, "/dev/null", "/dev/zero"), -EPERM);
    CHECK_EQUAL(vfs_unlink(NULL, "/dev/null"), -EPERM);
    CHECK_EQUAL(vfs_mkdir(NULL, "/dev/d", 0755), -EPERM);
    CHECK_EQUAL(vfs_symlink(NULL, "x", "/proc/x"), -EPERM);
    CHECK_EQUAL(files_open(NULL, "/dev/new", O_WRONLY | O_CREAT), -EPERM);
    CHECK_EQUAL(files_open(NULL, "/dev", O_RDONLY | O_CREAT), -EISDIR);
    CHECK_EQUAL(files_open(NULL, "/dev", O_WRONLY), -EISDIR);
    CHECK_EQUAL(status_error(NULL, "/dev/null"), 0);
    files_end(top, TOP);
}

TEST(mount_paths, "the path of a directory is found from any place in the tree")
{
    static const char *const paths[] = {"/", "/dev", "/proc", "/mount", "/mount/a", "/mount/a/bb"};
    struct inode *top = files_begin(TOP), *inode;
    char path[32];

    CHECK_EQUAL(vfs_mkdir(top, "a", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "a/bb", 0755), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        REQUIRE(path_find(NULL, paths[i], true, &inode) == 0);
        size_t length = strlen(paths[i]);
        memset(path, 'x', sizeof(path));
        CHECK_EQUAL(vfs_path(inode, path, sizeof(path)), length);
        CHECK_STRING(path, paths[i]);
        memset(path, 'x', sizeof(path));
        CHECK_EQUAL(vfs_path(inode, path, length + 1), length);
        CHECK_STRING(path, paths[i]);
        CHECK_EQUAL(path[length + 1], 'x');
        for (size_t size = 0; size <= length; size++) {
            CHECK_EQUAL(vfs_path(inode, path, size), -ERANGE);
        }
        inode_release(inode);
    }
    REQUIRE(path_find(top, "a/bb", true, &inode) == 0);
    CHECK_EQUAL(vfs_rmdir(top, "a/bb"), 0);
    CHECK_EQUAL(vfs_path(inode, path, sizeof(path)), -ENOENT);
    inode_release(inode);
    files_end(top, TOP);
}

// ---- A file system of the test's own, a root and nothing else ----

static unsigned synced;

static int find_nothing(struct inode *directory, const char *name, size_t name_length,
                        struct inode **inode)
{
    (void)directory;
    (void)name;
    (void)name_length;
    (void)inode;
    return -ENOENT;
}

static int no_entries(struct inode *directory, uint64_t position,
                      bool (*emit)(void *context, const struct directory_entry *entry),
                      void *context)
{
    (void)directory;
    (void)position;
    (void)emit;
    (void)context;
    return 0;
}

static int count_sync(struct filesystem *filesystem)
{
    (void)filesystem;
    synced += process_current()->thread.pid == 1; // writeback's comes when it likes
    return -EIO;
}

static void keep(struct inode *inode)
{
    (void)inode;
}

static const struct inode_operations directory_operations = {
    .lookup = find_nothing, .readdir = no_entries};
static const struct filesystem_operations operations = {
    .name = "empty", .release = keep, .sync = count_sync, .unmount = count_sync};

TEST(mount_errors, "what is no directory, or has something mounted on it, can't be mounted on")
{
    static struct filesystem filesystem = {.operations = &operations, .device = 77};
    static struct inode root = {.operations = &directory_operations, .filesystem = &filesystem,
                                .references = 1, .mode = S_IFDIR | 0755};

    filesystem.root = &root;
    CHECK_EQUAL(vfs_mount("/none", &filesystem), -ENOENT);
    CHECK_EQUAL(vfs_mount("/etc/motd", &filesystem), -ENOTDIR);
    CHECK_EQUAL(vfs_mount("/", &filesystem), -EBUSY);
    CHECK_EQUAL(vfs_mount("/dev", &filesystem), -EBUSY);
    CHECK(filesystem.covered == NULL);
    CHECK_EQUAL(vfs_sync(), 0);

    // It can't be unmounted but with all others; so this test takes it out by hand.
    struct inode *top = files_begin(TOP);
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    REQUIRE(vfs_mount("/mount/d", &filesystem) == 0);
    CHECK_EQUAL(device_of("/mount/d"), 77);
    CHECK_EQUAL(vfs_mount("/mount/d", &filesystem), -EBUSY);
    CHECK_EQUAL(files_status(top, "d/..").number, top->number);
    CHECK_EQUAL(files_open(top, "d/x", O_RDWR | O_CREAT), -EPERM);
    CHECK_EQUAL(vfs_rmdir(top, "d"), -EBUSY);
    synced = 0;
    CHECK_EQUAL(vfs_sync(), -EIO); // and none the less all others were tried
    CHECK_EQUAL(synced, 1);
    char path[16];
    CHECK_EQUAL(vfs_path(&root, path, sizeof(path)), strlen("/mount/d"));
    CHECK_STRING(path, "/mount/d");

    struct filesystem *last = vfs_filesystems();
    while (last->next != &filesystem) {
        last = last->next;
    }
    last->next = NULL;
    filesystem.covered->mounted = NULL;
    inode_release(filesystem.covered);
    CHECK_EQUAL(root.references, 1);
    files_end(top, TOP);
}
