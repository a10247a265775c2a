// Copies from and to the running process's memory, whatever the addresses are that it gave.
#ifndef RUNG_KERNEL_MM_USER_COPY_H
#define RUNG_KERNEL_MM_USER_COPY_H

#include "kernel/mm/address_space.h"
#include "lib/types.h"

// Whether [address, address + size) lies in the user half. That it is mapped is not said.
static inline bool user_range(uint64_t address, size_t size)
{
    return address <= USER_END && size <= USER_END - address;
}

// Copy size bytes; pages that are not there are brought there. 0, or -EFAULT: then a part may have
// been copied. Sleep; no locks held (ASSERTed: no mutex, no spinlock).
int copy_from_user(void *to, uint64_t from, size_t size);
int copy_to_user(uint64_t to, const void *from, size_t size);

// Copies a string with its NUL: its length without it, -EFAULT, -ENAMETOOLONG when it has no NUL in
// size bytes.
int64_t copy_string_from_user(char *to, uint64_t from, size_t size);

// The same for callers that hold locks: nothing sleeps; what is not there and would have to be read
// is not copied. Return how many bytes were copied.
size_t user_copy_out(uint64_t to, const void *from, size_t size);
size_t user_zero_out(uint64_t to, size_t size);
size_t user_copy_in(void *to, uint64_t from, size_t size);

#endif
