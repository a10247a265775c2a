// The machine of memory.h.
#define _GNU_SOURCE
#include "memory.h"

#include "kernel/cpu/cpuid.h"
#include "kernel/dev/console.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/panic.h"
#if __has_include("kernel/sync/spinlock.h")
#include "kernel/sync/spinlock.h"
#endif
#include "lib/assert.h"

#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MEMORY_SIZE (8 * GIB)   // what can be touched; maps may promise more
#define MEMORY_ALIGNMENT (1 * GIB) // of the largest block

char *host_memory;
phys_t host_kernel_end = KERNEL_PHYS + 0x4d000;
char kernel_end[1];
unsigned machine_physical_bits = 40;
char machine_output[4096];
char panic_message[512];
jmp_buf panic_return;
bool panic_expected;

uint32_t choose(struct choices *choices, uint32_t limit)
{
    if (choices->bytes != NULL) {
        uint32_t value = 0;
        for (unsigned i = 0; i < 2 && choices->bytes < choices->end; i++) {
            value = value << 8 | *choices->bytes++;
        }
        return value % limit;
    }
    // splitmix64
    uint64_t value = choices->state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((value ^ value >> 31) % limit);
}

bool choices_left(const struct choices *choices)
{
    return choices->bytes == NULL || choices->bytes < choices->end;
}

void map_clear(struct boot_info *boot)
{
    memset(boot, 0, sizeof(*boot));
}

void map_add(struct boot_info *boot, uint64_t start, uint64_t size, uint32_t type)
{
    CHECK(boot->memory_range_count < MEMORY_MAP_MAX);
    struct memory_range *range = &boot->memory[boot->memory_range_count++];
    range->start = start;
    range->size = size;
    range->type = type;
}

void map_pc(struct boot_info *boot, uint64_t bytes)
{
    uint64_t low = bytes < 3 * GIB ? bytes : 3 * GIB;

    map_clear(boot);
    map_add(boot, 0, 0x9fc00, MEMORY_USABLE);
    map_add(boot, 0x9fc00, 0x400, MEMORY_USABLE + 1);
    map_add(boot, 0xf0000, 0x10000, MEMORY_USABLE + 1);
    map_add(boot, MIB, low - MIB - 0x20000, MEMORY_USABLE);
    map_add(boot, low - 0x20000, 0x20000, MEMORY_USABLE + 1);
    map_add(boot, 0xfffc0000, 0x40000, MEMORY_USABLE + 1);
    if (bytes > low) {
        map_add(boot, 4 * GIB, bytes - low, MEMORY_USABLE);
    }
    map_add(boot, 0xfd00000000, 0x300000000, MEMORY_USABLE + 1);
}

void machine_clear(void)
{
    if (host_memory == NULL) {
        char *memory = mmap(NULL, MEMORY_SIZE + MEMORY_ALIGNMENT, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) {
            perror("mmap");
            exit(1);
        }
        host_memory = (char *)(((uintptr_t)memory + MEMORY_ALIGNMENT - 1) & -MEMORY_ALIGNMENT);
    } else {
        madvise(host_memory, MEMORY_SIZE, MADV_DONTNEED);
    }
    machine_output[0] = '\0';
}

void machine_start(const struct boot_info *boot)
{
    machine_clear();
    pmm_init(boot);
    pmm_add_high_memory(boot);
    kmalloc_init();
}

// What the allocators use of the kernel.

unsigned cpuid_physical_bits(void)
{
    return machine_physical_bits;
}

int kprintf(const char *text, ...)
{
    va_list arguments;
    size_t used = strlen(machine_output);

    va_start(arguments, text);
    int length = vsnprintf(machine_output + used, sizeof(machine_output) - used, text, arguments);
    va_end(arguments);
    return length;
}

void fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, what);
    abort();
}

static _Noreturn void panicked(void)
{
    if (!panic_expected) {
        fprintf(stderr, "panic: %s\n", panic_message);
        abort();
    }
    longjmp(panic_return, 1);
}

void panic_at(const char *file, int line, const char *text, ...)
{
    va_list arguments;

    (void)file;
    (void)line;
    va_start(arguments, text);
    vsnprintf(panic_message, sizeof(panic_message), text, arguments);
    va_end(arguments);
    panicked();
}

void assert_failed(const char *expression, const char *file, int line)
{
    snprintf(panic_message, sizeof(panic_message), "%s:%d: ASSERT(%s)", file, line, expression);
    panicked();
}

#if __has_include("kernel/sync/spinlock.h")
static struct spinlock *held[8];
static unsigned held_count;

void spinlock_acquire(struct spinlock *lock)
{
    CHECK(lock->holder == NULL);
    CHECK(held_count < 8);
    lock->holder = lock;
    held[held_count++] = lock;
}

void spinlock_release(struct spinlock *lock)
{
    CHECK(held_count > 0 && held[held_count - 1] == lock);
    lock->holder = NULL;
    held_count--;
}

static void release_all(void)
{
    while (held_count > 0) {
        held[--held_count]->holder = NULL;
    }
}
#else
static void release_all(void)
{
}
#endif

void panic_check(const char *text, const char *file, int line)
{
    release_all(); // whoever panics does not come back to release them
    panic_expected = false;
    if (strstr(panic_message, text) == NULL) {
        fprintf(stderr, "panic: %s\nexpected: %s\n", panic_message, text);
        fail(file, line, "panics with this message");
    }
}
