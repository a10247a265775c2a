#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_SIZE 4096
#define FORMAT_SIZE 512
#define READER_SIZE 4096 // at first; a longer line makes it grow

struct output {
    int descriptor;
    int error; // errno of the first write that failed
    size_t used;
    char bytes[OUTPUT_SIZE];
};

struct reader {
    int descriptor;
    bool own, at_end, failed, line_ended;
    const char *name;
    char *bytes;
    size_t start, end, size; // bytes[start..end) has been read and not been given out
};

void *must_malloc(size_t size)
{
    return must_realloc(NULL, size);
}

void *must_realloc(void *memory, size_t size)
{
    void *moved = realloc(memory, size > 0 ? size : 1);
    if (moved == NULL) {
        errx(1, "out of memory");
    }
    return moved;
}

void *must_grow(void *array, size_t count, size_t size)
{
    if ((count & (count - 1)) != 0) {
        return array; // there is room up to the next power of two
    }
    size_t room = count > 0 ? 2 * count : 1;
    if (room > SIZE_MAX / 2 / size) {
        errx(1, "out of memory");
    }
    return must_realloc(array, room * size);
}

char *must_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(must_malloc(size), text, size);
}

void command_usage(const char *text)
{
    dprintf(STDERR_FILENO, "usage: %s\n", text);
    exit(2);
}

bool command_target(int count, char *const *operands, const char *usage)
{
    if (count < 2) {
        if (count > 0) {
            warnx("missing destination file operand after '%s'", operands[0]);
        } else {
            warnx("missing file operand");
        }
        command_usage(usage);
    }
    const char *target = operands[count - 1];
    struct stat status;
    bool there = stat(target, &status) == 0, into = there && S_ISDIR(status.st_mode);
    if (!into && count > 2) {
        errno = there ? ENOTDIR : errno;
        err(1, "target '%s'", target);
    }
    return into;
}

bool command_number(const char *text, int64_t *number)
{
    bool negative = *text == '-';
    text += negative || *text == '+';
    uint64_t value = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');
        if (digit > 9 || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return false;
        }
    }
    *number = (int64_t)(negative ? -value : value);
    return value <= (uint64_t)INT64_MAX + negative;
}

int64_t command_count(const char *text, const char *what)
{
    int64_t number;
    if (!command_number(text, &number) || number < 0) {
        errx(1, "invalid %s: '%s'", what, text);
    }
    return number;
}

bool command_ask(const char *question, const char *path)
{
    char answer = '\n', byte = '\0';
    bool first = true;
    warnx("%s '%s'?", question, path);
    while (byte != '\n' && read(STDIN_FILENO, &byte, 1) == 1) {
        answer = first ? byte : answer;
        first = false;
    }
    return answer == 'y' || answer == 'Y';
}

// Takes so many digits behind a character (NUL: none).
static bool take_digits(const char **text, char before, int digits, int *value)
{
    *value = 0;
    if (before != '\0' && *(*text)++ != before) {
        return false;
    }
    for (; digits > 0 && **text >= '0' && **text <= '9'; digits--) {
        *value = *value * 10 + *(*text)++ - '0';
    }
    return digits == 0;
}

bool command_date(const char *text, int64_t *seconds)
{
    struct tm date = {0};
    if (*text == '@') {
        return command_number(text + 1, seconds);
    }
    if (!take_digits(&text, '\0', 4, &date.tm_year) || !take_digits(&text, '-', 2, &date.tm_mon) ||
        !take_digits(&text, '-', 2, &date.tm_mday)) {
        return false;
    }
    if ((*text == ' ' || *text == 'T') &&
        (!take_digits(&text, *text, 2, &date.tm_hour) ||
         !take_digits(&text, ':', 2, &date.tm_min) ||
         (*text == ':' && !take_digits(&text, ':', 2, &date.tm_sec)))) {
        return false;
    }
    date.tm_year -= 1900;
    date.tm_mon--;
    struct tm said = date;
    *seconds = timegm(&date); // which puts right what is no date
    return *text == '\0' && date.tm_mon == said.tm_mon && date.tm_mday == said.tm_mday &&
           date.tm_hour == said.tm_hour && date.tm_min == said.tm_min;
}

char *path_join(const char *directory, const char *name)
{
    size_t length = strlen(directory);
    size_t size = length + strlen(name) + 2;
    char *path = must_malloc(size);
    bool slash = length > 0 && directory[length - 1] != '/';
    snprintf(path, size, "%s%s%s", directory, slash ? "/" : "", name);
    return path;
}

char *path_last(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') {
        start--;
    }
    start -= start == end && start > 0; // the path is "/"
    char *last = must_strdup(path + start);
    last[end - start] = '\0';
    return last;
}

void size_text(char text[SIZE_TEXT], uint64_t bytes)
{
    const char *unit = "BKMGTPE";
    if (bytes < 1024) {
        snprintf(text, SIZE_TEXT, "%u", (unsigned)bytes);
        return;
    }
    // Rounded up, first to tenths of the unit and from ten on to whole ones.
    uint64_t divisor = 1;
    for (; bytes / divisor >= 1024 || bytes > 1023 * divisor; unit++) {
        divisor *= 1024;
    }
    uint64_t whole = bytes / divisor, rest = bytes % divisor;
    unsigned tenths = (unsigned)(whole * 10 + rest * 5 / (divisor / 2));
    tenths += rest * 5 % (divisor / 2) != 0;
    if (tenths < 100) {
        snprintf(text, SIZE_TEXT, "%u.%u%c", tenths / 10, tenths % 10, *unit);
    } else {
        snprintf(text, SIZE_TEXT, "%u%c", (unsigned)(whole + (rest != 0)), *unit);
    }
}

// ---- Output ----

struct output *output_open(int descriptor)
{
    struct output *output = must_malloc(sizeof(*output));
    output->descriptor = descriptor;
    output->error = 0;
    output->used = 0;
    return output;
}

// Writes all of it, or keeps the error.
static void write_all(struct output *output, const char *bytes, size_t length)
{
    while (length > 0 && output->error == 0) {
        ssize_t written = write(output->descriptor, bytes, length);
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            output->error = written == 0 ? EIO : errno;
        }
    }
}

void output_flush(struct output *output)
{
    write_all(output, output->bytes, output->used);
    output->used = 0;
}

void output_bytes(struct output *output, const void *bytes, size_t length)
{
    if (length > OUTPUT_SIZE - output->used) {
        output_flush(output);
    }
    if (length > OUTPUT_SIZE) {
        write_all(output, bytes, length);
        return;
    }
    memcpy(output->bytes + output->used, bytes, length);
    output->used += length;
}

void output_text(struct output *output, const char *text)
{
    output_bytes(output, text, strlen(text));
}

void output_char(struct output *output, char byte)
{
    output_bytes(output, &byte, 1);
}

void output_format(struct output *output, const char *format, ...)
{
    if (FORMAT_SIZE > OUTPUT_SIZE - output->used) {
        output_flush(output);
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(output->bytes + output->used, FORMAT_SIZE, format, arguments);
    va_end(arguments);
    if (length > 0) {
        output->used += (size_t)length < FORMAT_SIZE ? (size_t)length : FORMAT_SIZE - 1;
    }
}

void output_blanks(struct output *output, int count)
{
    for (; count > 0; count--) {
        output_char(output, ' ');
    }
}

bool output_failed(const struct output *output)
{
    return output->error != 0;
}

int output_close(struct output *output)
{
    output_flush(output);
    int error = output->error;
    free(output);
    if (error != 0) {
        errno = error;
        warn("write error");
    }
    return error != 0;
}

// ---- Input by lines ----

struct reader *reader_new(int descriptor)
{
    struct reader *reader = must_malloc(sizeof(*reader));
    *reader = (struct reader){.descriptor = descriptor, .name = "standard input"};
    reader->size = READER_SIZE;
    reader->bytes = must_malloc(READER_SIZE + 1);
    return reader;
}

struct reader *reader_open(const char *path)
{
    if (strcmp(path, "-") == 0) {
        return reader_new(STDIN_FILENO);
    }
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) {
        warn("%s", path);
        return NULL;
    }
    struct reader *reader = reader_new(descriptor);
    reader->own = true;
    reader->name = path;
    return reader;
}

void reader_close(struct reader *reader)
{
    if (reader->own) {
        close(reader->descriptor);
    }
    free(reader->bytes);
    free(reader);
}

// Reads more behind what is there; false at the end and after an error.
static bool fill(struct reader *reader)
{
    if (reader->at_end) {
        return false;
    }
    if (reader->start > 0) {
        memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
        reader->end -= reader->start;
        reader->start = 0;
    }
    if (reader->end == reader->size) {
        reader->size *= 2;
        reader->bytes = must_realloc(reader->bytes, reader->size + 1); // and a NUL
    }
    ssize_t length;
    do {
        length = read(reader->descriptor, reader->bytes + reader->end, reader->size - reader->end);
    } while (length < 0 && errno == EINTR);
    if (length < 0) {
        warn("%s", reader->name);
        reader->failed = true;
    }
    reader->at_end = length <= 0;
    reader->end += length > 0 ? (size_t)length : 0;
    return length > 0;
}

char *reader_line(struct reader *reader, size_t *length)
{
    size_t seen = 0; // bytes without a '\n'
    char *end;
    while ((end = memchr(reader->bytes + reader->start + seen, '\n',
                         reader->end - reader->start - seen)) == NULL) {
        seen = reader->end - reader->start;
        if (!fill(reader)) {
            break;
        }
    }
    if (end == NULL && seen == 0) {
        return NULL;
    }
    char *line = reader->bytes + reader->start;
    reader->line_ended = end != NULL;
    *length = end != NULL ? (size_t)(end - line) : seen;
    line[*length] = '\0';
    reader->start += *length + reader->line_ended;
    return line;
}

bool reader_line_ended(const struct reader *reader)
{
    return reader->line_ended;
}

ssize_t reader_piece(struct reader *reader, char **bytes)
{
    if (reader->start == reader->end && !fill(reader)) {
        return reader->failed ? -1 : 0;
    }
    *bytes = reader->bytes + reader->start;
    ssize_t length = (ssize_t)(reader->end - reader->start);
    reader->start = reader->end;
    return length;
}

bool reader_failed(const struct reader *reader)
{
    return reader->failed;
}

void mode_text(char text[11], mode_t mode)
{
    const char *types = "?pc?d?b?-?l?s???", *rights = "rwxrwxrwx";
    text[0] = types[mode >> 12 & 15];
    for (int i = 0; i < 9; i++) {
        text[i + 1] = mode >> (8 - i) & 1 ? rights[i] : '-';
    }
    if (mode & 04000) {
        text[3] = mode & 0100 ? 's' : 'S';
    }
    if (mode & 02000) {
        text[6] = mode & 010 ? 's' : 'S';
    }
    if (mode & 01000) {
        text[9] = mode & 01 ? 't' : 'T';
    }
    text[10] = '\0';
}
