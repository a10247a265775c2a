#include "kernel/mm/user_copy.h"

#include "kernel/cpu/percpu.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/sync/wait.h"
#include "lib/assert.h"
#include "lib/errno.h"

// user_copy.asm.
size_t user_copy_bytes(void *to, const void *from, size_t size);
size_t user_zero_bytes(void *to, size_t size);
int64_t user_copy_string(char *to, const char *from, size_t size);

// Whether there is memory of a program at all to copy from or to: a process without a program may
// still have the page table of the one that ran before.
static bool reachable(uint64_t address, size_t size)
{
    return address_space_current && user_range(address, size);
}

// Where pages may have to be read, nobody may be kept waiting.
static void assert_no_locks(void)
{
    ASSERT(this_cpu()->thread->mutex_count == 0 && !this_cpu()->spinlock);
}

int copy_from_user(void *to, uint64_t from, size_t size)
{
    assert_no_locks();
    return user_copy_in(to, from, size) == size ? 0 : -EFAULT;
}

int copy_to_user(uint64_t to, const void *from, size_t size)
{
    assert_no_locks();
    return user_copy_out(to, from, size) == size ? 0 : -EFAULT;
}

int64_t copy_string_from_user(char *to, uint64_t from, size_t size)
{
    assert_no_locks();
    if (!reachable(from, 1)) {
        return -EFAULT;
    }
    size_t room = USER_END - from < size ? USER_END - from : size;
    int64_t length = user_copy_string(to, (const char *)from, room);
    if (length < 0 || (length == (int64_t)room && room < size)) {
        return -EFAULT;
    }
    return length < (int64_t)size ? length : -ENAMETOOLONG;
}

size_t user_copy_out(uint64_t to, const void *from, size_t size)
{
    return reachable(to, size) ? user_copy_bytes((void *)to, from, size) : 0;
}

size_t user_zero_out(uint64_t to, size_t size)
{
    return reachable(to, size) ? user_zero_bytes((void *)to, size) : 0;
}

size_t user_copy_in(void *to, uint64_t from, size_t size)
{
    return reachable(from, size) ? user_copy_bytes(to, (const void *)from, size) : 0;
}
