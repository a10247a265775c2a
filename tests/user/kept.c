// What is written through a mapping of a file is on the disk when a call has said so: run by name
// from the shell, and test_kept.py cuts the power behind it and looks.
#include "tests/user/check.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define SIZE 10000 // two pages and a part of one

static char *view;
static int file;

static void begin(void)
{
    file = open("/kept", O_CREAT | O_RDWR | O_TRUNC, 0644);
    CHECK(file >= 0 && ftruncate(file, SIZE) == 0 && fsync(file) == 0);
    view = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    CHECK(view != MAP_FAILED);
    for (int i = 0; i < SIZE; i++) {
        view[i] = (char)('a' + i % 26);
    }
}

TEST(kept_by_msync, "msync with MS_SYNC")
{
    begin();
    CHECK(msync(view, SIZE, MS_SYNC) == 0);
}

TEST(kept_by_fsync, "fsync of the file")
{
    begin();
    CHECK(fsync(file) == 0);
}

TEST(kept_by_fdatasync, "fdatasync of the file")
{
    begin();
    CHECK(fdatasync(file) == 0);
}

TEST(kept_by_sync, "sync")
{
    begin();
    sync();
}

TEST(kept_by_syncfs, "syncfs, by any file of the file system")
{
    begin();
    int other = open("/etc", O_RDONLY);
    CHECK(other >= 0 && syscall(SYS_syncfs, other) == 0);
}

static const struct test tests[] = {ENTRY(kept_by_msync),  ENTRY(kept_by_fsync),
                                    ENTRY(kept_by_fdatasync), ENTRY(kept_by_sync),
                                    ENTRY(kept_by_syncfs), {NULL, NULL}};

int main(int argc, char **argv)
{
    return check_run(tests, argc, argv);
}
