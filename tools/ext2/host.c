#define _GNU_SOURCE
#include "host.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/slab.h"
#include "kernel/panic.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#include <malloc.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>

#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define POISON(address, size) __asan_poison_memory_region(address, size)
#define UNPOISON(address, size) __asan_unpoison_memory_region(address, size)
#else
#define POISON(address, size) ((void)(address))
#define UNPOISON(address, size) ((void)(address))
#endif

void host_fail(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    fprintf(stderr, "ext2: ");
    vfprintf(stderr, text, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(2);
}

// ---- Words ----

bool host_quiet;
char host_output[4096];

void console_write(const char *text, size_t length)
{
    size_t used = strlen(host_output);
    if (used + length >= sizeof(host_output)) {
        used = 0;
    }
    if (length < sizeof(host_output)) {
        memcpy(host_output + used, text, length);
        host_output[used + length] = '\0';
    }
    if (!host_quiet) {
        fwrite(text, 1, length, stderr);
    }
}

int kvprintf(const char *text, va_list arguments)
{
    char line[1024];
    int length = vsnprintf(line, sizeof(line), text, arguments);
    console_write(line, strlen(line));
    return length;
}

int kprintf(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    int length = kvprintf(text, arguments);
    va_end(arguments);
    return length;
}

void panic_at(const char *file, int line, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    fprintf(stderr, "panic: ");
    vfprintf(stderr, text, arguments);
    fprintf(stderr, " (%s:%d)\n", file, line);
    va_end(arguments);
    abort();
}

void assert_failed(const char *expression, const char *file, int line)
{
    panic_at(file, line, "expected %s", expression);
}

// ---- Memory ----

#define FRESH 0xdd // what memory holds that was not cleared

static uint64_t allocations, fail_from = UINT64_MAX, fail_until;
static size_t allocated;

void host_fail_allocations(uint64_t after, uint64_t count)
{
    fail_from = count == 0 ? UINT64_MAX : allocations + after;
    fail_until = count > UINT64_MAX - fail_from ? UINT64_MAX : fail_from + count;
}

uint64_t host_allocations(void)
{
    return allocations;
}

size_t host_allocated(void)
{
    return allocated;
}

static bool may_allocate(void)
{
    uint64_t number = allocations++;
    return number < fail_from || number >= fail_until;
}

static void *allocate(size_t size, size_t alignment)
{
    if (!may_allocate()) {
        return NULL;
    }
    void *memory = aligned_alloc(alignment, (size + alignment - 1) & -alignment);
    if (memory) {
        memset(memory, FRESH, size);
        allocated++;
    }
    return memory;
}

void *kmalloc(size_t size)
{
    return allocate(size ? size : 1, 16);
}

void *kcalloc(size_t count, size_t size)
{
    size_t bytes;
    void *memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : kmalloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *krealloc(void *pointer, size_t size)
{
    if (!pointer) {
        return kmalloc(size);
    }
    return may_allocate() || size <= malloc_usable_size(pointer) ? realloc(pointer, size ? size : 1)
                                                                 : NULL;
}

void kfree(void *pointer)
{
    allocated -= pointer != NULL;
    free(pointer);
}

size_t kmalloc_size(const void *pointer)
{
    return malloc_usable_size((void *)(virt_t)pointer);
}

// Pages are cut off an array, and used again as late as possible: the sanitizer sees who still uses
// them.
#define MEMORY_SIZE 0xc0000000
#define ORDERS 8

char *host_memory;

struct free_block {
    phys_t address;
    struct free_block *next;
};

static phys_t memory_used;
static struct free_block *first_free[ORDERS], **last_free[ORDERS]; // oldest first
static uint8_t page_orders[MEMORY_SIZE / PAGE_SIZE]; // of those given out: order + 1

static phys_t take_pages(unsigned order, size_t size)
{
    struct free_block *block = first_free[order];

    if (block) {
        phys_t address = block->address;
        first_free[order] = block->next;
        free(block);
        return address;
    }
    if (!host_memory) {
        host_memory =
            mmap(NULL, MEMORY_SIZE + ((size_t)PAGE_SIZE << ORDERS), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (host_memory == MAP_FAILED) {
            host_fail("no memory");
        }
        size_t unit = (size_t)PAGE_SIZE << (ORDERS - 1);
        host_memory = (char *)(((virt_t)host_memory + unit - 1) & -unit);
        memory_used = unit; // address 0 is none
    }
    phys_t start = (memory_used + size - 1) & -(phys_t)size;
    if (start + size > MEMORY_SIZE) {
        return 0;
    }
    memory_used = start + size;
    return start;
}

phys_t pmm_alloc(unsigned order, enum page_use use)
{
    size_t size = (size_t)PAGE_SIZE << order;
    phys_t address = order < ORDERS && may_allocate() ? take_pages(order, size) : 0;

    (void)use;
    if (address) {
        UNPOISON(host_memory + address, size);
        memset(host_memory + address, FRESH, size);
        page_orders[address / PAGE_SIZE] = (uint8_t)(order + 1);
        allocated++;
    }
    return address;
}

phys_t pmm_alloc_low(unsigned order, enum page_use use)
{
    return pmm_alloc(order, use);
}

void pmm_free(phys_t address)
{
    ASSERT(address < MEMORY_SIZE && address % PAGE_SIZE == 0);
    unsigned order = page_orders[address / PAGE_SIZE] - 1u;
    ASSERT(order < ORDERS);
    page_orders[address / PAGE_SIZE] = 0;
    POISON(host_memory + address, (size_t)PAGE_SIZE << order);
    struct free_block *block = malloc(sizeof(*block));
    if (!block) {
        host_fail("no memory");
    }
    *block = (struct free_block){.address = address};
    if (!first_free[order]) {
        last_free[order] = &first_free[order];
    }
    *last_free[order] = block;
    last_free[order] = &block->next;
    allocated--;
}

size_t pmm_free_pages(void)
{
    return 32768; // 128 MiB
}

size_t pmm_usable_pages(void)
{
    return 32768;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t object_size)
{
    cache->name = name;
    cache->object_size = object_size;
}

void *slab_alloc(struct slab_cache *cache)
{
    return kmalloc(cache->object_size);
}

void slab_free(struct slab_cache *cache, void *object)
{
    (void)cache;
    kfree(object);
}

// ---- Locks: there is one thread ----

#define LOCKS 8

static const struct mutex *locked[LOCKS];
static unsigned locked_count;
static unsigned spinlocks;

bool host_unlocked(void)
{
    return locked_count == 0 && spinlocks == 0;
}

bool mutex_held(const struct mutex *mutex)
{
    for (unsigned i = 0; i < locked_count; i++) {
        if (locked[i] == mutex) {
            return true;
        }
    }
    return false;
}

void mutex_lock(struct mutex *mutex)
{
    ASSERT(!mutex_held(mutex) && locked_count < LOCKS && spinlocks == 0);
    locked[locked_count++] = mutex;
}

void mutex_unlock(struct mutex *mutex)
{
    ASSERT(mutex_held(mutex));
    unsigned i = 0;
    while (locked[i] != mutex) {
        i++;
    }
    locked[i] = locked[--locked_count];
}

void spinlock_acquire(struct spinlock *lock)
{
    ASSERT(!lock->holder);
    lock->holder = lock;
    spinlocks++;
}

void spinlock_release(struct spinlock *lock)
{
    ASSERT(lock->holder);
    lock->holder = NULL;
    spinlocks--;
}

bool spinlock_held(const struct spinlock *lock)
{
    return lock->holder;
}

unsigned spinlock_count(void)
{
    return spinlocks;
}

bool wait_sleep(struct wait_queue *queue, uint64_t deadline_ns)
{
    (void)queue;
    (void)deadline_ns;
    panic("sleep: nobody will ever wake us");
}

void wait_wake_all(struct wait_queue *queue)
{
    (void)queue;
}

// ---- Time ----

uint64_t host_time_ns;

static uint64_t host_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * CLOCK_NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_now_ns(void)
{
    return host_clock(CLOCK_MONOTONIC);
}

uint64_t rtc_now_ns(void)
{
    return host_time_ns ? host_time_ns += CLOCK_NS_PER_US : host_clock(CLOCK_REALTIME);
}

// ---- Programs' memory (chapter 10): there are none here, so nothing of theirs can be reached ----

struct address_space;
struct address_space *address_space_current;
int address_space_fault(struct address_space *space, virt_t address, int access, bool may_sleep);
size_t user_copy_bytes(void *to, const void *from, size_t size);
size_t user_zero_bytes(void *to, size_t size);
bool user_pages_short(void);
void lock_drop(const void *inode, const void *owner);

int address_space_fault(struct address_space *space, virt_t address, int access, bool may_sleep)
{
    (void)space, (void)address, (void)access, (void)may_sleep;
    return -EFAULT;
}

bool user_pages_short(void)
{
    return false;
}

size_t user_copy_bytes(void *to, const void *from, size_t size)
{
    (void)to, (void)from, (void)size;
    return 0;
}

size_t user_zero_bytes(void *to, size_t size)
{
    (void)to, (void)size;
    return 0;
}

void lock_drop(const void *inode, const void *owner)
{
    (void)inode, (void)owner; // nobody has any: those are of programs
}

// ---- What C libraries may not have ----

__attribute__((weak)) size_t strlcpy(char *destination, const char *source, size_t size)
{
    size_t length = strlen(source);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(destination, source, copied);
        destination[copied] = '\0';
    }
    return length;
}
