// The chapter's C library on the host, beside the host's own: each of its functions is called
// rung_strcpy and so on here (test_libc.py renames them in the objects). What it calls the kernel
// for, the host's functions do.
#ifndef RUNG_TESTS_HOST_LIBC_H
#define RUNG_TESTS_HOST_LIBC_H

#include "cases.h"

#include <errno.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

// The functions of which the test needs no other declaration than the host's.
#define SAME(name) extern __typeof__(name) rung_##name

// struct program_state of user/include/program.h; its errno is called rung_errno here.
struct program_state {
    int error;
    const char *name;
};
static struct program_state state = {.name = "test"};
char **rung_environ;
#define rung_errno (state.error)

struct program_state *program_state(void);
void *rung_sbrk(intptr_t increment);
void *rung_mmap(void *start, size_t size, int rights, int flags, int descriptor, off_t offset);
int rung_munmap(void *start, size_t size);
void *rung_mremap(void *start, size_t size, size_t new_size, int flags, ...);
void (*stream_at_exit)(void);

struct program_state *program_state(void)
{
    return &state;
}

#ifndef OWN_HEAP
void *rung_sbrk(intptr_t increment)
{
    static char heap[0x1000000] __attribute__((aligned(4096)));
    static char *end = heap;
    if (increment > heap + sizeof(heap) - end) {
        return (void *)-1;
    }
    end += increment;
    return end - increment;
}

void *rung_mmap(void *start, size_t size, int rights, int flags, int descriptor, off_t offset)
{
    return mmap(start, size, rights, flags, descriptor, offset);
}

int rung_munmap(void *start, size_t size)
{
    return munmap(start, size);
}

void *rung_mremap(void *start, size_t size, size_t new_size, int flags, ...)
{
    return mremap(start, size, new_size, flags);
}
#endif

#endif
