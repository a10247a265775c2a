// Bytes from keyboard and serial port on their way to whoever reads: one queue for all.
#ifndef RUNG_KERNEL_DEV_INPUT_H
#define RUNG_KERNEL_DEV_INPUT_H

#include "lib/types.h"

#define INPUT_QUEUE_SIZE 1024
#define INPUT_ROOM_LOW 64 // a sender may go on for so many bytes after it was asked to wait

// Puts all of a key's or port's bytes into the queue, or none of them: returns false and counts an
// overflow when there is no room. Called with interrupts off (by interrupt handlers).
bool input_put(const char *bytes, size_t count);

// Counts an overflow of bytes that were lost before they came here. Any context.
void input_count_overflow(void);

// Free bytes in the queue. Any context.
size_t input_room(void);

// Asks for `resume` to be called (interrupts off) when the queue, having had room for at most
// INPUT_ROOM_LOW bytes, has been emptied to a half: a port that held its sender back lets it go on.
// One port at most (ASSERTed).
void input_on_room(void (*resume)(void));

// Takes the next byte, waiting for one. Sleeps; interrupts on.
char input_read(void);

// How many put operations found no room since boot. Any context.
unsigned input_overflows(void);

// Who gets the input instead of the queue. Both functions are called with interrupts off.
struct input_sink {
    bool (*put)(const char *bytes, size_t count); // false: no room, nothing was taken
    size_t (*room)(void); // bytes
};

// Lets a sink have what comes from now on, and first what is in the queue; NULL: the queue again.
// Any context.
void input_set_sink(const struct input_sink *sink);

// Tells that the sink has room again (see input_on_room). Called with interrupts off.
void input_made_room(void);

#endif
