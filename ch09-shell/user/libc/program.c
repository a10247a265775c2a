// What a program is in this chapter: a process, its state, and its memory.
#include "kernel/fs/descriptor.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/process.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "user/libc/program_start.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

// What process_create is given. struct program_state comes first: program_state finds it there.
struct start {
    struct program_state state;
    char name[THREAD_NAME_SIZE];
    int (*entry)(void *argument);
    void *argument;
};

// A block of malloc's in its program's list.
struct block {
    struct list_node node;
    char bytes[] __attribute__((aligned(16)));
};

struct program_state *program_state(void)
{
    struct program_state *state = process_current()->argument;
    ASSERT(state);
    return state;
}

void program_end(int status)
{
    struct program_state *state = program_state();
    while (!list_empty(&state->memory)) {
        free(LIST_ENTRY(state->memory.next, struct block, node)->bytes);
    }
    process_current()->argument = NULL;
    kfree(state);
    process_exit(status);
}

static int begin(void *argument)
{
    struct start *start = argument;
    program_end(WAIT_EXITED(start->entry(start->argument)));
}

int program_start(const char *name, int (*entry)(void *argument), void *argument)
{
    struct start *start = kmalloc(sizeof(*start));
    if (!start) {
        return -ENOMEM;
    }
    *start =
        (struct start){.state = PROGRAM_STATE(start->name), .entry = entry, .argument = argument};
    strlcpy(start->name, name, sizeof(start->name));
    list_init(&start->state.memory);
    int pid = process_create(name, begin, start);
    if (pid < 0) {
        kfree(start);
    }
    return pid;
}

void program_become(const char *name)
{
    struct process *self = process_current();
    strlcpy(self->thread.name, name, sizeof(self->thread.name));
    program_state()->name = self->thread.name;
    if (self->descriptors) {
        descriptors_exec(self->descriptors);
    }
}

void _exit(int status)
{
    program_end(WAIT_EXITED(status));
}

void exit(int status)
{
    program_end(WAIT_EXITED(status));
}

// ---- Memory ----

void *malloc(size_t size)
{
    struct block *block = size <= SIZE_MAX - sizeof(*block) ? kmalloc(sizeof(*block) + size) : NULL;
    if (!block) {
        errno = ENOMEM;
        return NULL;
    }
    list_insert(&program_state()->memory, &block->node);
    return block->bytes;
}

void free(void *pointer)
{
    if (pointer) {
        struct block *block = LIST_ENTRY(pointer, struct block, bytes);
        list_remove(&block->node);
        kfree(block);
    }
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    void *memory = __builtin_mul_overflow(count, size, &bytes) ? malloc(SIZE_MAX) : malloc(bytes);
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *realloc(void *pointer, size_t size)
{
    struct block *block = pointer ? LIST_ENTRY(pointer, struct block, bytes) : NULL;
    if (!block) {
        return malloc(size);
    }
    list_remove(&block->node);
    struct block *moved =
        size <= SIZE_MAX - sizeof(*block) ? krealloc(block, sizeof(*block) + size) : NULL;
    list_insert(&program_state()->memory, moved ? &moved->node : &block->node);
    if (!moved) {
        errno = ENOMEM;
        return NULL;
    }
    return moved->bytes;
}
