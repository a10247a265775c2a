// Open files.
#include "tests/kernel/files.h"

#define TOP "/file"

// What file_open answers, for each combination of flags that matters.
TEST(file_open_errors, "file_open gives the error that Linux gives, whatever the path leads to")
{
    static const struct {
        const char *path;
        unsigned flags;
        int result;
    } cases[] = {
        {"none", O_RDONLY, -ENOENT}, {"none", O_WRONLY | O_TRUNC, -ENOENT},
        {"none/x", O_WRONLY | O_CREAT, -ENOENT}, {"file/x", O_WRONLY | O_CREAT, -ENOTDIR},
        {"file", O_RDONLY, 0}, {"file", O_RDWR | O_CREAT, 0},
        {"file", O_RDWR | O_CREAT | O_EXCL, -EEXIST}, {"file", O_RDONLY | O_EXCL, 0},
        {"file", O_RDONLY | O_DIRECTORY, -ENOTDIR}, {"file", O_RDONLY | O_NOFOLLOW, 0},
        {"file/", O_RDONLY, -ENOTDIR}, {"file/", O_WRONLY | O_CREAT, -EISDIR},
        {"new/", O_WRONLY | O_CREAT, -EISDIR}, {"", O_WRONLY | O_CREAT, -ENOENT},
        {"dir", O_RDONLY, 0}, {"dir/", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0},
        {"dir", O_WRONLY, -EISDIR}, {"dir", O_RDWR, -EISDIR}, {"dir", O_RDONLY | O_TRUNC, -EISDIR},
        {"dir", O_RDONLY | O_CREAT, -EISDIR}, {"dir", O_RDONLY | O_CREAT | O_EXCL, -EEXIST},
        {"dir/.", O_RDONLY | O_CREAT, -EISDIR}, {"dir/.", O_RDONLY | O_CREAT | O_EXCL, -EEXIST},
        {"dir/..", O_WRONLY | O_CREAT, -EISDIR}, {"/", O_RDONLY, 0}, {"/", O_RDWR, -EISDIR},
        {"link", O_RDONLY, 0}, {"link", O_RDONLY | O_NOFOLLOW, -ELOOP},
        {"link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, -ENOTDIR},
        {"link", O_WRONLY | O_CREAT | O_NOFOLLOW, -ELOOP},
        {"link", O_WRONLY | O_CREAT | O_EXCL, -EEXIST}, {"link", O_WRONLY | O_CREAT, 0},
        {"dangling", O_RDONLY, -ENOENT}, {"dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST},
        {"to-dir", O_WRONLY | O_CREAT, -EISDIR}, {"to-dir/", O_RDONLY | O_NOFOLLOW, 0},
        {"loop", O_RDONLY, -ELOOP}, {"loop", O_WRONLY | O_CREAT, -ELOOP},
        {"loop", O_WRONLY | O_CREAT | O_EXCL, -EEXIST}, {"far", O_WRONLY | O_CREAT, -ENOENT},
        {"file", O_ACCMODE, -EINVAL}, {"dir", O_CREAT | O_DIRECTORY, -EINVAL},
    };
    struct inode *top = files_begin(TOP);

    CHECK_EQUAL(files_put(top, "file", "text"), 0);
    CHECK_EQUAL(vfs_mkdir(top, "dir", 0755), 0);
    CHECK_EQUAL(vfs_symlink(top, "file", "link"), 0);
    CHECK_EQUAL(vfs_symlink(top, "nowhere", "dangling"), 0);
    CHECK_EQUAL(vfs_symlink(top, "dir", "to-dir"), 0);
    CHECK_EQUAL(vfs_symlink(top, "loop", "loop"), 0);
    CHECK_EQUAL(vfs_symlink(top, "none/file", "far"), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int result = files_open(top, cases[i].path, cases[i].flags);
        if (result != cases[i].result) {
            test_note("case %u: %s, flags %#x", (unsigned)i, cases[i].path, cases[i].flags);
        }
        CHECK_EQUAL(result, cases[i].result);
    }
    CHECK(files_have(top, "file", "text"));
    files_end(top, TOP);
}

TEST(file_creates, "O_CREAT makes a file with the mode given, also where a dangling link leads")
{
    struct inode *top = files_begin(TOP);
    struct file *file;

    REQUIRE(file_open(top, "new", O_WRONLY | O_CREAT | O_EXCL, 0640, &file) == 0);
    CHECK_EQUAL(files_status(top, "new").mode, S_IFREG | 0640);
    CHECK_EQUAL(files_status(top, "new").link_count, 1);
    CHECK_EQUAL(files_status(top, "new").size, 0);
    file_close(file);
    CHECK_EQUAL(vfs_mkdir(top, "d", 0755), 0);
    CHECK_EQUAL(vfs_symlink(top, "d/second", "first"), 0);
    CHECK_EQUAL(vfs_symlink(top, "../third", "d/second"), 0);
    CHECK_EQUAL(files_put(top, "first", "through two links"), 0);
    CHECK(files_have(top, "third", "through two links"));
    CHECK(S_ISLNK(files_status(top, "first").mode));
    CHECK(S_ISLNK(files_status(top, "d/second").mode));
    files_end(top, TOP);
}

static int64_t write_text(struct file *file, const char *text)
{
    struct io io = io_kernel(text, strlen(text));
    return file_write(file, &io);
}

TEST(file_positions, "reads and writes advance the position, those at an offset leave it alone")
{
    struct inode *top = files_begin(TOP);
    char buffer[32];
    struct file *file;

    REQUIRE(file_open(top, "f", O_RDWR | O_CREAT, 0644, &file) == 0);
    CHECK_EQUAL(write_text(file, "0123456789"), 10);
    CHECK_EQUAL(file_seek(file, 0, SEEK_CUR), 10);
    struct io io = io_kernel(buffer, sizeof(buffer));
    CHECK_EQUAL(file_read(file, &io), 0);
    CHECK_EQUAL(file_seek(file, -3, SEEK_END), 7);
    CHECK_EQUAL(file_read(file, &io), 3);
    CHECK(memcmp(buffer, "789", 3) == 0);
    CHECK_EQUAL(file_seek(file, -8, SEEK_CUR), 2);
    io = io_kernel(buffer, 4);
    CHECK_EQUAL(file_read(file, &io), 4);
    CHECK(memcmp(buffer, "2345", 4) == 0);
    io = io_kernel("ab", 2);
    CHECK_EQUAL(file_write_at(file, &io, 0), 2);
    io = io_kernel(buffer, 3);
    CHECK_EQUAL(file_read_at(file, &io, 1), 3);
    CHECK(memcmp(buffer, "b23", 3) == 0);
    CHECK_EQUAL(write_text(file, "x"), 1);
    CHECK(files_have(top, "f", "ab2345x789"));

    CHECK_EQUAL(file_seek(file, 20, SEEK_SET), 20);
    CHECK_EQUAL(files_status(top, "f").size, 10);
    CHECK_EQUAL(write_text(file, "y"), 1);
    CHECK_EQUAL(files_status(top, "f").size, 21);
    CHECK(files_have(top, "f", "ab2345x789") == false);
    io = io_kernel(buffer, 11);
    CHECK_EQUAL(file_read_at(file, &io, 10), 11);
    CHECK(memcmp(buffer, "\0\0\0\0\0\0\0\0\0\0y", 11) == 0);

    CHECK_EQUAL(file_seek(file, -1, SEEK_SET), -EINVAL);
    CHECK_EQUAL(file_seek(file, -22, SEEK_CUR), -EINVAL);
    CHECK_EQUAL(file_seek(file, INT64_MAX, SEEK_CUR), -EINVAL);
    CHECK_EQUAL(file_seek(file, INT64_MAX, SEEK_END), -EINVAL);
    CHECK_EQUAL(file_seek(file, 0, (enum seek_from)3), -EINVAL);
    CHECK_EQUAL(file_seek(file, 0, SEEK_CUR), 21);
    io = io_kernel(buffer, 1);
    CHECK_EQUAL(file_read_at(file, &io, -1), -EINVAL);
    CHECK_EQUAL(file_write_at(file, &io, -1), -EINVAL);
    CHECK_EQUAL(file_seek(file, INT64_MAX, SEEK_SET), INT64_MAX);
    CHECK_EQUAL(file_read(file, &io), 0);
    CHECK_EQUAL(file_write(file, &io), -EFBIG);
    CHECK_EQUAL(file_seek(file, 0, SEEK_CUR), INT64_MAX);
    file_close(file);
    files_end(top, TOP);
}

TEST(file_append, "O_APPEND writes go to the end of the file, wherever the position was")
{
    struct inode *top = files_begin(TOP);
    struct file *one, *two;

    REQUIRE(file_open(top, "log", O_WRONLY | O_CREAT | O_APPEND, 0644, &one) == 0);
    REQUIRE(file_open(top, "log", O_WRONLY | O_APPEND, 0, &two) == 0);
    CHECK_EQUAL(write_text(one, "one,"), 4);
    CHECK_EQUAL(write_text(two, "two,"), 4);
    CHECK_EQUAL(file_seek(one, 0, SEEK_SET), 0);
    CHECK_EQUAL(write_text(one, "three,"), 6);
    CHECK_EQUAL(file_seek(one, 0, SEEK_CUR), 14);
    CHECK_EQUAL(file_seek(two, 0, SEEK_CUR), 8);
    struct io io = io_kernel("ONE", 3);
    CHECK_EQUAL(file_write_at(two, &io, 0), 3);
    CHECK(files_have(top, "log", "ONE,two,three,"));
    file_close(one);
    file_close(two);
    files_end(top, TOP);
}

TEST(file_access, "what a file was not opened for is refused")
{
    struct inode *top = files_begin(TOP);
    struct file *reader, *writer, *directory;
    char buffer[8];
    struct io io = io_kernel(buffer, sizeof(buffer));

    CHECK_EQUAL(files_put(top, "f", "text"), 0);
    REQUIRE(file_open(top, "f", O_RDONLY, 0, &reader) == 0);
    REQUIRE(file_open(top, "f", O_WRONLY, 0, &writer) == 0);
    REQUIRE(file_open(top, ".", O_RDONLY, 0, &directory) == 0);
    CHECK_EQUAL(file_write(reader, &io), -EBADF);
    CHECK_EQUAL(file_write_at(reader, &io, 0), -EBADF);
    CHECK_EQUAL(file_truncate(reader, 0), -EINVAL);
    CHECK_EQUAL(file_read(writer, &io), -EBADF);
    CHECK_EQUAL(file_read_at(writer, &io, 0), -EBADF);
    CHECK_EQUAL(file_read(directory, &io), -EISDIR);
    CHECK_EQUAL(file_write(directory, &io), -EBADF);
    CHECK_EQUAL(file_truncate(directory, 0), -EINVAL);
    CHECK_EQUAL(file_read_directory(reader, files_take_entry, NULL), -ENOTDIR);
    CHECK_EQUAL(io.left, sizeof(buffer));
    CHECK_EQUAL(file_sync(reader), 0);
    CHECK_EQUAL(file_sync(directory), 0);
    CHECK(files_have(top, "f", "text"));
    CHECK_EQUAL(file_truncate(writer, 2), 0);
    CHECK(files_have(top, "f", "te"));
    CHECK_EQUAL(files_open(top, "f", O_WRONLY | O_TRUNC), 0);
    CHECK_EQUAL(files_status(top, "f").size, 0);
    file_close(reader);
    file_close(writer);
    file_close(directory);
    files_end(top, TOP);
}

TEST(file_holds, "a file is closed with its last hold, and keeps a file without names until then")
{
    struct inode *top = files_begin(TOP);
    struct filesystem *filesystem = top->filesystem;
    struct filesystem_statistics before, during, after;
    struct file_status status;
    struct file *file;
    char buffer[8];

    filesystem->operations->statistics(filesystem, &before);
    CHECK_EQUAL(files_put(top, "f", "here"), 0);
    REQUIRE(file_open(top, "f", O_RDWR, 0, &file) == 0);
    CHECK(file_hold(file) == file);
    CHECK_EQUAL(vfs_unlink(top, "f"), 0);
    CHECK_EQUAL(files_open(top, "f", O_RDONLY), -ENOENT);
    file_close(file);
    struct io io = io_kernel(buffer, sizeof(buffer));
    CHECK_EQUAL(file_read(file, &io), 4);
    CHECK(memcmp(buffer, "here", 4) == 0);
    CHECK_EQUAL(write_text(file, " still"), 6);
    vfs_status(file->inode, &status);
    CHECK_EQUAL(status.link_count, 0);
    CHECK_EQUAL(status.size, 10);
    filesystem->operations->statistics(filesystem, &during);
    CHECK_EQUAL(during.free_inodes, before.free_inodes - 1);
    // The same name again is another file.
    CHECK_EQUAL(files_put(top, "f", "new"), 0);
    CHECK(files_status(top, "f").number != status.number);
    CHECK_EQUAL(vfs_unlink(top, "f"), 0);
    file_close(file);
    filesystem->operations->statistics(filesystem, &after);
    CHECK_EQUAL(after.free_inodes, before.free_inodes);
    CHECK_EQUAL(after.free_blocks, before.free_blocks);
    files_end(top, TOP);
}

TEST(file_replaced, "an open file stays the same file through renaming and replacing")
{
    struct inode *top = files_begin(TOP);
    struct file *file;
    char buffer[8];
    struct io io = io_kernel(buffer, sizeof(buffer));

    CHECK_EQUAL(files_put(top, "a", "old"), 0);
    CHECK_EQUAL(files_put(top, "b", "new"), 0);
    REQUIRE(file_open(top, "a", O_RDONLY, 0, &file) == 0);
    CHECK_EQUAL(vfs_rename(top, "b", "a"), 0);
    CHECK_EQUAL(file_read(file, &io), 3);
    CHECK(memcmp(buffer, "old", 3) == 0);
    CHECK(files_have(top, "a", "new"));
    CHECK_EQUAL(files_open(top, "b", O_RDONLY), -ENOENT);
    file_close(file);
    files_end(top, TOP);
}

// Takes `left` entries, and counts those whose names end in an even digit.
struct count {
    unsigned left, seen, even;
};

static bool count_entry(void *context, const struct directory_entry *entry)
{
    struct count *count = context;

    if (count->left == 0) {
        return false;
    }
    count->left--;
    count->seen++;
    count->even += entry->name[entry->name_length - 1] % 2 == 0 && entry->name[0] != '.';
    return true;
}

TEST(file_directory, "a directory is read on where the reader stopped, each entry once")
{
    struct inode *top = files_begin(TOP);
    struct count count = {0};
    struct file *file;
    char name[16];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "name-%u", i);
        CHECK_EQUAL(files_put(top, name, ""), 0);
    }
    REQUIRE(file_open(NULL, TOP, O_RDONLY | O_DIRECTORY, 0, &file) == 0);
    for (unsigned seen = 0; seen != count.seen || seen == 0;) {
        seen = count.seen;
        count.left = 7;
        CHECK_EQUAL(file_read_directory(file, count_entry, &count), 0);
    }
    CHECK_EQUAL(count.seen, 102);
    CHECK_EQUAL(count.even, 50);
    CHECK_EQUAL(file_seek(file, 0, SEEK_SET), 0);
    count = (struct count){.left = 1000};
    CHECK_EQUAL(file_read_directory(file, count_entry, &count), 0);
    CHECK_EQUAL(count.seen, 102);
    // Places where there never was an entry give some, or none.
    for (int64_t position = 1; position < 200000; position = position * 3 + 1) {
        CHECK_EQUAL(file_seek(file, position, SEEK_SET), position);
        count = (struct count){.left = 1000};
        CHECK_EQUAL(file_read_directory(file, count_entry, &count), 0);
        CHECK(count.seen < 102);
    }
    CHECK_EQUAL(file_seek(file, INT64_MAX, SEEK_SET), INT64_MAX);
    count = (struct count){.left = 1000};
    CHECK_EQUAL(file_read_directory(file, count_entry, &count), 0);
    CHECK_EQUAL(count.seen, 0);
    file_close(file);
    files_end(top, TOP);
}
