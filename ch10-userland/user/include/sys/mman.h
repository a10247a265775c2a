// <sys/mman.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_MMAN_H
#define RUNG_USER_INCLUDE_SYS_MMAN_H

#include "lib/abi/mman.h"

#include <sys/types.h>

#define MAP_FAILED ((void *)-1)

void *mmap(void *start, size_t size, int rights, int flags, int descriptor, off_t offset);
int munmap(void *start, size_t size);
int mprotect(void *start, size_t size, int rights);
int msync(void *start, size_t size, int flags);
int madvise(void *start, size_t size, int advice);
void *mremap(void *start, size_t size, size_t new_size, int flags, ...);

#endif
