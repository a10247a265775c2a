// One open file that several processes use at the same time.
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/process.h"
#include "tests/kernel/files.h"

#define TOP "/position"
#define PROCESSES 4
#define RECORDS 1500 // of each process
#define ALL (PROCESSES * RECORDS)

static struct file *file; // that they share
static uint8_t *seen; // how often each record was

static int write_records(void *argument)
{
    int wrong = 0;

    for (unsigned i = 0; i < RECORDS; i++) {
        uint32_t record = (uint32_t)(virt_t)argument * RECORDS + i;
        struct io io = io_kernel(&record, sizeof(record));
        wrong += file_write(file, &io) != sizeof(record);
    }
    return wrong;
}

static int read_records(void *argument)
{
    int wrong = 0;

    (void)argument;
    for (unsigned i = 0; i < RECORDS; i++) {
        uint32_t record = ALL;
        struct io io = io_kernel(&record, sizeof(record));
        wrong += file_read(file, &io) != sizeof(record) || record >= ALL;
        if (record < ALL) {
            __atomic_fetch_add(&seen[record], 1, __ATOMIC_RELAXED);
        }
    }
    return wrong;
}

static void run_all(int (*entry)(void *argument))
{
    for (virt_t i = 0; i < PROCESSES; i++) {
        file_hold(file);
        CHECK(process_create("sharer", entry, (void *)i) > 0);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int wrong = -1;
        CHECK(process_wait(-1, &wrong) > 0);
        CHECK_EQUAL(wrong, 0);
        file_close(file);
    }
}

TEST(position_shared, "processes that share an open file never lose or double a position")
{
    struct inode *top = files_begin(TOP);
    unsigned not_once = 0;

    seen = kcalloc(ALL, 1);
    REQUIRE(seen && file_open(top, "f", O_RDWR | O_CREAT, 0644, &file) == 0);
    run_all(write_records);
    CHECK_EQUAL(file_seek(file, 0, SEEK_CUR), ALL * sizeof(uint32_t));
    CHECK_EQUAL(file_seek(file, 0, SEEK_SET), 0);
    run_all(read_records);
    CHECK_EQUAL(file_seek(file, 0, SEEK_CUR), ALL * sizeof(uint32_t));
    for (unsigned i = 0; i < ALL; i++) {
        not_once += seen[i] != 1;
    }
    CHECK_EQUAL(not_once, 0);
    file_close(file);
    kfree(seen);
    files_end(top, TOP);
}
