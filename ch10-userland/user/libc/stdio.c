// Reading and writing streams by bytes, lines and blocks.
#include "lib/printf.h"
#include "user/libc/stream.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict file)
{
    char *to = buffer;
    size_t left;
    if (size == 0 || __builtin_mul_overflow(size, count, &left)) {
        return 0;
    }
    while (left > 0 && stream_fill(file)) {
        size_t have = file->end - file->start, part = have < left ? have : left;
        memcpy(to, file->buffer + file->start, part);
        file->start += part;
        to += part;
        left -= part;
    }
    return (size_t)(to - (char *)buffer) / size;
}

size_t fwrite(const void *restrict buffer, size_t size, size_t count, FILE *restrict file)
{
    size_t all;
    if (size == 0 || __builtin_mul_overflow(size, count, &all)) {
        return 0;
    }
    return stream_write(file, buffer, all) / size;
}

int fgetc(FILE *file)
{
    return stream_fill(file) ? (unsigned char)file->buffer[file->start++] : EOF;
}

int getc(FILE *file)
{
    return fgetc(file);
}

int getchar(void)
{
    return fgetc(stdin);
}

int ungetc(int byte, FILE *file)
{
    if (byte == EOF || file->writing || !file->readable || !stream_choose(file)) {
        return EOF;
    }
    if (file->start == file->end) {
        file->start = file->end = UNGET_MAX;
    }
    if (file->start == 0) {
        return EOF;
    }
    file->buffer[--file->start] = (char)byte;
    file->at_end = false;
    return (unsigned char)byte;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int end, FILE *restrict file)
{
    size_t length = 0;
    bool ended = false;
    if (*line == NULL) {
        *size = 0;
    }
    while (!ended && stream_fill(file)) {
        const char *from = file->buffer + file->start;
        size_t have = file->end - file->start;
        const char *found = memchr(from, end, have);
        ended = found != NULL;
        size_t part = ended ? (size_t)(found + 1 - from) : have;
        if (length + part >= *size) {
            size_t larger = length + part + 1 < 2 * *size ? 2 * *size : length + part + 1;
            char *moved = realloc(*line, larger);
            if (moved == NULL) {
                return -1;
            }
            *line = moved;
            *size = larger;
        }
        memcpy(*line + length, from, part);
        length += part;
        file->start += part;
    }
    if (length == 0 || file->failed) {
        return -1;
    }
    (*line)[length] = '\0';
    return (ssize_t)length;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict file)
{
    return getdelim(line, size, '\n', file);
}

char *fgets(char *restrict line, int size, FILE *restrict file)
{
    char *to = line;
    bool ended = false;
    if (size <= 0) {
        return NULL;
    }
    for (size_t room = (size_t)size - 1; room > 0 && !ended && stream_fill(file);) {
        const char *from = file->buffer + file->start;
        size_t have = file->end - file->start;
        size_t part = have < room ? have : room;
        const char *found = memchr(from, '\n', part);
        ended = found != NULL;
        part = ended ? (size_t)(found + 1 - from) : part;
        to = (char *)memcpy(to, from, part) + part;
        file->start += part;
        room -= part;
    }
    if ((to == line && size > 1) || file->failed) {
        return NULL;
    }
    *to = '\0';
    return line;
}

int fputc(int byte, FILE *file)
{
    char text = (char)byte;
    return stream_write(file, &text, 1) == 1 ? (unsigned char)byte : EOF;
}

int putc(int byte, FILE *file)
{
    return fputc(byte, file);
}

int putchar(int byte)
{
    return fputc(byte, stdout);
}

int fputs(const char *restrict text, FILE *restrict file)
{
    size_t length = strlen(text);
    return stream_write(file, text, length) == length ? 0 : EOF;
}

int puts(const char *text)
{
    return fputs(text, stdout) == 0 && fputc('\n', stdout) != EOF ? 0 : EOF;
}

// ---- printf ----

#define PIECE_SIZE 256

// What a stream without a buffer gets is collected: one write, not one for each piece.
struct print {
    FILE *file;
    bool failed;
    size_t used;
    char piece[PIECE_SIZE];
};

static void print_flush(struct print *print)
{
    print->failed |= stream_write(print->file, print->piece, print->used) != print->used;
    print->used = 0;
}

static void print_put(void *context, const char *text, size_t length)
{
    struct print *print = context;
    if (print->file->buffering != STREAM_NONE) {
        print->failed |= stream_write(print->file, text, length) != length;
        return;
    }
    while (length > 0) {
        size_t room = PIECE_SIZE - print->used, part = length < room ? length : room;
        memcpy(print->piece + print->used, text, part);
        print->used += part;
        text += part;
        length -= part;
        if (print->used == PIECE_SIZE) {
            print_flush(print);
        }
    }
}

int vfprintf(FILE *file, const char *text, va_list arguments)
{
    struct print print;
    print.file = file;
    print.failed = false;
    print.used = 0;
    int length = format(print_put, &print, text, arguments);
    if (print.used > 0) {
        print_flush(&print);
    }
    return print.failed ? -1 : length;
}

int vprintf(const char *text, va_list arguments)
{
    return vfprintf(stdout, text, arguments);
}

int vsprintf(char *buffer, const char *text, va_list arguments)
{
    return vsnprintf(buffer, INT_MAX, text, arguments);
}

int vasprintf(char **text, const char *format, va_list arguments)
{
    int length = vsnprintf(NULL, 0, format, arguments);
    *text = malloc((size_t)length + 1);
    return *text != NULL ? vsnprintf(*text, (size_t)length + 1, format, arguments) : -1;
}

// The functions with "..." are those with a va_list.
#define FORWARD(call)                                                                              \
    va_list arguments;                                                                             \
    va_start(arguments, format);                                                                   \
    int result = call;                                                                             \
    va_end(arguments);                                                                             \
    return result

int printf(const char *format, ...)
{
    FORWARD(vfprintf(stdout, format, arguments));
}

int fprintf(FILE *file, const char *format, ...)
{
    FORWARD(vfprintf(file, format, arguments));
}

int sprintf(char *buffer, const char *format, ...)
{
    FORWARD(vsprintf(buffer, format, arguments));
}

int asprintf(char **text, const char *format, ...)
{
    FORWARD(vasprintf(text, format, arguments));
}
