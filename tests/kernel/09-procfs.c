// /proc: what it does for any file in it, and the system's own files.
#include "kernel/fs/procfs.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/proc/process.h"
#include "tests/kernel/files.h"

static char *read_whole(const char *path, char *buffer, size_t size)
{
    struct file *file;

    buffer[0] = '\0';
    if (file_open(NULL, path, O_RDONLY, 0, &file) == 0) {
        struct io io = io_kernel(buffer, size - 1);
        while (file_read(file, &io) > 0) {
        }
        *io.data = '\0';
        file_close(file);
    }
    return buffer;
}

static bool contains(const char *text, const char *part)
{
    while (*text != '\0' && strncmp(text, part, strlen(part)) != 0) {
        text++;
    }
    return *text != '\0';
}

// The number behind a word in a text.
static uint64_t number_after(const char *text, const char *word)
{
    size_t length = strlen(word);
    uint64_t number = 0;

    while (*text != '\0' && strncmp(text, word, length) != 0) {
        text++;
    }
    for (text += *text != '\0' ? length : 0; *text == ' '; text++) {
    }
    while (*text >= '0' && *text <= '9') {
        number = number * 10 + (uint64_t)(*text++ - '0');
    }
    return number;
}

TEST(proc_memory, "/proc/meminfo says what memory there is")
{
    char text[1024];

    read_whole("/proc/meminfo", text, sizeof(text));
    CHECK_EQUAL(number_after(text, "MemTotal:"), pmm_total_pages() * 4);
    uint64_t free_kb = number_after(text, "MemFree:"), now_kb = pmm_free_pages() * 4;
    CHECK(free_kb <= now_kb + 256 && now_kb <= free_kb + 256);
    CHECK(number_after(text, "Cached:") > 0);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        REQUIRE(strchr(line, '\n') != NULL);
        CHECK(memcmp(strchr(line, '\n') - 3, " kB", 3) == 0);
    }
}

TEST(proc_mounts, "/proc/mounts and /proc/filesystems list what is mounted")
{
    char text[512];

    read_whole("/proc/mounts", text, sizeof(text));
    CHECK(strncmp(text, "/dev/root / ext2 rw 0 0\n", 24) == 0);
    CHECK(contains(text, "\ndevfs /dev devfs rw 0 0\n"));
    CHECK(contains(text, "\nproc /proc proc ro 0 0\n"));
    read_whole("/proc/filesystems", text, sizeof(text));
    CHECK(contains(text, "\text2\n"));
    CHECK(contains(text, "nodev\tproc\n"));
}

TEST(proc_times, "/proc/uptime gives seconds with two digits behind the point, twice")
{
    char text[64];
    unsigned points = 0;

    read_whole("/proc/uptime", text, sizeof(text));
    for (size_t i = 0; text[i] != '\0'; i++) {
        points += text[i] == '.';
        CHECK((text[i] >= '0' && text[i] <= '9') || strchr(". \n", text[i]));
    }
    CHECK_EQUAL(points, 2);
    CHECK(text[0] != '\0' && text[strlen(text) - 1] == '\n');
}

TEST(proc_read_only, "files of /proc can be read and nothing else")
{
    CHECK_EQUAL(files_open(NULL, "/proc/uptime", O_WRONLY), -EROFS);
    CHECK_EQUAL(files_open(NULL, "/proc/uptime", O_RDONLY | O_TRUNC), -EROFS);
    CHECK_EQUAL(files_open(NULL, "/proc/none", O_WRONLY | O_CREAT), -EPERM);
    CHECK_EQUAL(vfs_truncate(NULL, "/proc/uptime", 0), -EPERM);
    CHECK_EQUAL(files_status(NULL, "/proc/uptime").mode, S_IFREG | 0444);
    CHECK_EQUAL(files_open(NULL, "/proc/uptime/x", O_RDONLY), -ENOTDIR);
}

TEST(proc_self,
     "/proc/self leads to the caller's directory, and no name to one that is no process's")
{
    static const char *const none[] = {"/proc/0", "/proc/01", "/proc/-1", "/proc/1x", "/proc/x1",
                                       "/proc/32767", "/proc/999999999", "/proc/9999999999",
                                       "/proc/18446744073709551617", "/proc/1/none", "/proc/ "};
    char expected[16], path[32];
    struct inode *inode;

    snprintf(expected, sizeof(expected), "/proc/%d", process_current()->thread.pid);
    REQUIRE(path_find(NULL, "/proc/self", true, &inode) == 0);
    CHECK(vfs_path(inode, path, sizeof(path)) > 0);
    CHECK_STRING(path, expected);
    inode_release(inode);
    struct io io = io_kernel(path, sizeof(path));
    CHECK_EQUAL(vfs_readlink(NULL, "/proc/self", &io), strlen(expected) - strlen("/proc/"));
    CHECK_EQUAL(files_status(NULL, "/proc/self/..").number, files_status(NULL, "/proc").number);
    for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
        CHECK_EQUAL(files_open(NULL, none[i], O_RDONLY), -ENOENT);
    }
}

// ---- A file of the test's own ----

static unsigned made;
static int error;
static size_t lines = 3;

static int make(struct procfs_text *text, int pid)
{
    (void)pid;
    made++;
    for (size_t i = 0; i < lines; i++) {
        procfs_print(text, "%u:%06zu\n", made, i);
    }
    return error;
}

static struct procfs_file *own_file(void)
{
    static struct procfs_file file = {.name = "test-own", .make = make};
    static bool added;

    if (!added) {
        procfs_add(&file);
    }
    added = true;
    error = 0;
    made = 0;
    lines = 3;
    return &file;
}

TEST(proc_text, "a text is made when its start is read, and stays the same for who reads on")
{
    struct file *one, *two;
    char buffer[16];

    own_file();
    REQUIRE(file_open(NULL, "/proc/test-own", O_RDONLY, 0, &one) == 0);
    REQUIRE(file_open(NULL, "/proc/test-own", O_RDONLY, 0, &two) == 0);
    CHECK_EQUAL(made, 0);
    struct io io = io_kernel(buffer, 9);
    CHECK_EQUAL(file_read(one, &io), 9);
    CHECK(memcmp(buffer, "1:000000\n", 9) == 0);
    io = io_kernel(buffer, 9);
    CHECK_EQUAL(file_read(two, &io), 9);
    CHECK(memcmp(buffer, "2:000000\n", 9) == 0);
    io = io_kernel(buffer, 9);
    CHECK_EQUAL(file_read(one, &io), 9);
    CHECK(memcmp(buffer, "1:000001\n", 9) == 0);
    CHECK_EQUAL(file_read_at(one, &io, 1000), 0);
    CHECK_EQUAL(file_seek(one, 0, SEEK_SET), 0);
    io = io_kernel(buffer, 9);
    CHECK_EQUAL(file_read(one, &io), 9);
    CHECK(memcmp(buffer, "3:000000\n", 9) == 0);
    error = -ESRCH;
    io = io_kernel(buffer, 9);
    CHECK_EQUAL(file_read_at(one, &io, 0), -ESRCH);
    file_close(one);
    file_close(two);
}

TEST(proc_long_text, "a text may have any length, and its memory is given back")
{
    size_t blocks = kmalloc_blocks();
    char *buffer = kmalloc(100000);

    REQUIRE(buffer != NULL);
    own_file();
    lines = 10000;
    read_whole("/proc/test-own", buffer, 100000);
    CHECK_EQUAL(strlen(buffer), 90000);
    CHECK(memcmp(buffer + 89991, "1:009999\n", 9) == 0);
    kfree(buffer);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}
