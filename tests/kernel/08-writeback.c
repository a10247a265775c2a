// What was written reaches the disk without anybody asking for it: kernel/proc/writeback.c.
// tests/proc/test_writeback.py looks at the disk afterwards.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/fs/file.h"
#include "kernel/options.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
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
    uint64_t switches, counts;
    unsigned tries = 0;
    do { // writeback itself may come between, but not again and again
        switches = this_cpu()->switches;
        uint64_t start = cpu_read_tsc();
        CHECK_EQUAL(vfs_sync(), 0);
        counts = cpu_read_tsc() - start;
    } while (this_cpu()->switches != switches && ++tries < 3);
    CHECK(tries < 3);
    test_note("sync_clean %lu", counts);
}

TEST(writeback_process, "writeback sleeps, and is nobody's child")
{
    struct process_info info;
    bool sleeps = false;
    for (unsigned i = 0; i < 1000 && !sleeps; i++) { // its turn may be now
        bool found = false;
        for (int pid = 0; !found && (pid = process_next(pid, &info)) != 0;) {
            found = strcmp(info.name, "writeback") == 0;
        }
        REQUIRE(found);
        sleeps = info.state == PROCESS_SLEEPING;
        sched_yield();
    }
    CHECK(sleeps);
    CHECK_EQUAL(info.parent, 0);
}
