// What tests of the file system do again and again.
#ifndef RUNG_TESTS_KERNEL_FILES_H
#define RUNG_TESTS_KERNEL_FILES_H

#include "kernel/fs/file.h"
#include "kernel/fs/path.h"
#include "lib/errno.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

// Opens and closes again: the error.
static inline int files_open(struct inode *base, const char *path, unsigned flags)
{
    struct file *file;
    int error = file_open(base, path, flags, 0644, &file);
    if (error == 0) {
        file_close(file);
    }
    return error;
}

// Makes a file with a text, or replaces its contents.
static inline int files_put(struct inode *base, const char *path, const char *text)
{
    struct io io = io_kernel(text, strlen(text));
    struct file *file;
    int error = file_open(base, path, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);
    if (error) {
        return error;
    }
    int64_t result = file_write(file, &io);
    file_close(file);
    return result < 0 ? (int)result : io.left > 0 ? -EIO : 0;
}

// Whether a file has exactly this text.
static inline bool files_have(struct inode *base, const char *path, const char *text)
{
    char buffer[256];
    struct io io = io_kernel(buffer, sizeof(buffer));
    struct file *file;

    if (file_open(base, path, O_RDONLY, 0, &file)) {
        return false;
    }
    int64_t size = file_read(file, &io);
    file_close(file);
    return size == (int64_t)strlen(text) && memcmp(buffer, text, (size_t)size) == 0;
}

// What stat says of a path (of a link itself), zeroes if there is nothing.
static inline struct file_status files_status(struct inode *base, const char *path)
{
    struct file_status status;
    if (vfs_stat(base, path, false, &status)) {
        memset(&status, 0, sizeof(status));
    }
    return status;
}

// The first entry but "." and ".." from a position on.
struct files_entry {
    char name[NAME_MAX + 1];
    uint16_t type;
    uint32_t number;
    uint64_t next;
};

static inline bool files_take_entry(void *context, const struct directory_entry *entry)
{
    struct files_entry *result = context;

    if (name_dots(entry->name, entry->name_length)) {
        return true;
    }
    memcpy(result->name, entry->name, entry->name_length);
    result->name[entry->name_length] = '\0';
    result->type = entry->type;
    result->number = entry->number;
    result->next = entry->next;
    return false;
}

// The next entry of a directory: false behind the last one.
static inline bool files_next(struct inode *directory, uint64_t position, struct files_entry *entry)
{
    entry->name[0] = '\0';
    int error = directory->operations->readdir(directory, position, files_take_entry, entry);
    return error == 0 && entry->name[0] != '\0';
}

// Makes a directory for a test, and finds it.
static inline struct inode *files_begin(const char *path)
{
    struct inode *directory = NULL;
    CHECK_EQUAL(vfs_mkdir(NULL, path, 0755), 0);
    CHECK_EQUAL(path_find(NULL, path, true, &directory), 0);
    return directory;
}

// Takes away all that is in a directory: without recursion, by going back up through "..".
static inline void files_empty(struct inode *top)
{
    struct inode *directory = inode_hold(top), *next;
    struct files_entry entry;

    for (;;) {
        if (!files_next(directory, 0, &entry)) {
            if (directory == top || path_find(directory, "..", true, &next)) {
                break;
            }
        } else if (entry.type != S_IFDIR) {
            if (vfs_unlink(directory, entry.name)) {
                break;
            }
            continue;
        } else if (vfs_rmdir(directory, entry.name) == 0) {
            continue;
        } else if (path_find(directory, entry.name, false, &next)) {
            break;
        }
        inode_release(directory);
        directory = next;
    }
    CHECK(directory == top);
    inode_release(directory);
}

// The end of files_begin: the directory must be empty, or is made so.
static inline void files_end(struct inode *directory, const char *path)
{
    files_empty(directory);
    inode_release(directory);
    CHECK_EQUAL(vfs_rmdir(NULL, path), 0);
}

#endif
