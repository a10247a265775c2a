// Changes of rights, owner and times.
#include "tests/kernel/files.h"

#define TOP "/change"

static int change(struct inode *top, const char *path, struct inode_change change)
{
    struct inode *inode;
    int error = path_find(top, path, false, &inode);
    if (error == 0) {
        error = vfs_change(inode, &change);
        inode_release(inode);
    }
    return error;
}

TEST(change_what_is_said, "what is not said stays as it is, and the time of the change is told")
{
    struct inode *top = files_begin(TOP);
    struct file_status before, after;

    CHECK_EQUAL(files_put(top, "f", "text"), 0);
    before = files_status(top, "f");
    CHECK_EQUAL(change(top, "f", (struct inode_change){.which = INODE_MODE, .mode = 0177777}), 0);
    after = files_status(top, "f");
    CHECK_EQUAL(after.mode, S_IFREG | 07777);
    CHECK_EQUAL(after.uid, before.uid);
    CHECK_EQUAL(after.size, 4);
    CHECK_EQUAL(after.modified.seconds, before.modified.seconds);
    CHECK_EQUAL(after.modified.nanoseconds, before.modified.nanoseconds);
    CHECK(after.changed.seconds > before.changed.seconds ||
          after.changed.nanoseconds > before.changed.nanoseconds);
    CHECK_EQUAL(change(top, "f", (struct inode_change){.which = INODE_GID, .uid = 9, .gid = 70000}),
                0);
    after = files_status(top, "f");
    CHECK_EQUAL(after.uid, 0);
    CHECK_EQUAL(after.gid, 70000);
    files_end(top, TOP);
}

TEST(change_kinds, "directories and links can be changed, devices and files of /proc not")
{
    struct inode *top = files_begin(TOP);
    struct inode_change mode = {.which = INODE_MODE, .mode = 0511};

    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "l"), 0);
    CHECK_EQUAL(change(top, "d", mode), 0);
    CHECK_EQUAL(change(top, "l", mode), 0);
    CHECK_EQUAL(files_status(top, "d").mode, S_IFDIR | 0511);
    CHECK_EQUAL(files_status(top, "l").mode, S_IFLNK | 0511);
    CHECK_EQUAL(change(NULL, "/dev/null", mode), -EPERM);
    CHECK_EQUAL(change(NULL, "/proc/uptime", mode), -EPERM);
    files_end(top, TOP);
}

TEST(change_times, "times are kept as far as an inode has room for them: from 1901 to 2446")
{
    static const struct {
        int64_t given, kept;
    } cases[] = {{0, 0}, {-1, -1}, {INT32_MAX, INT32_MAX}, {(int64_t)INT32_MAX + 1, 0x80000000},
                 {INT32_MIN, INT32_MIN}, {INT64_MIN, INT32_MIN}, {0x37fffffff, 0x37fffffff},
                 {0x380000000, 0x37fffffff}, {INT64_MAX, 0x37fffffff}};
    struct inode *top = files_begin(TOP), *inode;

    CHECK_EQUAL(files_put(top, "f", ""), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct inode_change times = {.which = INODE_ACCESSED | INODE_MODIFIED,
                                     .accessed = {.seconds = cases[i].given, .nanoseconds = 5},
                                     .modified = {.seconds = cases[i].given}};
        CHECK_EQUAL(change(top, "f", times), 0);
        REQUIRE(path_find(top, "f", true, &inode) == 0); // nobody else holds it: read from the disk
        CHECK_EQUAL(inode->accessed.seconds, cases[i].kept);
        CHECK_EQUAL(inode->accessed.nanoseconds, 5);
        CHECK_EQUAL(inode->modified.seconds, cases[i].kept);
        inode_release(inode);
    }
    files_end(top, TOP);
}

TEST(rename_keeps, "a rename that is to replace nothing says so where the new name exists")
{
    static const char *const names[] = {"f", "g", "empty", "link"};
    struct inode *top = files_begin(TOP);

    CHECK_EQUAL(files_put(top, "f", "one"), 0);
    CHECK_EQUAL(files_put(top, "g", "two"), 0);
    CHECK_EQUAL(vfs_link(top, "f", "same"), 0);
    CHECK_EQUAL(vfs_mkdir(top, "empty", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "folder", 0755), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "link"), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        CHECK_EQUAL(vfs_rename_at(top, "same", top, names[i], false), -EEXIST);
        CHECK_EQUAL(vfs_rename_at(top, "folder", top, names[i], false), -EEXIST);
    }
    CHECK_EQUAL(files_status(top, "f").size, 3);
    CHECK_EQUAL(vfs_rename_at(top, "g", top, "new", false), 0);
    CHECK_EQUAL(vfs_rename_at(top, "f", top, "new", true), 0);
    CHECK_EQUAL(files_status(top, "same").link_count, 2);
    files_end(top, TOP);
}
