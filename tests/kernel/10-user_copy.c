// kernel/mm/user_copy.c and kernel/cpu/user_copy.asm: bad pointers of all kinds.
#include "kernel/mm/user_copy.h"

#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/proc/process.h"
#include "kernel/sync/mutex.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "tests/kernel/test.h"
#include "tests/kernel/user.h"

#define AREA 0x10000000 // [AREA, +4 pages): writable, read-only, not there, PROT_NONE
#define BUFFER_SIZE 0x5000

PROGRAM(nothing, "xorl %edi, %edi\n" EXIT);

static char buffer[BUFFER_SIZE];

static bool map(virt_t start, size_t size, unsigned rights)
{
    struct region region = {.end = size, .rights = rights};
    return address_space_map(process_current()->address_space, &start, &region, false) == 0;
}

static bool prepare(void)
{
    return map(AREA, PAGE_SIZE, PAGE_WRITE) && map(AREA + PAGE_SIZE, PAGE_SIZE, PAGE_READ) &&
           map(AREA + 3 * PAGE_SIZE, PAGE_SIZE, PAGE_NONE) &&
           map(USER_END - PAGE_SIZE, PAGE_SIZE, PAGE_WRITE);
}

static const struct {
    uint64_t address;
    size_t size;
} unreachable[] = {
    {0, 1}, {1, 8}, {0xfff, 1}, {AREA - 1, 1}, {AREA + 2 * PAGE_SIZE, 1},
    {AREA + 2 * PAGE_SIZE - 1, 2}, {AREA + 3 * PAGE_SIZE, 1}, {AREA - 4, 8}, {USER_END, 1},
    {USER_END - 1, 2}, {USER_END - 8, 9}, {0x800000000000, 1}, {0x7fffffffffff, 1},
    {0x8000000000000000, 8}, {0xdeadbeefdeadbeef, 8}, {DIRECT_MAP_BASE, 8},
    {DIRECT_MAP_BASE + 0x100000, 0x1000}, {KERNEL_BASE + 0x101000, 8}, {UINT64_MAX, 1},
    {UINT64_MAX - 7, 8}, {UINT64_MAX, 2}, {AREA, SIZE_MAX}, {AREA, SIZE_MAX - AREA + 1},
    {AREA + 1, UINT64_MAX - AREA}, {AREA, 1ul << 47}, {AREA, BUFFER_SIZE},
};

static bool bad_pointers(void)
{
    bool ready = prepare();
    CHECK(ready);
    memset(buffer, 0x55, sizeof(buffer));
    for (unsigned i = 0; i < ARRAY_LENGTH(unreachable); i++) {
        uint64_t address = unreachable[i].address;
        size_t size = unreachable[i].size;
        CHECK_EQUAL(copy_from_user(buffer, address, size), -EFAULT);
        CHECK_EQUAL(copy_to_user(address, buffer, size), -EFAULT);
        CHECK(user_zero_out(address, size) < size);
    }
    CHECK_EQUAL(copy_to_user(AREA + PAGE_SIZE, buffer, 1), -EFAULT); // read-only
    CHECK_EQUAL(copy_to_user(AREA + PAGE_SIZE - 1, buffer, 2), -EFAULT);
    CHECK_EQUAL(user_zero_out(AREA + PAGE_SIZE, 8), 0);
    CHECK_EQUAL(copy_from_user(buffer, AREA + PAGE_SIZE, PAGE_SIZE), 0);
    CHECK_EQUAL(copy_from_user(buffer, AREA, 0), 0);
    return false;
}

TEST(user_copy_bad_pointers, "copies from and to anything but a program's own memory fail")
{
    CHECK_EQUAL(user_run(program_nothing, program_nothing_end, bad_pointers), WAIT_EXITED(99));
    CHECK_EQUAL(copy_to_user(AREA, buffer, 1), -EFAULT); // no program at all
}

// Every alignment and small size, up to and over the end of what is there.
static bool short_copies(void)
{
    virt_t end = AREA + PAGE_SIZE; // of what can be written to
    static uint8_t expected[64], seen[64];
    CHECK(prepare());
    for (unsigned offset = 0; offset < 24; offset++) {
        for (unsigned size = 0; size < 48; size++) {
            size_t room = size < offset ? size : offset;
            for (unsigned i = 0; i < sizeof(expected); i++) {
                expected[i] = (uint8_t)test_random();
            }
            CHECK_EQUAL(user_zero_out(end - offset, offset), offset);
            CHECK_EQUAL(user_copy_out(end - offset, expected, size), room);
            CHECK_EQUAL(user_copy_in(seen, end - offset, offset), offset);
            CHECK(memcmp(seen, expected, room) == 0);
            CHECK_EQUAL(user_zero_out(end - offset, size), room);
        }
    }
    virt_t last = AREA + 2 * PAGE_SIZE; // of what can be read
    CHECK_EQUAL(user_copy_in(seen, last - 13, 40), 13);
    return false;
}

TEST(user_copy_short, "a copy stops at the first byte that is not there, and says so")
{
    CHECK_EQUAL(user_run(program_nothing, program_nothing_end, short_copies), WAIT_EXITED(99));
}

static bool strings(void)
{
    char text[16];
    virt_t end = AREA + 2 * PAGE_SIZE;
    CHECK(prepare());
    CHECK_EQUAL(copy_to_user(AREA, "hello", 6), 0);
    CHECK_EQUAL(copy_string_from_user(text, AREA, sizeof(text)), 5);
    CHECK_STRING(text, "hello");
    CHECK_EQUAL(copy_string_from_user(text, AREA, 6), 5);
    CHECK_EQUAL(copy_string_from_user(text, AREA, 5), -ENAMETOOLONG);
    CHECK_EQUAL(copy_string_from_user(text, AREA, 0), -ENAMETOOLONG);
    CHECK_EQUAL(copy_string_from_user(text, end - 1, sizeof(text)), 0); // a NUL is its last byte
    CHECK_EQUAL(copy_string_from_user(text, end, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_string_from_user(text, 0, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_string_from_user(text, USER_END, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_string_from_user(text, KERNEL_BASE + 0x101000, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_string_from_user(text, 0xdeadbeefdeadbeef, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_to_user(USER_END - 3, "abc", 3), 0); // without an end
    CHECK_EQUAL(copy_string_from_user(text, USER_END - 3, sizeof(text)), -EFAULT);
    CHECK_EQUAL(copy_string_from_user(text, USER_END - 3, 3), -ENAMETOOLONG);
    return false;
}

TEST(user_copy_strings, "strings end with a NUL in memory that is there, or are refused")
{
    CHECK_EQUAL(user_run(program_nothing, program_nothing_end, strings), WAIT_EXITED(99));
}

// A file whose page takes its time.
static unsigned reads;

static void nothing(struct region_source *source)
{
    (void)source;
}

static int64_t read(struct region_source *source, void *to, size_t size, uint64_t offset)
{
    (void)source;
    (void)offset;
    CHECK(process_current()->thread.mutex_count == 0);
    CHECK(cpu_interrupts_enabled());
    reads++;
    memset(to, 7, size);
    return (int64_t)size;
}

static bool locked_copies(void)
{
    static struct mutex mutex = MUTEX("test");
    static struct region_source source = {.hold = nothing, .release = nothing, .read = read};
    struct region region = {.end = PAGE_SIZE, .rights = PAGE_WRITE, .source = &source,
                            .source_end = PAGE_SIZE};
    virt_t start = AREA + 0x100000;
    char byte = 0;
    CHECK(prepare());
    CHECK(address_space_map(process_current()->address_space, &start, &region, false) == 0);
    mutex_lock(&mutex);
    CHECK_EQUAL(user_copy_in(&byte, start, 1), 0);
    CHECK_EQUAL(user_copy_out(start, &byte, 1), 0);
    CHECK_EQUAL(reads, 0);
    CHECK_EQUAL(user_copy_out(AREA, &byte, 1), 1); // demand-zero does not sleep
    mutex_unlock(&mutex);
    CHECK_EQUAL(copy_from_user(&byte, start, 1), 0);
    CHECK_EQUAL(byte, 7);
    CHECK_EQUAL(reads, 1);
    mutex_lock(&mutex);
    CHECK_EQUAL(user_copy_in(&byte, start, 1), 1);
    mutex_unlock(&mutex);
    return false;
}

TEST(user_copy_locked, "with a lock held, what would have to be read from a file is not copied")
{
    reads = 0;
    CHECK_EQUAL(user_run(program_nothing, program_nothing_end, locked_copies), WAIT_EXITED(99));
}
