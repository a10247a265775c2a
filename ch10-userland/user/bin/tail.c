// tail: the last lines, or bytes, of files; with -f also what is added to the last one.
#include "user/libc/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_AT_FIRST 65536

struct tail {
    struct output *out;
    int64_t count;
    bool bytes, from_start, follow;
    off_t read; // so many bytes of the file
};

// Where the last `count` lines, or bytes, of a text start.
static size_t find_start(const struct tail *tail, const char *text, size_t length)
{
    int64_t count = tail->count;
    if (tail->bytes) {
        return (uint64_t)count < length ? length - (size_t)count : 0;
    }
    size_t start = length;
    if (count > 0 && length > 0 && text[length - 1] == '\n') {
        start--; // it ends the last line and starts none
    }
    while (start > 0 && (text[start - 1] != '\n' || --count > 0)) {
        start--;
    }
    return tail->count == 0 ? length : start;
}

// Puts out all but the first count - 1 lines or bytes.
static void print_from(struct tail *tail, struct reader *reader)
{
    int64_t skip = tail->count > 0 ? tail->count - 1 : 0;
    char *piece;
    for (ssize_t length;
         (length = reader_piece(reader, &piece)) > 0 && !output_failed(tail->out);) {
        const char *end = piece + length;
        tail->read += length;
        while (skip > 0 && piece < end) {
            const char *newline = tail->bytes ? piece : memchr(piece, '\n', (size_t)(end - piece));
            piece = (char *)(newline != NULL ? newline + 1 : end);
            skip -= newline != NULL;
        }
        output_bytes(tail->out, piece, (size_t)(end - piece));
    }
}

// Keeps the end of what comes, and puts it out when there is no more.
static void print_end(struct tail *tail, struct reader *reader)
{
    size_t used = 0, size = KEPT_AT_FIRST;
    char *kept = must_malloc(size), *piece;
    for (ssize_t length; (length = reader_piece(reader, &piece)) > 0;) {
        tail->read += length;
        if ((size_t)length > size - used) {
            size_t start = find_start(tail, kept, used);
            memmove(kept, kept + start, used - start);
            used -= start;
            while ((size_t)length > size - used || used > size / 2) {
                size *= 2;
            }
            kept = must_realloc(kept, size);
        }
        memcpy(kept + used, piece, (size_t)length);
        used += (size_t)length;
    }
    size_t start = find_start(tail, kept, used);
    output_bytes(tail->out, kept + start, used - start);
    free(kept);
}

static int print(struct tail *tail, const char *path, bool last)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        return 1;
    }
    tail->read = 0;
    tail->from_start ? print_from(tail, reader) : print_end(tail, reader);
    output_flush(tail->out);
    int status = reader_failed(reader);
    reader_close(reader);
    struct stat state;
    if (!tail->follow || !last || status != 0 || stat(path, &state) != 0) {
        return status;
    }
    // What was added since then is looked for each second.
    int descriptor = open(path, O_RDONLY);
    off_t at = lseek(descriptor, tail->read, SEEK_SET);
    char *buffer = must_malloc(KEPT_AT_FIRST);
    while (descriptor >= 0 && !output_failed(tail->out)) {
        ssize_t length = read(descriptor, buffer, KEPT_AT_FIRST);
        if (length > 0) {
            output_bytes(tail->out, buffer, (size_t)length);
            output_flush(tail->out);
            at += length;
            continue;
        }
        if (fstat(descriptor, &state) == 0 && state.st_size < at) {
            at = lseek(descriptor, 0, SEEK_SET); // it was cut: it starts anew
        }
        sleep(1);
    }
    free(buffer);
    return 1;
}

int main(int argc, char **argv)
{
    struct tail tail = {.count = 10};
    const char *usage = "tail [-fqv] [-n [+]lines | -c [+]bytes] [file...]";
    bool names = false, no_names = false;
    int option;
    if (argc > 1 && argv[1][0] == '-' && command_number(argv[1] + 1, &tail.count) &&
        tail.count >= 0) {
        argv++;
        argc--;
    }
    while ((option = getopt(argc, argv, "fn:c:qv")) != -1) {
        if (option == '?') {
            command_usage(usage);
        }
        if (option == 'n' || option == 'c') {
            tail.bytes = option == 'c';
            tail.from_start = *optarg == '+';
            tail.count = command_count(optarg + (*optarg == '-' || *optarg == '+'),
                                       tail.bytes ? "number of bytes" : "number of lines");
        }
        tail.follow |= option == 'f';
        names = option == 'v' || (names && option != 'q');
        no_names = option == 'q' || (no_names && option != 'v');
    }
    tail.out = output_open(STDOUT_FILENO);
    char *input[] = {"-", NULL};
    char **paths = optind < argc ? argv + optind : input;
    int status = 0;
    for (char **path = paths; *path != NULL && !output_failed(tail.out); path++) {
        if (names || (argc - optind > 1 && !no_names)) {
            output_text(tail.out, path == paths ? "==> " : "\n==> ");
            output_text(tail.out, strcmp(*path, "-") == 0 ? "standard input" : *path);
            output_text(tail.out, " <==\n");
            output_flush(tail.out);
        }
        status |= print(&tail, *path, path[1] == NULL);
    }
    return status | output_close(tail.out);
}
