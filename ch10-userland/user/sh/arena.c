#include "user/sh/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE 4000 // bytes in a usual block: with its head less than a page

struct arena_block {
    struct arena_block *before;
    size_t size, used;
    _Alignas(16) char bytes[];
};

void *memory_get(size_t size)
{
    static const char text[] = "sh: out of memory\n";
    void *memory = malloc(size ? size : 1);

    if (!memory) {
        if (write(2, text, sizeof(text) - 1) < 0) {
            exit(2);
        }
        exit(2);
    }
    return memory;
}

char *memory_string(const char *string)
{
    size_t size = strlen(string) + 1;

    return memcpy(memory_get(size), string, size);
}

void *arena_get(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->last;
    void *memory;

    size = (size + 15) & ~(size_t)15;
    if (!block || block->size - block->used < size) {
        size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

        block = memory_get(sizeof(*block) + room);
        *block = (struct arena_block){.before = arena->last, .size = room};
        arena->last = block;
    }
    memory = block->bytes + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_get(arena, length + 1);

    memcpy(copy, text, length);
    return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_text(arena, string, strlen(string));
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->last, arena->last ? arena->last->used : 0};
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    while (arena->last != mark.block) {
        struct arena_block *block = arena->last;

        arena->last = block->before;
        free(block);
    }
    if (arena->last) {
        arena->last->used = mark.used;
    }
}

// Makes room for so many bytes more and a NUL.
static void grow(struct buffer *buffer, size_t more)
{
    size_t room = 2 * (buffer->length + more) + 32;
    char *text;

    if (buffer->length + more < buffer->room) {
        return;
    }
    text = arena_get(buffer->arena, room);
    if (buffer->length > 0) {
        memcpy(text, buffer->text, buffer->length);
    }
    buffer->text = text;
    buffer->room = room;
}

void buffer_add(struct buffer *buffer, const char *text, size_t length)
{
    grow(buffer, length);
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = '\0';
}

void buffer_put(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

char *buffer_string(struct buffer *buffer)
{
    grow(buffer, 0);
    buffer->text[buffer->length] = '\0';
    return buffer->text;
}
