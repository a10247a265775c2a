// Copies from and to the running process's memory, whatever the addresses are that it gave.
#ifndef RUNG_KERNEL_MM_USER_COPY_H
#define RUNG_KERNEL_MM_USER_COPY_H

#include "kernel/mm/address_space.h"
#include "lib/types.h"

// Whether [address, address + size) lies in the user half. That it is mapped is not said.
static inline bool user_range(uint64_t address, size_t size)
{
    uint64_t end;
    return !__builtin_add_overflow(address, size, &end) && end <= USER_END;
}

// Whether there is memory of a program at all to copy from or to: a process without a program may
// still have the page table of the one that ran before.
static inline bool user_reachable(uint64_t address, size_t size)
{
    return address_space_current && user_range(address, size);
}

// In user_copy.asm, for the functions below.
size_t user_copy_bytes(void *to, const void *from, size_t size);
size_t user_zero_bytes(void *to, size_t size);

// Copy size bytes; pages that are not there are brought there. 0, or -EFAULT: then a part may have
// been copied. Sleep; no locks held (ASSERTed: no mutex, no spinlock).
int copy_from_user(void *to, uint64_t from, size_t size);
int copy_to_user(uint64_t to, const void *from, size_t size);

// Copies a string with its NUL: its length without it, -EFAULT, -ENAMETOOLONG when it has no NUL in
// size bytes.
int64_t copy_string_from_user(char *to, uint64_t from, size_t size);

// The same for callers that hold locks: nothing sleeps; what is not there and would have to be read
// is not copied. Return how many bytes were copied.
static inline size_t user_copy_out(uint64_t to, const void *from, size_t size)
{
    return user_reachable(to, size) ? user_copy_bytes((void *)to, from, size) : 0;
}

static inline size_t user_zero_out(uint64_t to, size_t size)
{
    return user_reachable(to, size) ? user_zero_bytes((void *)to, size) : 0;
}

static inline size_t user_copy_in(void *to, uint64_t from, size_t size)
{
    return user_reachable(from, size) ? user_copy_bytes(to, (const void *)from, size) : 0;
}

#endif
