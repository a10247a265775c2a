#include "kernel/dev/console.h"

#include "lib/printf.h"
#include "lib/string.h"

static struct console_sink *sinks;

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
    write_to_sinks(text, length);
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
    int length = format(put_piece, &pieces, text, arguments);

    flush(&pieces);
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
