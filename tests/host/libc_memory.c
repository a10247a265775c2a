// The chapter's malloc on the host: against a model, in a heap of the test's own.
#define _GNU_SOURCE
#define CASES_MAIN
#define OWN_HEAP
#include "libc.h"

#include <sys/mman.h>
#include <sys/wait.h>

SAME(malloc);
SAME(calloc);
SAME(realloc);
SAME(free);
SAME(aligned_alloc);
size_t rung_malloc_usable_size(const void *pointer);

// ---- The kernel's part ----

#define HEAP_SIZE 0x10000000ul

static char *heap, *heap_end;
static size_t heap_limit = HEAP_SIZE, mapped;

void *rung_sbrk(intptr_t increment)
{
    if (heap == NULL) {
        heap = mmap(NULL, HEAP_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        heap_end = heap;
    }
    char *old = heap_end;
    if (heap_end + increment < heap || (size_t)(heap_end + increment - heap) > heap_limit) {
        return (void *)-1;
    }
    heap_end += increment;
    // As with the kernel: what is beyond the end is not there, and zeroes when it comes back.
    size_t whole = ((size_t)(heap_end - heap) + 4095) & ~4095ul;
    mprotect(heap, whole, PROT_READ | PROT_WRITE);
    mmap(heap + whole, HEAP_SIZE - whole, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return old;
}

void *rung_mmap(void *start, size_t size, int rights, int flags, int descriptor, off_t offset)
{
    void *place =
        size < HEAP_SIZE ? mmap(start, size, rights, flags, descriptor, offset) : MAP_FAILED;
    mapped += place != MAP_FAILED ? size : 0;
    return place;
}

int rung_munmap(void *start, size_t size)
{
    mapped -= size;
    return munmap(start, size);
}

void *rung_mremap(void *start, size_t size, size_t new_size, int flags, ...)
{
    void *place = new_size < HEAP_SIZE ? mremap(start, size, new_size, flags) : MAP_FAILED;
    mapped += place != MAP_FAILED ? new_size - size : 0;
    return place;
}

// ---- The model ----

#define SLOTS 300

static struct slot {
    uint8_t *bytes;
    size_t size;
    uint8_t value; // of all bytes
} slots[SLOTS];

static void check(const struct slot *slot)
{
    for (size_t i = 0; i < slot->size; i++) {
        CHECK(slot->bytes[i] == slot->value);
    }
    CHECK(slot->bytes == NULL || rung_malloc_usable_size(slot->bytes) >= slot->size);
}

// All of what there is may be written, and it stays: so no two blocks overlap.
static void fill(struct slot *slot, void *bytes, size_t size)
{
    *slot = (struct slot){
        .bytes = bytes, .size = bytes != NULL ? size : 0, .value = (uint8_t)random_bits()};
    CHECK((uintptr_t)bytes % 16 == 0);
    if (bytes != NULL) {
        memset(bytes, slot->value, size);
    }
}

static size_t random_size(void)
{
    switch (random_below(20)) {
    case 0:
        return random_below(600000);
    case 1:
    case 2:
        return random_below(40000);
    case 3:
        return 0;
    default:
        return random_below(600);
    }
}

static void step(void)
{
    struct slot *slot = &slots[random_below(SLOTS)];
    size_t size = random_size();
    check(slot);
    if (slot->bytes == NULL) {
        if (random_below(4) == 0) {
            size_t alignment = 1ul << random_below(14);
            uint8_t *bytes = rung_aligned_alloc(alignment, size);
            CHECK((uintptr_t)bytes % alignment == 0);
            fill(slot, bytes, size);
        } else if (random_below(4) == 0) {
            uint8_t *bytes = rung_calloc(size / 8, 8);
            for (size_t i = 0; bytes != NULL && i < size / 8 * 8; i++) {
                CHECK(bytes[i] == 0);
            }
            fill(slot, bytes, size / 8 * 8);
        } else {
            fill(slot, rung_malloc(size), size);
        }
    } else if (random_below(3) == 0) {
        uint8_t *bytes = rung_realloc(slot->bytes, size);
        if (bytes == NULL) {
            return; // it is as it was
        }
        struct slot kept = {
            .bytes = bytes, .size = size < slot->size ? size : slot->size, .value = slot->value};
        check(&kept);
        fill(slot, bytes, size);
    } else {
        rung_free(slot->bytes);
        *slot = (struct slot){0};
    }
}

static void free_all(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        check(&slots[i]);
        rung_free(slots[i].bytes);
        slots[i] = (struct slot){0};
    }
}

CASE(model, "40,000 random calls: blocks are aligned, keep their contents, do not overlap, and all "
            "memory goes back")
{
    for (unsigned round = 0; round < 40000; round++) {
        step();
    }
    free_all();
    CHECK(mapped == 0);
    CHECK(heap_end - heap <= 0x60000); // what it keeps, whatever there was
}

CASE(joined, "freed neighbours are one block again: after any pattern of frees the heap serves its "
             "largest size")
{
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < SLOTS; i++) {
            fill(&slots[i], rung_malloc(1 + random_below(3000)), 1);
        }
        size_t most = (size_t)(heap_end - heap);
        for (unsigned i = 0; i < SLOTS; i++) { // in random order
            struct slot *slot = &slots[random_below(SLOTS)];
            rung_free(slot->bytes);
            *slot = (struct slot){0};
        }
        free_all();
        CHECK(heap_end - heap <= 0x60000);
        void *large = rung_malloc(0x30000);
        CHECK(large != NULL && (size_t)(heap_end - heap) <= most + 0x40000);
        rung_free(large);
    }
}

CASE(others, "somebody else moves the heap's end: no block of theirs is touched, none of ours lost")
{
    uint8_t *theirs[40];
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned round = 0; round < 500; round++) {
            step();
        }
        theirs[i] = rung_sbrk(1000);
        memset(theirs[i], 0xa5, 1000);
    }
    free_all();
    for (unsigned i = 0; i < 40; i++) {
        for (unsigned k = 0; k < 1000; k++) {
            CHECK(theirs[i][k] == 0xa5);
        }
    }
}

CASE(exhausted, "without memory, and for sizes that can't be, the answer is NULL and ENOMEM, and "
                "all else goes on")
{
    CHECK(rung_malloc(0) != NULL);
    heap_limit = 0x40000;
    unsigned failures = 0;
    for (unsigned round = 0; round < 20000; round++) {
        step();
    }
    for (void *block, *last = NULL; failures == 0; last = block) {
        block = rung_malloc(5000);
        failures += block == NULL;
        CHECK(block != NULL || (last != NULL && rung_errno == ENOMEM));
    }
    static const size_t sizes[] = {
        SIZE_MAX,         SIZE_MAX - 7,   SIZE_MAX - 15,  SIZE_MAX - 16, SIZE_MAX / 2,
        SIZE_MAX / 2 + 1, 0x7fffffff0000, 0x7fffffff0001, HEAP_SIZE};
    void *block = rung_malloc(10);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        rung_errno = 0;
        CHECK(rung_malloc(sizes[i]) == NULL && rung_errno == ENOMEM);
        CHECK(rung_realloc(block, sizes[i]) == NULL);
        CHECK(rung_aligned_alloc(4096, sizes[i]) == NULL);
        CHECK(rung_calloc(sizes[i], 16) == NULL && rung_calloc(2, sizes[i]) == NULL);
    }
    CHECK(rung_calloc(SIZE_MAX / 2 + 2, 2) == NULL);
    heap_limit = HEAP_SIZE;
    free_all();
}

static void free_twice(void)
{
    char *first = rung_malloc(100), *second = rung_malloc(100);
    rung_free(first);
    rung_free(first + 0 * (second - first));
}

static void free_twice_joined(void)
{
    char *first = rung_malloc(100), *second = rung_malloc(100), *third = rung_malloc(100);
    rung_free(first);
    rung_free(second); // becomes a part of the first
    rung_free(second + 0 * (third - second));
}

static void free_inside(void)
{
    char *block = rung_malloc(100);
    rung_free(block + 8);
}

static void write_beyond(void)
{
    char *block = rung_malloc(24), *next = rung_malloc(24);
    memset(block, 0, (size_t)(next - block));
    rung_free(block);
}

CASE(misuse, "what is freed twice, from its middle, or after somebody wrote beyond its end, stops "
             "the program")
{
    static void (*const ways[])(void) = {free_twice, free_twice_joined, free_inside, write_beyond};
    for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            ways[i]();
            _exit(0);
        }
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == 6);
    }
}
