#include "kernel/dev/console.h"

#include "kernel/sync/spinlock.h"
#include "lib/printf.h"
#include "lib/string.h"

static struct console_sink *sinks;

// Held while a text goes out, so that an interrupt handler's text never ends up inside another.
static struct spinlock lock = SPINLOCK("console");
static bool panic_mode;

void console_panic_mode(void)
{
    panic_mode = true;
}

bool console_in_panic(void)
{
    return panic_mode;
}

static void acquire(void)
{
    if (!panic_mode) {
        spinlock_acquire(&lock);
    }
}

static void release(void)
{
    if (!panic_mode) {
        spinlock_release(&lock);
    }
}

void console_register(struct console_sink *sink)
{
    sink->next = sinks;
    sinks = sink;
}

static void write_to_sinks(const char *text, size_t length)
{
    for (struct console_sink *sink = sinks; sink != NULL; sink = sink->next) {
        sink->write(text, length);
    }
}

void console_write(const char *text, size_t length)
{
    acquire();
    write_to_sinks(text, length);
    release();
}

// The pieces of a formatted text on their way to the sinks: a device does its work at the end of
// a write (moves the cursor) once for many of them.
struct pieces {
    char text[128];
    size_t length;
};

static void flush(struct pieces *pieces)
{
    write_to_sinks(pieces->text, pieces->length);
    pieces->length = 0;
}

static void put_piece(void *context, const char *text, size_t length)
{
    struct pieces *pieces = context;

    while (length > 0) {
        size_t room = sizeof(pieces->text) - pieces->length;
        size_t taken = length < room ? length : room;

        memcpy(pieces->text + pieces->length, text, taken);
        pieces->length += taken;
        text += taken;
        length -= taken;
        if (pieces->length == sizeof(pieces->text)) {
            flush(pieces);
        }
    }
}

int kvprintf(const char *text, va_list arguments)
{
    struct pieces pieces;

    pieces.length = 0;
    acquire();
    int length = format(put_piece, &pieces, text, arguments);

    flush(&pieces);
    release();
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
