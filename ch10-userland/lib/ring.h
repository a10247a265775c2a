// A queue of bytes in an array that is used round and round.
#ifndef RUNG_LIB_RING_H
#define RUNG_LIB_RING_H

#include "lib/assert.h"
#include "lib/types.h"

struct ring {
    char *bytes;
    size_t size;
    size_t first; // index of the oldest byte
    size_t count; // bytes in the queue
};

// An empty queue in an array.
#define RING(array) {.bytes = (array), .size = sizeof(array)}

static inline size_t ring_room(const struct ring *ring)
{
    return ring->size - ring->count;
}

// Appends a byte. ASSERTs that there is room.
static inline void ring_put(struct ring *ring, char byte)
{
    ASSERT(ring->count < ring->size);
    size_t end = ring->first + ring->count++;
    ring->bytes[end < ring->size ? end : end - ring->size] = byte;
}

// Takes the oldest byte. ASSERTs that there is one.
static inline char ring_get(struct ring *ring)
{
    ASSERT(ring->count > 0);
    char byte = ring->bytes[ring->first];
    ring->first = ring->first + 1 < ring->size ? ring->first + 1 : 0;
    ring->count--;
    return byte;
}

#endif
