// What was written reaches the disk without anybody asking for it: kernel/proc/writeback.c.
// tests/proc/test_writeback.py looks at the disk afterwards.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/fs/file.h"
#include "kernel/options.h"
#include "kernel/proc/process.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

TEST(writeback_file, "a file is written and not synced; the test ends when wait_ms= have passed")
{
    static const char text[] = "kept by writeback\n";
    struct io io = io_kernel(text, strlen(text));
    struct file *file;
    REQUIRE(file_open(NULL, "/etc/late", O_WRONLY | O_CREAT | O_TRUNC, 0644, &file) == 0);
    CHECK_EQUAL(file_write(file, &io), strlen(text));
    file_close(file);
    clock_sleep_ms(options_number("wait_ms", 0));
}

TEST(writeback_clean, "with nothing to write a sync costs little, and no wait for the disk")
{
    CHECK_EQUAL(vfs_sync(), 0);
    uint64_t switches = this_cpu()->switches, start = cpu_read_tsc();
    CHECK_EQUAL(vfs_sync(), 0);
    uint64_t counts = cpu_read_tsc() - start;
    CHECK_EQUAL(this_cpu()->switches, switches);
    test_note("sync_clean %lu", counts);
}

TEST(writeback_process, "writeback sleeps, and is nobody's child")
{
    struct process_info info;
    bool found = false;
    for (int pid = 0; !found && (pid = process_next(pid, &info)) != 0;) {
        found = strcmp(info.name, "writeback") == 0;
    }
    REQUIRE(found);
    CHECK_EQUAL(info.state, PROCESS_SLEEPING);
    CHECK_EQUAL(info.parent, 0);
}
