// Streams: opening and closing them, and the bytes between buffer and file.
#include "user/libc/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char input_buffer[UNGET_MAX + BUFSIZ], output_buffer[BUFSIZ];
static FILE output = {.descriptor = STDOUT_FILENO,
                      .writable = true,
                      .buffer = output_buffer,
                      .size = sizeof(output_buffer)};
static FILE errors = {.descriptor = STDERR_FILENO,
                      .writable = true,
                      .chosen = true,
                      .buffering = STREAM_NONE,
                      .next = &output};
static FILE input = {.descriptor = STDIN_FILENO,
                     .readable = true,
                     .buffer = input_buffer,
                     .size = sizeof(input_buffer),
                     .next = &errors};
static FILE *all = &input;

FILE *stdin = &input;
FILE *stdout = &output;
FILE *stderr = &errors;

// ---- Buffer and file ----

// Writes all bytes to the file: how many could be written.
static size_t put(FILE *file, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t written = write(file->descriptor, bytes + done, size - done);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            file->failed = true;
            break;
        }
        done += (size_t)written;
    }
    return done;
}

// Writes what the buffer holds. What can't be written is lost.
static int flush(FILE *file)
{
    size_t size = file->writing ? file->end : 0;
    if (size == 0) {
        return 0;
    }
    file->end = 0;
    return put(file, file->buffer, size) == size ? 0 : EOF;
}

static void flush_all(void)
{
    for (FILE *file = all; file != NULL; file = file->next) {
        flush(file);
    }
}

bool stream_choose(FILE *file)
{
    if (!file->chosen) {
        file->buffering = file->writable && isatty(file->descriptor) ? STREAM_LINE : STREAM_FULL;
        file->chosen = true;
    }
    if (file->buffer == NULL) {
        file->size = UNGET_MAX + (file->buffering == STREAM_NONE ? 1 : BUFSIZ);
        file->buffer = malloc(file->size);
        if (file->buffer == NULL) {
            file->failed = true;
            return false;
        }
        file->own_buffer = true;
    }
    return true;
}

// Makes the buffer one for writing: the file's position goes back to what has not been read yet.
static bool begin_writing(FILE *file)
{
    if (file->writing) {
        return true;
    }
    if (!file->writable || !stream_choose(file)) {
        errno = file->writable ? errno : EBADF;
        file->failed = true;
        return false;
    }
    if (file->end > file->start) {
        lseek(file->descriptor, -(off_t)(file->end - file->start), SEEK_CUR);
    }
    if (file->appending) {
        lseek(file->descriptor, 0, SEEK_END); // where write goes anyway: for ftell
    }
    file->start = file->end = 0;
    file->at_end = false;
    file->writing = true;
    stream_at_exit = flush_all;
    return true;
}

// Takes bytes into the buffer, or writes them when they are as many as fit into it.
static size_t keep(FILE *file, const char *bytes, size_t size)
{
    if (size > file->size - file->end && flush(file) != 0) {
        return 0;
    }
    if (size >= file->size) {
        return put(file, bytes, size);
    }
    memcpy(file->buffer + file->end, bytes, size);
    file->end += size;
    return size;
}

size_t stream_write(FILE *file, const char *bytes, size_t size)
{
    if (!begin_writing(file)) {
        return 0;
    }
    if (file->buffering == STREAM_NONE) {
        return put(file, bytes, size);
    }
    const char *line_end = file->buffering == STREAM_LINE ? memrchr(bytes, '\n', size) : NULL;
    size_t lines = line_end != NULL ? (size_t)(line_end + 1 - bytes) : 0;
    if (lines > 0 && (keep(file, bytes, lines) != lines || flush(file) != 0)) {
        return 0;
    }
    return lines + keep(file, bytes + lines, size - lines);
}

bool stream_fill(FILE *file)
{
    if (file->start < file->end && !file->writing) {
        return true;
    }
    if (file->descriptor < 0) {
        file->at_end = true;
        return false;
    }
    if (!file->readable || !stream_choose(file)) {
        errno = file->readable ? errno : EBADF;
        file->failed = true;
        return false;
    }
    if (file->writing && flush(file) != 0) {
        return false;
    }
    file->writing = false;
    if (output.buffering == STREAM_LINE && isatty(file->descriptor)) {
        flush(&output); // a question, before its answer is waited for
    }
    ssize_t size;
    do {
        size = read(file->descriptor, file->buffer + UNGET_MAX,
                    file->buffering == STREAM_NONE ? 1 : file->size - UNGET_MAX);
    } while (size < 0 && errno == EINTR);
    file->start = UNGET_MAX;
    file->end = UNGET_MAX + (size > 0 ? (size_t)size : 0);
    file->at_end |= size == 0;
    file->failed |= size < 0;
    return size > 0;
}

// ---- Opening and closing ----

int stream_flags(const char *mode)
{
    int flags = mode[0] == 'r'   ? O_RDONLY
                : mode[0] == 'w' ? O_WRONLY | O_CREAT | O_TRUNC
                : mode[0] == 'a' ? O_WRONLY | O_CREAT | O_APPEND
                                 : -1;
    if (flags < 0) {
        errno = EINVAL;
        return -1;
    }
    for (mode++; *mode != '\0'; mode++) {
        flags = *mode == '+' ? (flags & ~O_ACCMODE) | O_RDWR : flags;
        flags |= *mode == 'x' ? O_EXCL : *mode == 'e' ? O_CLOEXEC : 0;
    }
    return flags;
}

static void set_descriptor(FILE *file, int descriptor, int flags)
{
    file->descriptor = descriptor;
    file->readable = (flags & O_ACCMODE) != O_WRONLY;
    file->writable = (flags & O_ACCMODE) != O_RDONLY;
    file->appending = flags & O_APPEND;
    if (file->appending && !file->readable) {
        lseek(descriptor, 0, SEEK_END);
    }
}

FILE *stream_open(int descriptor, int flags)
{
    FILE *file = malloc(sizeof(*file));
    if (file != NULL) {
        *file = (FILE){.next = all};
        set_descriptor(file, descriptor, flags);
        all = file;
    }
    return file;
}

FILE *fdopen(int descriptor, const char *mode)
{
    int flags = stream_flags(mode);
    return flags >= 0 ? stream_open(descriptor, flags) : NULL;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    int flags = stream_flags(mode);
    int descriptor = flags >= 0 ? open(path, flags, 0666) : -1;
    if (descriptor < 0) {
        return NULL;
    }
    FILE *file = stream_open(descriptor, flags);
    if (file == NULL) {
        close(descriptor);
    }
    return file;
}

FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict file)
{
    int flags = stream_flags(mode);
    fflush(file);
    int descriptor = flags >= 0 ? open(path, flags, 0666) : -1;
    // The new file gets the number of the old one, so that children of the program have it too.
    if (descriptor < 0 || (descriptor != file->descriptor &&
                           dup3(descriptor, file->descriptor, flags & O_CLOEXEC) < 0)) {
        fclose(file);
        return NULL;
    }
    if (descriptor != file->descriptor) {
        close(descriptor);
    }
    set_descriptor(file, file->descriptor, flags);
    file->writing = file->at_end = file->failed = false;
    file->start = file->end = 0;
    return file;
}

int fclose(FILE *file)
{
    int result = fflush(file);
    result = close(file->descriptor) == 0 ? result : EOF;
    FILE **link = &all;
    while (*link != file) {
        link = &(*link)->next;
    }
    *link = file->next;
    if (file->own_buffer) {
        free(file->buffer);
    }
    if (file != &input && file != &output && file != &errors) {
        free(file);
    }
    return result;
}

// For a stream that was read POSIX has the file's position go back to the next unread byte.
int fflush(FILE *file)
{
    if (file == NULL) {
        int result = 0;
        for (file = all; file != NULL; file = file->next) {
            result |= flush(file);
        }
        return result;
    }
    if (!file->writing && file->end > file->start) {
        if (lseek(file->descriptor, -(off_t)(file->end - file->start), SEEK_CUR) >= 0) {
            file->start = file->end = 0;
        }
    }
    return flush(file);
}

int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size)
{
    if ((mode != _IOFBF && mode != _IOLBF && mode != _IONBF) || file->end > 0) {
        return EOF;
    }
    if (buffer != NULL && mode != _IONBF && size > UNGET_MAX) {
        if (file->own_buffer) {
            free(file->buffer);
        }
        file->own_buffer = false;
        file->buffer = buffer;
        file->size = size;
    }
    file->buffering = (enum stream_buffering)mode;
    file->chosen = true;
    return 0;
}

void setbuf(FILE *restrict file, char *restrict buffer)
{
    setvbuf(file, buffer, buffer != NULL ? _IOFBF : _IONBF, BUFSIZ);
}

void setlinebuf(FILE *file)
{
    setvbuf(file, NULL, _IOLBF, 0);
}

// ---- Where a stream is ----

int fseeko(FILE *file, off_t offset, int from)
{
    if (flush(file) != 0) {
        return -1;
    }
    if (from == SEEK_CUR && !file->writing) {
        offset -= (off_t)(file->end - file->start);
    }
    if (lseek(file->descriptor, offset, from) < 0) {
        return -1;
    }
    file->start = file->end = 0;
    file->writing = file->at_end = false;
    return 0;
}

off_t ftello(FILE *file)
{
    off_t position = lseek(file->descriptor, 0, SEEK_CUR);
    if (position < 0) {
        return -1;
    }
    return file->writing ? position + (off_t)file->end
                         : position - (off_t)(file->end - file->start);
}

int fseek(FILE *file, long offset, int from)
{
    return fseeko(file, offset, from);
}

long ftell(FILE *file)
{
    return ftello(file);
}

void rewind(FILE *file)
{
    fseeko(file, 0, SEEK_SET);
    file->failed = false;
}

int fgetpos(FILE *restrict file, fpos_t *restrict position)
{
    *position = ftello(file);
    return *position < 0 ? -1 : 0;
}

int fsetpos(FILE *file, const fpos_t *position)
{
    return fseeko(file, *position, SEEK_SET);
}

int fileno(FILE *file)
{
    return file->descriptor;
}

int feof(FILE *file)
{
    return file->at_end;
}

int ferror(FILE *file)
{
    return file->failed;
}

void clearerr(FILE *file)
{
    file->at_end = file->failed = false;
}
