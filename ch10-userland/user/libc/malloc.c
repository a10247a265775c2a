// malloc in constant time. The heap (brk) is a row of blocks; free ones are joined with free
// neighbours at once, and stand in lists by size, with a bit for each list that is not empty. What
// is free at the end of the heap, the top, is in no list, and goes back to the kernel when it gets
// large. Very large blocks are mappings of their own.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 16ul
#define PAGE_SIZE 4096ul
#define HEAD_SIZE offsetof(struct block, next) // 16: before what malloc gives
#define SIZE_MIN sizeof(struct block) // of a block
#define MAP_MIN 0x40000ul // from this size on: a mapping
#define TOP_GROW 0x10000ul // the heap grows by this at least
#define TOP_MAX 0x40000ul // more than this is given back
#define SIZE_LIMIT 0x7fffffff0000ul // more than there are addresses

// Flags in a block's size.
#define USED 1ul
#define BEFORE_USED 2ul // the block before; if not, size_before says where it starts
#define MAPPED 4ul
#define FLAGS 15ul

// size_before lies in the block before, of whose contents it is the last part while that is used.
struct block {
    size_t size_before;
    size_t size; // with the flags; up to the next block
    struct block *next, *previous; // in a list: only of a free one
};

// Lists: 64 for each multiple of 16 below 1024, then 8 for each power of two.
#define SMALL_LIMIT 1024ul
#define LIST_COUNT (64 + 8 * 37)
#define WORD_COUNT (LIST_COUNT / 64 + 1)

static struct block *lists[LIST_COUNT];
static uint64_t filled[WORD_COUNT]; // a bit for each list: it has a block
static struct block *top; // NULL: no heap yet

static size_t size_of(const struct block *block)
{
    return block->size & ~FLAGS;
}

static struct block *behind(const struct block *block)
{
    return (struct block *)((char *)block + size_of(block));
}

static unsigned list_of(size_t size)
{
    if (size < SMALL_LIMIT) {
        return (unsigned)(size / ALIGNMENT);
    }
    unsigned power = 63 - (unsigned)__builtin_clzl(size);
    return 64 + (power - 10) * 8 + (unsigned)(size >> (power - 3) & 7);
}

static _Noreturn void corrupt(const char *what)
{
    dprintf(STDERR_FILENO, "%s: malloc: %s\n", program_state()->name, what);
    abort();
}

static void insert(struct block *block)
{
    unsigned list = list_of(size_of(block));
    block->previous = NULL;
    block->next = lists[list];
    if (block->next != NULL) {
        block->next->previous = block;
    }
    lists[list] = block;
    filled[list / 64] |= 1ul << list % 64;
}

static void take_out(struct block *block)
{
    unsigned list = list_of(size_of(block));
    if (block->next != NULL) {
        block->next->previous = block->previous;
    }
    if (block->previous != NULL) {
        block->previous->next = block->next;
    } else {
        lists[list] = block->next;
        if (block->next == NULL) {
            filled[list / 64] &= ~(1ul << list % 64);
        }
    }
}

// Finds a free block of at least this size, or NULL. The list that the size belongs to may have
// smaller ones too: in those from the next one on each will do.
static struct block *find(size_t size)
{
    unsigned list = list_of(size);
    if (lists[list] != NULL && size_of(lists[list]) >= size) {
        return lists[list];
    }
    list++;
    uint64_t word = filled[list / 64] & ~0ul << list % 64;
    for (unsigned i = list / 64;; word = filled[i]) {
        if (word != 0) {
            return lists[i * 64 + (unsigned)__builtin_ctzl(word)];
        }
        if (++i == WORD_COUNT) {
            return NULL;
        }
    }
}

// Makes the top at least size + SIZE_MIN large. Where somebody else has moved the end of the heap a
// new top starts behind that; the block between is used for ever.
static bool grow(size_t size)
{
    size_t room = top != NULL ? size_of(top) : 0;
    size_t more = size + SIZE_MIN - room;
    more = more < TOP_GROW ? TOP_GROW : (more + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    char *end = sbrk(0);
    bool goes_on = top != NULL && end == (char *)behind(top);
    if (!goes_on) {
        more += size + SIZE_MIN + PAGE_SIZE;
        more += -((uintptr_t)end + more) % PAGE_SIZE;
    }
    if (sbrk((intptr_t)more) == (void *)-1) {
        return false;
    }
    if (goes_on) {
        top->size += more;
        return true;
    }
    char *start = end + (-(uintptr_t)end) % ALIGNMENT;
    if (top != NULL && room >= 2 * SIZE_MIN) {
        top->size -= SIZE_MIN;
        struct block *last = behind(top);
        last->size_before = size_of(top);
        last->size = SIZE_MIN | USED;
        insert(top);
    } else if (top != NULL) {
        top->size |= USED;
    }
    top = (struct block *)start;
    top->size = (size_t)(end + more - start) | BEFORE_USED;
    return true;
}

// Gives the end of the heap back where that is much.
static void shrink(void)
{
    size_t size = size_of(top);
    if (size > TOP_MAX && sbrk(0) == (char *)behind(top)) {
        size_t less = (size - TOP_GROW) & ~(PAGE_SIZE - 1);
        if (sbrk(-(intptr_t)less) != (void *)-1) {
            top->size -= less;
        }
    }
}

// Makes a block free: joins it with what is free around it.
static void release(struct block *block)
{
    block->size &= ~USED; // also where it becomes a part of another: free finds that out
    if (!(block->size & BEFORE_USED)) {
        struct block *before = (struct block *)((char *)block - block->size_before);
        take_out(before);
        before->size += size_of(block);
        block = before;
    }
    struct block *next = behind(block);
    if (next == top) {
        block->size += size_of(top);
        top = block;
        shrink();
        return;
    }
    if (!(next->size & USED)) {
        take_out(next);
        block->size += size_of(next);
        next = behind(block);
    }
    next->size_before = size_of(block);
    next->size &= ~BEFORE_USED;
    insert(block);
}

// Keeps the first part of a used block, and frees the rest if that can be a block.
static void cut(struct block *block, size_t size)
{
    size_t rest = size_of(block) - size;
    if (rest < SIZE_MIN) {
        return;
    }
    block->size -= rest;
    struct block *second = behind(block);
    second->size = rest | USED | BEFORE_USED;
    release(second);
}

static void *map(size_t size)
{
    size_t whole = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    struct block *block =
        mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
        errno = ENOMEM;
        return NULL;
    }
    block->size = whole | USED | MAPPED;
    return (char *)block + HEAD_SIZE;
}

// The size of a block that holds so many bytes, the last 8 of them where the next block has its
// size_before (a mapping, behind which is nothing, does without). 0: too many.
static size_t block_size(size_t bytes)
{
    if (bytes > SIZE_LIMIT) {
        return 0;
    }
    size_t size = (bytes + sizeof(size_t) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    return size < SIZE_MIN ? SIZE_MIN : size;
}

void *malloc(size_t bytes)
{
    size_t size = block_size(bytes);
    if (size >= MAP_MIN) {
        return map(size + sizeof(size_t));
    }
    struct block *block = size > 0 ? find(size) : NULL;
    if (block != NULL) {
        take_out(block);
        block->size |= USED;
        behind(block)->size |= BEFORE_USED;
        cut(block, size);
        return (char *)block + HEAD_SIZE;
    }
    if (size == 0 || ((top == NULL || size_of(top) < size + SIZE_MIN) && !grow(size))) {
        errno = ENOMEM;
        return NULL;
    }
    block = top;
    top = (struct block *)((char *)block + size);
    top->size = (size_of(block) - size) | BEFORE_USED;
    block->size = size | USED | BEFORE_USED;
    return (char *)block + HEAD_SIZE;
}

// The block of what malloc gave.
static struct block *block_of(const void *pointer)
{
    struct block *block = (struct block *)((char *)pointer - HEAD_SIZE);
    if ((uintptr_t)pointer % ALIGNMENT != 0 || !(block->size & USED)) {
        corrupt("this was freed before, or was never allocated");
    }
    if (!(block->size & MAPPED) && !(behind(block)->size & BEFORE_USED)) {
        corrupt("somebody wrote beyond a block's end");
    }
    return block;
}

void free(void *pointer)
{
    if (pointer == NULL) {
        return;
    }
    int error = errno;
    struct block *block = block_of(pointer);
    if (block->size & MAPPED) {
        size_t offset = block->size_before;
        munmap((char *)block - offset, size_of(block) + offset);
    } else {
        release(block);
    }
    errno = error;
}

size_t malloc_usable_size(const void *pointer)
{
    if (pointer == NULL) {
        return 0;
    }
    const struct block *block = block_of(pointer);
    return size_of(block) - (block->size & MAPPED ? HEAD_SIZE : sizeof(size_t));
}

void *calloc(size_t count, size_t size)
{
    if (__builtin_mul_overflow(count, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    void *pointer = malloc(size);
    if (pointer != NULL && !(block_of(pointer)->size & MAPPED)) {
        memset(pointer, 0, size);
    }
    return pointer;
}

// Tries to make a block of the heap larger where it is.
static bool extend(struct block *block, size_t size)
{
    struct block *next = behind(block);
    size_t more = size - size_of(block);
    if (next == top) {
        if (size_of(top) < more + SIZE_MIN && (!grow(more) || behind(block) != top)) {
            return false;
        }
        size_t rest = size_of(top) - more;
        block->size += more;
        top = behind(block);
        top->size = rest | BEFORE_USED;
        return true;
    }
    if (next->size & USED || size_of(next) < more) {
        return false;
    }
    take_out(next);
    block->size += size_of(next);
    behind(block)->size |= BEFORE_USED;
    cut(block, size);
    return true;
}

void *realloc(void *pointer, size_t bytes)
{
    if (pointer == NULL) {
        return malloc(bytes);
    }
    struct block *block = block_of(pointer);
    size_t size = block_size(bytes);
    if (size == 0) {
        errno = ENOMEM;
        return NULL;
    }
    if (block->size & MAPPED) {
        size_t whole = (size + sizeof(size_t) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
        if (size >= MAP_MIN && block->size_before == 0) {
            struct block *moved = mremap(block, size_of(block), whole, MREMAP_MAYMOVE);
            if (moved == MAP_FAILED) {
                errno = ENOMEM;
                return NULL;
            }
            moved->size = whole | USED | MAPPED;
            return (char *)moved + HEAD_SIZE;
        }
    } else if (size <= size_of(block)) {
        cut(block, size);
        return pointer;
    } else if (size < MAP_MIN && extend(block, size)) {
        return pointer;
    }
    void *copy = malloc(bytes);
    if (copy != NULL) {
        size_t had = malloc_usable_size(pointer);
        memcpy(copy, pointer, had < bytes ? had : bytes);
        free(pointer);
    }
    return copy;
}

void *reallocarray(void *pointer, size_t count, size_t size)
{
    if (__builtin_mul_overflow(count, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, size);
}

// Takes more, and gives back what is before the first place that is aligned.
void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > SIZE_LIMIT / 2) {
        errno = EINVAL;
        return NULL;
    }
    if (alignment <= ALIGNMENT) {
        return malloc(bytes);
    }
    char *pointer = bytes <= SIZE_LIMIT ? malloc(bytes + alignment + SIZE_MIN) : NULL;
    if (pointer == NULL || (uintptr_t)pointer % alignment == 0) {
        errno = pointer == NULL ? ENOMEM : errno;
        return pointer;
    }
    char *aligned = pointer + SIZE_MIN;
    aligned += -(uintptr_t)aligned % alignment;
    struct block *first = block_of(pointer), *block = (struct block *)(aligned - HEAD_SIZE);
    size_t before = (size_t)(aligned - pointer);
    if (first->size & MAPPED) {
        block->size_before = before; // so that free finds the mapping's start
        block->size = (size_of(first) - before) | USED | MAPPED;
        return aligned;
    }
    block->size = (size_of(first) - before) | USED | BEFORE_USED;
    first->size -= size_of(block);
    release(first);
    cut(block, block_size(bytes));
    return aligned;
}

int posix_memalign(void **pointer, size_t alignment, size_t size)
{
    int error = errno, result = 0;
    void *block = alignment % sizeof(void *) == 0 ? aligned_alloc(alignment, size) : NULL;
    if (block != NULL) {
        *pointer = block;
    } else {
        result = alignment % sizeof(void *) == 0 ? errno : EINVAL;
    }
    errno = error;
    return result;
}
