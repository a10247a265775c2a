// Names: what gives them, and what takes them.
#include "tests/kernel/files.h"

#define TOP "/name"

TEST(name_errors, "each operation on names gives its errors, and changes nothing then")
{
    struct inode *top = files_begin(TOP);
    struct file_status before, after;

    CHECK_EQUAL(vfs_mkdir(top, "dir", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "dir/sub", 0755), 0);
    CHECK_EQUAL(files_put(top, "file", "text"), 0);
    CHECK_EQUAL(vfs_symlink(top, "dir", "link"), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "dangling"), 0);
    before = files_status(NULL, TOP);

    CHECK_EQUAL(vfs_mkdir(top, "dir", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "file", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "dangling", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "dangling/", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "none/x", 0755), -ENOENT);
    CHECK_EQUAL(vfs_mkdir(top, "file/x", 0755), -ENOTDIR);
    CHECK_EQUAL(vfs_mkdir(top, "", 0755), -ENOENT);
    CHECK_EQUAL(vfs_mkdir(top, ".", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "dir/..", 0755), -EEXIST);
    CHECK_EQUAL(vfs_mkdir(top, "/", 0755), -EEXIST);

    CHECK_EQUAL(vfs_rmdir(top, "dir"), -ENOTEMPTY);
    CHECK_EQUAL(vfs_rmdir(top, "file"), -ENOTDIR);
    CHECK_EQUAL(vfs_rmdir(top, "link"), -ENOTDIR);
    CHECK_EQUAL(vfs_rmdir(top, "link/"), -ENOTDIR);
    CHECK_EQUAL(vfs_rmdir(top, "none"), -ENOENT);
    CHECK_EQUAL(vfs_rmdir(top, "dir/sub/."), -EINVAL);
    CHECK_EQUAL(vfs_rmdir(top, "dir/sub/.."), -ENOTEMPTY);
    CHECK_EQUAL(vfs_rmdir(top, "/"), -EBUSY);

    CHECK_EQUAL(vfs_unlink(top, "dir"), -EISDIR);
    CHECK_EQUAL(vfs_unlink(top, "dir/"), -EISDIR);
    CHECK_EQUAL(vfs_unlink(top, "dir/sub/."), -EISDIR);
    CHECK_EQUAL(vfs_unlink(top, "file/"), -ENOTDIR);
    CHECK_EQUAL(vfs_unlink(top, "link/"), -ENOTDIR);
    CHECK_EQUAL(vfs_unlink(top, "none"), -ENOENT);
    CHECK_EQUAL(vfs_unlink(top, "none/"), -ENOENT);
    CHECK_EQUAL(vfs_unlink(top, "/"), -EISDIR);

    CHECK_EQUAL(vfs_link(top, "file", "dir"), -EEXIST);
    CHECK_EQUAL(vfs_link(top, "file", "file"), -EEXIST);
    CHECK_EQUAL(vfs_link(top, "dir", "new"), -EPERM);
    CHECK_EQUAL(vfs_link(top, "none", "new"), -ENOENT);
    CHECK_EQUAL(vfs_link(top, "file/", "new"), -ENOTDIR);
    CHECK_EQUAL(vfs_link(top, "file", "new/"), -ENOENT);
    CHECK_EQUAL(vfs_link(top, "file", "dir/"), -EEXIST);
    CHECK_EQUAL(vfs_link(top, "file", "dir/."), -EEXIST);
    CHECK_EQUAL(vfs_link(top, "file", "none/x"), -ENOENT);

    CHECK_EQUAL(vfs_symlink(top, "x", "file"), -EEXIST);
    CHECK_EQUAL(vfs_symlink(top, "x", "dangling"), -EEXIST);
    CHECK_EQUAL(vfs_symlink(top, "x", "new/"), -ENOENT);
    CHECK_EQUAL(vfs_symlink(top, "", "new"), -ENOENT);
    CHECK_EQUAL(vfs_symlink(top, "x", "none/x"), -ENOENT);

    struct io io = io_kernel("", 0);
    CHECK_EQUAL(vfs_readlink(top, "file", &io), -EINVAL);
    CHECK_EQUAL(vfs_readlink(top, "dir", &io), -EINVAL);
    CHECK_EQUAL(vfs_truncate(top, "dir", 0), -EISDIR);
    CHECK_EQUAL(vfs_truncate(top, "none", 0), -ENOENT);

    CHECK_EQUAL(vfs_rename(top, "none", "new"), -ENOENT);
    CHECK_EQUAL(vfs_rename(top, "dir", "dir/sub/x"), -EINVAL);
    CHECK_EQUAL(vfs_rename(top, "dir/.", "new"), -EBUSY);
    CHECK_EQUAL(vfs_rename(top, "/", "new"), -EBUSY);
    CHECK_EQUAL(vfs_rename(top, "file", "/"), -EBUSY);

    after = files_status(NULL, TOP);
    CHECK_EQUAL(after.modified.nanoseconds, before.modified.nanoseconds);
    CHECK_EQUAL(after.changed.nanoseconds, before.changed.nanoseconds);
    CHECK_EQUAL(after.link_count, before.link_count);
    CHECK_EQUAL(files_status(top, "file").link_count, 1);
    files_end(top, TOP);
}

TEST(name_links, "link counts follow names and subdirectories")
{
    struct inode *top = files_begin(TOP);

    CHECK_EQUAL(top->link_count, 2);
    CHECK_EQUAL(vfs_mkdir(top, "a", 0751), 0);
    CHECK_EQUAL(vfs_mkdir(top, "b", 0755), 0);
    CHECK_EQUAL(top->link_count, 4);
    CHECK_EQUAL(files_status(top, "a").mode, S_IFDIR | 0751);
    CHECK_EQUAL(files_status(top, "a").link_count, 2);
    CHECK_EQUAL(files_status(top, "a/..").number, top->number);

    CHECK_EQUAL(files_put(top, "f", "text"), 0);
    CHECK_EQUAL(vfs_link(top, "f", "a/g"), 0);
    CHECK_EQUAL(vfs_link(top, "a/g", "b/h"), 0);
    CHECK_EQUAL(files_status(top, "f").link_count, 3);
    CHECK_EQUAL(files_status(top, "f").number, files_status(top, "b/h").number);
    CHECK_EQUAL(vfs_unlink(top, "f"), 0);
    CHECK_EQUAL(files_status(top, "b/h").link_count, 2);
    CHECK_EQUAL(vfs_rename(top, "a/g", "b/h"), 0); // names of one file: nothing is done
    CHECK_EQUAL(files_status(top, "a/g").link_count, 2);
    CHECK_EQUAL(files_put(top, "f", "new"), 0);
    CHECK_EQUAL(vfs_rename(top, "f", "a/g"), 0);
    CHECK_EQUAL(files_status(top, "b/h").link_count, 1);
    CHECK(files_have(top, "b/h", "text"));
    CHECK(files_have(top, "a/g", "new"));

    CHECK_EQUAL(vfs_mkdir(top, "b/c", 0755), 0);
    CHECK_EQUAL(vfs_rename(top, "b", "a/b"), 0);
    CHECK_EQUAL(top->link_count, 3);
    CHECK_EQUAL(files_status(top, "a").link_count, 3);
    CHECK_EQUAL(files_status(top, "a/b").link_count, 3);
    CHECK_EQUAL(files_status(top, "a/b/..").number, files_status(top, "a").number);
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_rename(top, "a/b", "d"), 0); // over an empty one
    CHECK_EQUAL(top->link_count, 4);
    CHECK_EQUAL(files_status(top, "a").link_count, 2);
    CHECK_EQUAL(files_status(top, "d/..").number, top->number);
    CHECK_EQUAL(vfs_mkdir(top, "e", 0755), 0);
    CHECK_EQUAL(vfs_rename(top, "d", "e"), 0); // within one directory
    CHECK_EQUAL(top->link_count, 4);
    CHECK_EQUAL(files_status(top, "e").link_count, 3);
    files_end(top, TOP);
}

static bool later(struct timestamp time, struct timestamp than)
{
    return time.seconds > than.seconds ||
           (time.seconds == than.seconds && time.nanoseconds > than.nanoseconds);
}

// Whether the times of a path have changed since `before`, and then renews that.
static bool touched(struct inode *top, const char *path, struct file_status *before, bool modified)
{
    struct file_status now = files_status(top, path);
    bool result =
        later(now.changed, before->changed) && later(now.modified, before->modified) == modified;
    *before = now;
    return result;
}

TEST(name_times, "operations on names set the times of files and directories as POSIX has them")
{
    struct inode *top = files_begin(TOP);

    CHECK_EQUAL(vfs_mkdir(top, "a", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "b", 0755), 0);
    struct file_status a = files_status(top, "a"), b = files_status(top, "b"), f, t;
    CHECK_EQUAL(files_put(top, "a/f", "text"), 0);
    CHECK(touched(top, "a", &a, true));
    f = files_status(top, "a/f");
    CHECK(later(f.accessed, b.accessed));
    CHECK_EQUAL(vfs_link(top, "a/f", "b/g"), 0);
    CHECK(touched(top, "b", &b, true));
    CHECK(touched(top, "a/f", &f, false));
    CHECK_EQUAL(vfs_rename(top, "b/g", "a/g"), 0); // of one file, but not to one of its names
    CHECK(touched(top, "a", &a, true) && touched(top, "b", &b, true));
    CHECK(touched(top, "a/f", &f, false));
    CHECK_EQUAL(vfs_unlink(top, "a/f"), 0);
    CHECK(touched(top, "a", &a, true));
    CHECK(touched(top, "a/g", &f, false));
    CHECK_EQUAL(vfs_symlink(top, "x", "b/l"), 0);
    CHECK(touched(top, "b", &b, true));
    CHECK_EQUAL(vfs_rename(top, "a", "b/a"), 0);
    CHECK(touched(top, "b", &b, true));
    CHECK(touched(top, "b/a", &a, false));
    t = files_status(NULL, TOP);
    CHECK_EQUAL(vfs_mkdir(top, "c", 0755), 0);
    CHECK(touched(NULL, TOP, &t, true));
    CHECK_EQUAL(vfs_rmdir(top, "c"), 0);
    CHECK(touched(NULL, TOP, &t, true));
    files_end(top, TOP);
}

TEST(name_symlink_sizes, "targets of any length up to a block are kept as they are")
{
    static char target[PATH_MAX + 1], buffer[PATH_MAX];
    struct inode *top = files_begin(TOP);
    struct filesystem_statistics statistics;

    top->filesystem->operations->statistics(top->filesystem, &statistics);
    size_t most = statistics.block_size - 1;
    const size_t sizes[] = {1, 58, 59, 60, 61, 1000, most};
    memset(target, 't', PATH_MAX);
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        target[sizes[i]] = '\0';
        CHECK_EQUAL(vfs_symlink(top, target, "l"), 0);
        struct file_status status = files_status(top, "l");
        CHECK_EQUAL(status.mode, S_IFLNK | 0777);
        CHECK_EQUAL(status.size, sizes[i]);
        CHECK_EQUAL(status.sector_count, sizes[i] < 60 ? 0 : statistics.block_size / 512);
        struct io io = io_kernel(buffer, sizeof(buffer));
        CHECK_EQUAL(vfs_readlink(top, "l", &io), sizes[i]);
        CHECK(memcmp(buffer, target, sizes[i]) == 0);
        io = io_kernel(buffer, 1);
        CHECK_EQUAL(vfs_readlink(top, "l", &io), 1);
        CHECK_EQUAL(vfs_unlink(top, "l"), 0);
        target[sizes[i]] = 't';
    }
    target[most + 1] = '\0';
    CHECK_EQUAL(vfs_symlink(top, target, "l"), -ENAMETOOLONG);
    CHECK_EQUAL(files_status(top, "l").number, 0);
    files_end(top, TOP);
}

TEST(name_removed_directory, "nothing can be done in a directory that was removed")
{
    struct inode *top = files_begin(TOP);
    struct inode *directory;
    struct file_status status;
    struct files_entry entry;

    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(files_put(top, "f", "text"), 0);
    REQUIRE(path_find(top, "d", true, &directory) == 0);
    CHECK_EQUAL(vfs_rmdir(top, "d"), 0);
    CHECK_EQUAL(vfs_stat(directory, ".", true, &status), 0);
    CHECK_EQUAL(status.link_count, 0);
    CHECK_EQUAL(vfs_stat(directory, "..", true, &status), -ENOENT);
    CHECK_EQUAL(files_open(directory, "..", O_WRONLY | O_CREAT), -ENOENT);
    CHECK_EQUAL(files_put(directory, "x", "text"), -ENOENT);
    CHECK_EQUAL(vfs_mkdir(directory, "x", 0755), -ENOENT);
    CHECK_EQUAL(vfs_symlink(directory, "x", "x"), -ENOENT);
    CHECK_EQUAL(vfs_link(directory, "/name/f", "x"), -ENOENT);
    CHECK_EQUAL(vfs_rename(directory, "/name/f", "x"), -ENOENT);
    CHECK_EQUAL(vfs_rename(directory, "x", "/name/x"), -ENOENT);
    CHECK_EQUAL(vfs_unlink(directory, "x"), -ENOENT);
    CHECK_EQUAL(vfs_rmdir(directory, "x"), -ENOENT);
    CHECK(!files_next(directory, 0, &entry));
    inode_release(directory);

    // The same for one that another directory was renamed over.
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "e", 0755), 0);
    REQUIRE(path_find(top, "d", true, &directory) == 0);
    CHECK_EQUAL(vfs_rename(top, "e", "d"), 0);
    CHECK_EQUAL(files_put(directory, "x", "text"), -ENOENT);
    inode_release(directory);
    files_end(top, TOP);
}

TEST(name_special_files,
     "what is no file, directory or link has a name and a type, and no contents")
{
    static const uint16_t types[] = {S_IFIFO, S_IFCHR, S_IFBLK, S_IFSOCK};
    struct inode *top = files_begin(TOP);
    struct files_entry entry;
    struct file *file;
    char byte = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
        struct inode *inode;
        REQUIRE(top->operations->create(top, "x", 1, types[i] | 0600, &inode) == 0);
        inode_release(inode);
        CHECK_EQUAL(files_status(top, "x").mode, types[i] | 0600);
        CHECK(files_next(top, 0, &entry));
        CHECK(entry.type == types[i] || entry.type == 0);
        REQUIRE(file_open(top, "x", O_RDWR, 0, &file) == 0);
        struct io io = io_kernel(&byte, 1);
        CHECK_EQUAL(file_read(file, &io), -EINVAL);
        CHECK_EQUAL(file_write(file, &io), -EINVAL);
        CHECK_EQUAL(file_truncate(file, 0), -EINVAL);
        file_close(file);
        CHECK_EQUAL(vfs_truncate(top, "x", 0), -EINVAL);
        CHECK_EQUAL(vfs_unlink(top, "x"), 0);
    }
    files_end(top, TOP);
}

static unsigned number_of(const char *name)
{
    unsigned number = 0;
    for (; *name >= '0' && *name <= '9'; name++) {
        number = number * 10 + (unsigned)(*name - '0');
    }
    return number;
}

TEST(name_many, "a directory of 2000 names is read once while it is emptied, and filled again")
{
    enum { COUNT = 2000 };
    static bool seen[COUNT], gone[COUNT];
    struct inode *top = files_begin(TOP);
    struct files_entry entry, next;
    struct file_status status;
    char name[64];

    CHECK_EQUAL(files_put(top, "0", ""), 0);
    for (unsigned i = 1; i < COUNT; i++) {
        snprintf(name, sizeof(name), "%u%.*s", i, (int)test_random_below(40),
                 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn");
        CHECK_EQUAL(vfs_link(top, "0", name), 0);
    }
    CHECK_EQUAL(files_status(top, "0").link_count, COUNT);
    CHECK_EQUAL(vfs_stat(top, "2000", true, &status), -ENOENT);

    // Odd ones are removed as soon as they were read, some of those behind them before they are.
    memset(seen, 0, sizeof(seen));
    memset(gone, 0, sizeof(gone));
    unsigned removed = 0, wrong = 0;
    for (uint64_t position = 0; files_next(top, position, &entry); position = entry.next) {
        unsigned number = number_of(entry.name);
        wrong += seen[number] || gone[number];
        seen[number] = true;
        if (number % 2 == 0) {
            continue;
        }
        CHECK_EQUAL(vfs_unlink(top, entry.name), 0);
        removed++;
        if (number % 3 == 0 && files_next(top, entry.next, &next) && number_of(next.name) > 0) {
            CHECK_EQUAL(vfs_unlink(top, next.name), 0);
            gone[number_of(next.name)] = true;
            removed++;
        }
    }
    for (unsigned i = 0; i < COUNT; i++) {
        wrong += seen[i] == gone[i];
    }
    CHECK_EQUAL(wrong, 0);
    CHECK_EQUAL(files_status(top, "0").link_count, COUNT - removed);

    uint64_t size = top->size;
    for (unsigned i = 0; i < removed / 2; i++) {
        snprintf(name, sizeof(name), "again-%u", i);
        CHECK_EQUAL(vfs_link(top, "0", name), 0);
    }
    CHECK_EQUAL(top->size, size);
    files_end(top, TOP);
}

// ---- The matrix of renames ----

static const char *const places[] = {
    "file", "same", "other", "link", "dangling", "empty", "empty2", "full", "full/inner", "full/sub",
    "full/sub/deep", "none", "none/x", "file/x", "empty/new", "full/sub/new", "empty/", "file/",
    "link/", "none/", "full/.", "..", "full/sub/deep/x",
};

// What Linux (6.1, tmpfs) answers: one row for each old place, one letter for each new one.
static const char *const answers[] = {
    ".....iii.ii.nd..ddddbb.",
    ".....iii.ii.nd..ddddbb.",
    ".....iii.ii.nd..ddddbb.",
    ".....iii.ii.nd..ddddbb.",
    ".....iii.ii.nd..ddddbb.",
    "ddddd..ede..ndv..dd.bb.",
    "ddddd..ede..nd...dd.bb.",
    "ddddd...vvv.nd.v.dd.bbv",
    ".....iie.ii.nd..ddddbb.",
    "ddddd..ed.v.nd.v.dd.bbv",
    "ddddd..ede..nd...dd.bbv",
    "nnnnnnnnnnnnndnnnnnnbbn",
    "nnnnnnnnnnnnnnnnnnnnnnn",
    "ddddddddddddddddddddddd",
    "nnnnnnnnnnnnndnnnnnnbbn",
    "nnnnnnnnnnnnndnnnnnnbbn",
    "ddddd..ede..ndv..dd.bb.",
    "ddddddddddddndddddddbbd",
    "ddddddddddddndddddddbbd",
    "nnnnnnnnnnnnndnnnnnnbbn",
    "bbbbbbbbbbbbndbbbbbbbbb",
    "bbbbbbbbbbbbndbbbbbbbbb",
    "nnnnnnnnnnnnndnnnnnnbbn",
};

static int answer(char letter)
{
    switch (letter) {
    case 'n':
        return -ENOENT;
    case 'd':
        return -ENOTDIR;
    case 'i':
        return -EISDIR;
    case 'e':
        return -ENOTEMPTY;
    case 'v':
        return -EINVAL;
    case 'b':
        return -EBUSY;
    default:
        return 0;
    }
}

static void make_places(struct inode *top)
{
    CHECK_EQUAL(files_put(top, "file", "file"), 0);
    CHECK_EQUAL(files_put(top, "other", "other"), 0);
    CHECK_EQUAL(vfs_link(top, "file", "same"), 0);
    CHECK_EQUAL(vfs_symlink(top, "file", "link"), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "dangling"), 0);
    CHECK_EQUAL(vfs_mkdir(top, "empty", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "empty2", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "full", 0755), 0);
    CHECK_EQUAL(files_put(top, "full/inner", "x"), 0);
    CHECK_EQUAL(vfs_mkdir(top, "full/sub", 0755), 0);
    CHECK_EQUAL(vfs_mkdir(top, "full/sub/deep", 0755), 0);
}

// A number that stands for all places, with what is there.
static uint64_t digest(struct inode *top)
{
    uint64_t result = 0;

    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        struct file_status status = files_status(top, places[i]);
        uint64_t parts[] = {status.number, status.link_count, status.size,
                            (uint64_t)status.changed.seconds, status.changed.nanoseconds,
                            (uint64_t)status.modified.seconds, status.modified.nanoseconds};
        for (size_t k = 0; k < ARRAY_LENGTH(parts); k++) {
            result = (result ^ parts[k]) * 0x100000001b3;
        }
    }
    return result;
}

TEST(name_rename_matrix, "renames of anything over anything end as on Linux, or change nothing")
{
    struct inode *top = files_begin(TOP);
    struct file_status old, new;

    make_places(top);
    uint64_t before = digest(top);
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        for (size_t k = 0; k < ARRAY_LENGTH(places); k++) {
            old = files_status(top, places[i]);
            new = files_status(top, places[k]);
            int result = vfs_rename(top, places[i], places[k]);
            if (result != answer(answers[i][k])) {
                test_note("%s to %s: %d", places[i], places[k], result);
            }
            CHECK_EQUAL(result, answer(answers[i][k]));
            if (result || old.number == new.number) {
                CHECK_EQUAL(digest(top), before);
            } else {
                CHECK_EQUAL(files_status(top, places[k]).number, old.number);
                CHECK_EQUAL(files_status(top, places[i]).number, 0);
                files_empty(top);
                CHECK_EQUAL(top->link_count, 2);
                make_places(top);
                before = digest(top);
            }
        }
    }
    files_end(top, TOP);
}

TEST(name_rename_block, "names of any length are exchanged within a block whose room is used up")
{
    struct inode *top = files_begin(TOP);
    static char names[24][NAME_MAX + 1];
    uint32_t numbers[24];

    for (unsigned i = 0; i < 24; i++) {
        snprintf(names[i], sizeof(names[i]), "%u", i);
        CHECK_EQUAL(files_put(top, names[i], names[i]), 0);
        numbers[i] = files_status(top, names[i]).number;
    }
    for (unsigned round = 0; round < 600; round++) {
        char name[NAME_MAX + 1];
        unsigned i = test_random_below(24);
        memset(name, 'n', sizeof(name));
        snprintf(name, sizeof(name), "%u", i);
        name[strlen(name)] = '-';
        name[4 + test_random_below(80)] = '\0';
        CHECK_EQUAL(vfs_rename(top, names[i], name), 0);
        memcpy(names[i], name, sizeof(name));
        for (unsigned k = 0; k < 24; k++) {
            CHECK_EQUAL(files_status(top, names[k]).number, numbers[k]);
        }
    }
    files_end(top, TOP);
}
