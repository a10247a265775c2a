// Pipes.
#include "kernel/cpu/clock.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "tests/kernel/files.h"

static struct file *reader, *writer; // of the pipe in use

static bool open_pipe(unsigned flags)
{
    return pipe_open(&reader, &writer, flags) == 0;
}

static int64_t put(const void *data, size_t size)
{
    struct io io = io_kernel(data, size);
    return file_write(writer, &io);
}

static int64_t get(void *data, size_t size)
{
    struct io io = io_kernel(data, size);
    return file_read(reader, &io);
}

TEST(pipe_order, "bytes come out in the order in which they went in, as many as there are")
{
    char buffer[16];

    REQUIRE(open_pipe(0));
    CHECK_EQUAL(put("hello ", 6), 6);
    CHECK_EQUAL(put("world", 5), 5);
    CHECK_EQUAL(get(buffer, 3), 3);
    CHECK_EQUAL(get(buffer + 3, sizeof(buffer) - 3), 8);
    CHECK(memcmp(buffer, "hello world", 11) == 0);
    CHECK_EQUAL(put("", 0), 0);
    CHECK_EQUAL(get(buffer, 0), 0);
    CHECK_EQUAL(put("x", 1), 1);
    file_close(writer);
    CHECK_EQUAL(get(buffer, 5), 1);
    CHECK_EQUAL(get(buffer, 5), 0);
    CHECK_EQUAL(get(buffer, 5), 0);
    file_close(reader);
}

TEST(pipe_broken, "writing to a pipe that nobody reads is -EPIPE, also for who waits for room")
{
    REQUIRE(open_pipe(0));
    file_close(reader);
    CHECK_EQUAL(put("x", 1), -EPIPE);
    CHECK_EQUAL(put("", 0), 0);
    file_close(writer);
}

TEST(pipe_ends, "each end does one thing, has no position, and is no file")
{
    char byte = 0;
    struct io io = io_kernel(&byte, 1);
    struct file_status status;

    REQUIRE(open_pipe(0));
    CHECK_EQUAL(file_read(writer, &io), -EBADF);
    CHECK_EQUAL(file_write(reader, &io), -EBADF);
    CHECK_EQUAL(file_seek(reader, 0, SEEK_CUR), -ESPIPE);
    CHECK_EQUAL(file_read_at(reader, &io, 0), -ESPIPE);
    CHECK_EQUAL(file_write_at(writer, &io, 0), -ESPIPE);
    CHECK_EQUAL(file_truncate(writer, 0), -EINVAL);
    CHECK_EQUAL(file_sync(writer), -EINVAL);
    CHECK_EQUAL(file_ioctl(reader, 0x5401, &io), -ENOTTY);
    CHECK_EQUAL(file_read_directory(reader, files_take_entry, NULL), -ENOTDIR);
    vfs_status(reader->inode, &status);
    CHECK(S_ISFIFO(status.mode));
    CHECK_EQUAL(status.size, 0);
    file_close(reader);
    file_close(writer);
}

TEST(pipe_nonblocking, "with O_NONBLOCK nothing waits: a small write is whole or -EAGAIN")
{
    char *page = kcalloc(1, PIPE_SIZE);

    REQUIRE(page != NULL);
    REQUIRE(open_pipe(O_NONBLOCK));
    CHECK_EQUAL(get(page, 1), -EAGAIN);
    CHECK_EQUAL(put(page, PIPE_SIZE), PIPE_SIZE);
    CHECK_EQUAL(put(page, 1), -EAGAIN);
    CHECK_EQUAL(put(page, PIPE_SIZE), -EAGAIN);
    CHECK_EQUAL(get(page, 100), 100);
    CHECK_EQUAL(put(page, 101), -EAGAIN);
    CHECK_EQUAL(put(page, 100), 100);
    CHECK_EQUAL(get(page, 5000), 5000);
    CHECK_EQUAL(put(page, PIPE_ATOMIC + 1000), 5000);
    CHECK_EQUAL(get(page, 10), 10);
    CHECK_EQUAL(put(page, PIPE_ATOMIC + 1), 10); // more than fits at once: what it can get
    CHECK_EQUAL(get(page, PIPE_SIZE), PIPE_SIZE);
    file_close(writer);
    CHECK_EQUAL(get(page, 1), 0);
    file_close(reader);
    kfree(page);
}

TEST(pipe_random, "any sequence of reads and writes gives back what was written")
{
    size_t size = 2 * PIPE_SIZE;
    unsigned char *out = kmalloc(size), *in = kmalloc(size);
    uint8_t next_in = 0, next_out = 0;
    size_t inside = 0;

    REQUIRE(out && in);
    REQUIRE(open_pipe(O_NONBLOCK));
    for (unsigned round = 0; round < 2000; round++) {
        size_t count = test_random_below(round % 7 ? 9000 : (uint32_t)size);
        if (test_random_below(2)) {
            for (size_t i = 0; i < count; i++) {
                out[i] = (uint8_t)(next_in + i);
            }
            int64_t done = put(out, count);
            size_t room = PIPE_SIZE - inside;
            int64_t expected = count <= room                       ? (int64_t)count
                               : count <= PIPE_ATOMIC || room == 0 ? -EAGAIN
                                                                   : (int64_t)room;
            CHECK_EQUAL(done, expected);
            next_in = (uint8_t)(next_in + (done > 0 ? done : 0));
            inside += done > 0 ? (size_t)done : 0;
        } else {
            int64_t done = get(in, count);
            CHECK_EQUAL(done, count == 0    ? 0
                              : inside == 0 ? -EAGAIN
                                            : (int64_t)(count < inside ? count : inside));
            for (int64_t i = 0; i < done; i++) {
                if (in[i] != next_out++) {
                    CHECK(false);
                    break;
                }
            }
            inside -= done > 0 ? (size_t)done : 0;
        }
    }
    file_close(reader);
    file_close(writer);
    kfree(in);
    kfree(out);
}

TEST(pipe_memory, "memory is taken as bytes come, and all of it is given back")
{
    char *page = kcalloc(1, PIPE_SIZE);
    REQUIRE(page != NULL);
    REQUIRE(open_pipe(0));
    file_close(reader);
    file_close(writer); // the slabs are there now
    size_t free_pages = pmm_free_pages(), blocks = kmalloc_blocks();

    REQUIRE(open_pipe(0));
    CHECK_EQUAL(pmm_free_pages(), free_pages);
    CHECK_EQUAL(put("x", 1), 1);
    CHECK_EQUAL(pmm_free_pages(), free_pages - 1);
    CHECK_EQUAL(put(page, PIPE_SIZE - 1), PIPE_SIZE - 1);
    CHECK_EQUAL(pmm_free_pages(), free_pages - PIPE_SIZE / 4096);
    CHECK_EQUAL(get(page, PIPE_SIZE), PIPE_SIZE);
    CHECK(pmm_free_pages() >= free_pages - 2);
    CHECK_EQUAL(put(page, 9000), 9000);
    file_close(reader);
    file_close(writer);
    CHECK_EQUAL(pmm_free_pages(), free_pages);
    REQUIRE(open_pipe(0));
    CHECK_EQUAL(put(page, 9000), 9000);
    CHECK_EQUAL(get(page, 9000), 9000); // one page is kept for the next bytes
    file_close(reader);
    file_close(writer);
    CHECK_EQUAL(pmm_free_pages(), free_pages);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
    kfree(page);
}

// ---- Several processes ----

#define WRITERS 3
#define RECORD 600
#define RECORDS 300

// Writes records that each consist of one byte only.
static int write_records(void *argument)
{
    char record[RECORD];
    int wrong = 0;

    memset(record, (int)(virt_t)argument, sizeof(record));
    for (unsigned i = 0; i < RECORDS; i++) {
        wrong += put(record, sizeof(record)) != sizeof(record);
    }
    return wrong;
}

TEST(pipe_atomic, "writes of up to 4 KiB by several processes are not mixed, and nothing is lost")
{
    unsigned counts[WRITERS] = {0};
    char record[RECORD];

    REQUIRE(open_pipe(0));
    for (virt_t i = 0; i < WRITERS; i++) {
        CHECK(process_create("writer", write_records, (void *)('a' + i)) > 0);
    }
    for (unsigned i = 0; i < WRITERS * RECORDS; i++) {
        size_t size = 0;
        while (size < RECORD) {
            int64_t done = get(record + size, RECORD - size);
            REQUIRE(done > 0);
            size += (size_t)done;
        }
        unsigned who = (unsigned)(record[0] - 'a');
        REQUIRE(who < WRITERS);
        counts[who]++;
        for (size_t k = 1; k < RECORD; k++) {
            if (record[k] != record[0]) {
                CHECK_EQUAL(record[k], record[0]);
                break;
            }
        }
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        int status = -1;
        CHECK(process_wait(-1, &status) > 0);
        CHECK_EQUAL(status, 0);
        CHECK_EQUAL(counts[i], RECORDS);
    }
    file_close(reader);
    file_close(writer);
}

#define LARGE (5 * PIPE_SIZE + 123)

static int write_large(void *argument)
{
    return put(argument, LARGE) != LARGE;
}

TEST(pipe_large, "a write that is larger than the pipe waits for the reader, and is whole")
{
    char *data = kmalloc(LARGE), *read = kmalloc(LARGE);
    size_t size = 0;
    int status = -1;

    REQUIRE(data && read);
    for (size_t i = 0; i < LARGE; i++) {
        data[i] = (char)(i * 7 >> 3);
    }
    REQUIRE(open_pipe(0));
    CHECK(process_create("writer", write_large, data) > 0);
    while (size < LARGE) {
        int64_t done = get(read + size, 1 + test_random_below(20000));
        REQUIRE(done > 0);
        size += (size_t)done;
    }
    CHECK_EQUAL(size, LARGE);
    CHECK(memcmp(data, read, LARGE) == 0);
    CHECK(process_wait(-1, &status) > 0);
    CHECK_EQUAL(status, 0);
    file_close(reader);
    file_close(writer);
    kfree(data);
    kfree(read);
}

// Lets a process run until it waits.
static void until_waiting(int pid)
{
    for (unsigned i = 0; i < 100000 && !process_find(pid)->thread.queue; i++) {
        sched_yield();
    }
    CHECK(process_find(pid)->thread.queue != NULL);
}

static int64_t waited_result;

static int wait_to_read(void *argument)
{
    char byte;
    (void)argument;
    waited_result = get(&byte, 1);
    return 0;
}

TEST(pipe_last_writer, "who waits to read gets 0 when the last writer goes")
{
    REQUIRE(open_pipe(0));
    waited_result = 99;
    int pid = process_create("reader", wait_to_read, NULL);
    REQUIRE(pid > 0);
    until_waiting(pid);
    CHECK_EQUAL(waited_result, 99);
    file_close(writer);
    CHECK(process_wait(-1, NULL) > 0);
    CHECK_EQUAL(waited_result, 0);
    file_close(reader);
}

static int wait_to_write(void *argument)
{
    waited_result = put(argument, PIPE_SIZE);
    waited_result = put(argument, PIPE_ATOMIC);
    return 0;
}

TEST(pipe_last_reader, "who waits to write gets -EPIPE when the last reader goes")
{
    char *page = kcalloc(1, PIPE_SIZE);

    REQUIRE(page && open_pipe(0));
    waited_result = 99;
    int pid = process_create("writer", wait_to_write, page);
    REQUIRE(pid > 0);
    until_waiting(pid);
    CHECK_EQUAL(waited_result, PIPE_SIZE);
    file_close(reader);
    CHECK(process_wait(-1, NULL) > 0);
    CHECK_EQUAL(waited_result, -EPIPE);
    file_close(writer);
    kfree(page);
}

static struct file *second;

static int interrupted(void *argument)
{
    char byte = 0;
    (void)argument;
    wait_interrupt(&process_current()->thread);
    struct io io = io_kernel(&byte, 1);
    waited_result = file_read(second, &io);
    return 0;
}

TEST(pipe_interrupted, "a wait for a pipe ends with -EINTR, or with what was moved before")
{
    REQUIRE(open_pipe(0));
    second = reader;
    CHECK(process_create("reader", interrupted, NULL) > 0);
    CHECK(process_wait(-1, NULL) > 0);
    CHECK_EQUAL(waited_result, -EINTR);
    CHECK_EQUAL(put("x", 1), 1);
    CHECK(process_create("reader", interrupted, NULL) > 0);
    CHECK(process_wait(-1, NULL) > 0);
    CHECK_EQUAL(waited_result, 1);
    file_close(reader);
    file_close(writer);
}
