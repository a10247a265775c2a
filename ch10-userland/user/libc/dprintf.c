// printf to a descriptor.
#include "lib/printf.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE_SIZE 256

struct output {
    int descriptor;
    bool failed;
    size_t used;
    char piece[PIECE_SIZE];
};

static void flush(struct output *output)
{
    for (size_t done = 0; done < output->used && !output->failed;) {
        ssize_t written = write(output->descriptor, output->piece + done, output->used - done);
        output->failed = written <= 0;
        done += (size_t)written;
    }
    output->used = 0;
}

static void put(void *context, const char *text, size_t length)
{
    struct output *output = context;
    while (length > 0) {
        size_t room = PIECE_SIZE - output->used;
        size_t part = length < room ? length : room;
        memcpy(output->piece + output->used, text, part);
        output->used += part;
        text += part;
        length -= part;
        if (output->used == PIECE_SIZE) {
            flush(output);
        }
    }
}

int vdprintf(int descriptor, const char *text, va_list arguments)
{
    struct output output;
    output.descriptor = descriptor;
    output.failed = false;
    output.used = 0;
    int length = format(put, &output, text, arguments);
    flush(&output);
    return output.failed ? -1 : length;
}

int dprintf(int descriptor, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = vdprintf(descriptor, text, arguments);
    va_end(arguments);
    return length;
}
