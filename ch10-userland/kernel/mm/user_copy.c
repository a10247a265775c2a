#include "kernel/mm/user_copy.h"

#include "kernel/cpu/percpu.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/sync/wait.h"
#include "lib/assert.h"
#include "lib/errno.h"

// user_copy.asm.
int64_t user_copy_string(char *to, const char *from, size_t size);

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
    if (!user_reachable(from, 1)) {
        return -EFAULT;
    }
    size_t room = USER_END - from < size ? USER_END - from : size;
    int64_t length = user_copy_string(to, (const char *)from, room);
    if (length < 0 || (length == (int64_t)room && room < size)) {
        return -EFAULT;
    }
    return length < (int64_t)size ? length : -ENAMETOOLONG;
}
