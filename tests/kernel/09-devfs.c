// /dev.
#include "kernel/fs/devfs.h"
#include "kernel/mm/kmalloc.h"
#include "lib/abi/dirent.h"
#include "tests/kernel/files.h"

static struct file *device(const char *path, unsigned flags)
{
    struct file *file = NULL;
    CHECK_EQUAL(file_open(NULL, path, flags, 0, &file), 0);
    return file;
}

static int64_t read_some(struct file *file, void *to, size_t size)
{
    struct io io = io_kernel(to, size);
    return file_read(file, &io);
}

static int64_t write_some(struct file *file, size_t size)
{
    static const char data[100];
    struct io io = io_kernel(data, size);
    return file_write(file, &io);
}

TEST(dev_null, "/dev/null takes everything and gives nothing")
{
    struct file *file = device("/dev/null", O_RDWR | O_TRUNC | O_APPEND);
    char buffer[8] = "before";

    REQUIRE(file != NULL);
    CHECK_EQUAL(write_some(file, 100), 100);
    CHECK_EQUAL(read_some(file, buffer, sizeof(buffer)), 0);
    CHECK_STRING(buffer, "before");
    CHECK_EQUAL(file_seek(file, 5, SEEK_SET), 5);
    CHECK_EQUAL(file_sync(file), -EINVAL);
    CHECK_EQUAL(file_truncate(file, 0), -EINVAL);
    CHECK_EQUAL(files_status(NULL, "/dev/null").mode, S_IFCHR | 0666);
    CHECK_EQUAL(files_status(NULL, "/dev/null").device_number, 0x103);
    file_close(file);
}

TEST(dev_zero, "/dev/zero gives zeroes without an end")
{
    struct file *file = device("/dev/zero", O_RDWR);
    char *buffer = kmalloc(10000);

    REQUIRE(file && buffer);
    memset(buffer, 0x55, 10000);
    CHECK_EQUAL(read_some(file, buffer, 9999), 9999);
    size_t zeroes = 0;
    while (zeroes < 10000 && buffer[zeroes] == 0) {
        zeroes++;
    }
    CHECK_EQUAL(zeroes, 9999);
    CHECK_EQUAL(read_some(file, buffer, 0), 0);
    CHECK_EQUAL(write_some(file, 100), 100);
    file_close(file);
    kfree(buffer);
}

TEST(dev_full, "/dev/full has no room")
{
    struct file *file = device("/dev/full", O_RDWR);
    char byte = 1;

    REQUIRE(file != NULL);
    CHECK_EQUAL(write_some(file, 1), -ENOSPC);
    CHECK_EQUAL(write_some(file, 0), 0);
    CHECK_EQUAL(read_some(file, &byte, 1), 1);
    CHECK_EQUAL(byte, 0);
    file_close(file);
}

TEST(dev_random, "/dev/random gives other bytes each time, each as often as the next")
{
    struct file *file = device("/dev/random", O_RDONLY);
    unsigned counts[256] = {0}, most = 0, least = UINT32_MAX;
    size_t size = 64 * 1024;
    unsigned char *buffer = kmalloc(size);
    uint64_t one, two;

    REQUIRE(file && buffer);
    CHECK_EQUAL(read_some(file, &one, sizeof(one)), sizeof(one));
    CHECK_EQUAL(read_some(file, &two, sizeof(two)), sizeof(two));
    CHECK(one != two && one != 0);
    CHECK_EQUAL(read_some(file, buffer, size), size);
    for (size_t i = 0; i < size; i++) {
        counts[buffer[i]]++;
    }
    for (unsigned i = 0; i < 256; i++) {
        most = counts[i] > most ? counts[i] : most;
        least = counts[i] < least ? counts[i] : least;
    }
    CHECK(least > 150 && most < 370); // 256 each; these are more than six deviations away
    file_close(file);
    kfree(buffer);
}

TEST(dev_entries, "the directory lists each device once, also when it is read a little at a time")
{
    static const char *const names[] = {"null", "zero", "full", "random", "urandom"};
    struct file *file = device("/dev", O_RDONLY | O_DIRECTORY);
    unsigned found[ARRAY_LENGTH(names)] = {0}, dots = 0;
    char buffer[64]; // room for two or three
    int64_t size;

    REQUIRE(file != NULL);
    do {
        struct io io = io_kernel(buffer, sizeof(buffer));
        size = file_read_entries(file, &io);
        CHECK(size >= 0);
        for (int64_t at = 0; at < size;) {
            const struct dirent *entry = (const struct dirent *)(buffer + at);
            CHECK_EQUAL(entry->d_reclen % 8, 0);
            CHECK(entry->d_reclen > offsetof(struct dirent, d_name) + strlen(entry->d_name));
            dots += entry->d_name[0] == '.';
            for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
                if (strcmp(entry->d_name, names[i]) == 0) {
                    found[i]++;
                    CHECK_EQUAL(entry->d_type, DT_CHR);
                }
            }
            REQUIRE(entry->d_reclen > 0);
            at += entry->d_reclen;
        }
    } while (size > 0);
    CHECK_EQUAL(dots, 2);
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        CHECK_EQUAL(found[i], 1);
    }
    struct io io = io_kernel(buffer, 23);
    CHECK_EQUAL(file_seek(file, 0, SEEK_SET), 0);
    CHECK_EQUAL(file_read_entries(file, &io), -EINVAL);
    CHECK_EQUAL(file_seek(file, INT64_MAX, SEEK_SET), INT64_MAX);
    io = io_kernel(buffer, sizeof(buffer));
    CHECK_EQUAL(file_read_entries(file, &io), 0);
    file_close(file);
}
