#include "kernel/dev/input.h"

#include "kernel/cpu/cpu.h"
#include "kernel/sync/wait.h"
#include "lib/assert.h"
#include "lib/ring.h"

static char bytes_in_queue[INPUT_QUEUE_SIZE];
static struct ring queue = RING(bytes_in_queue);
static struct wait_queue readers = WAIT_QUEUE;
static unsigned overflows;
static void (*on_room)(void);
static bool was_low; // room, and on_room has not been called since
static const struct input_sink *input_sink;

static bool sink_put(const char *bytes, size_t count)
{
    bool taken = input_sink->put(bytes, count);
    overflows += !taken;
    was_low |= input_sink->room() <= INPUT_ROOM_LOW;
    return taken;
}

bool input_put(const char *bytes, size_t count)
{
    if (input_sink) {
        return sink_put(bytes, count);
    }
    if (count > ring_room(&queue)) {
        overflows++;
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        ring_put(&queue, bytes[i]);
    }
    if (ring_room(&queue) <= INPUT_ROOM_LOW) {
        was_low = true;
    }
    wait_wake_all(&readers);
    return true;
}

void input_count_overflow(void)
{
    overflows++;
}

size_t input_room(void)
{
    if (input_sink) {
        return input_sink->room();
    }
    return ring_room(&queue);
}

void input_on_room(void (*resume)(void))
{
    ASSERT(!on_room);
    on_room = resume;
}

char input_read(void)
{
    bool interrupts = cpu_save_interrupts(); // from the check to the taking
    wait_until(&readers, queue.count > 0);
    char byte = ring_get(&queue);
    if (was_low && queue.count <= queue.size / 2) {
        was_low = false;
        if (on_room) {
            on_room();
        }
    }
    cpu_restore_interrupts(interrupts);
    return byte;
}

unsigned input_overflows(void)
{
    return overflows;
}

void input_set_sink(const struct input_sink *sink)
{
    bool interrupts = cpu_save_interrupts();
    input_sink = sink;
    while (sink && queue.count > 0) {
        char byte = ring_get(&queue);
        sink_put(&byte, 1);
    }
    input_made_room();
    cpu_restore_interrupts(interrupts);
}

void input_made_room(void)
{
    if (was_low && input_room() >= INPUT_QUEUE_SIZE / 2) {
        was_low = false;
        if (on_room) {
            on_room();
        }
    }
}
