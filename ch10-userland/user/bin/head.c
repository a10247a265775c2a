// head: the first lines, or bytes, of files.
#include "user/libc/command.h"

#include <string.h>
#include <unistd.h>

static int head(struct output *out, const char *path, int64_t count, bool bytes)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        return 1;
    }
    char *piece;
    ssize_t length;
    while (count > 0 && !output_failed(out) && (length = reader_piece(reader, &piece)) > 0) {
        const char *end = piece;
        if (bytes) {
            end += length < count ? length : count;
            count -= end - piece;
        }
        while (!bytes && count > 0 && end < piece + length) {
            const char *newline = memchr(end, '\n', (size_t)(piece + length - end));
            end = newline != NULL ? newline + 1 : piece + length;
            count -= newline != NULL;
        }
        output_bytes(out, piece, (size_t)(end - piece));
    }
    int status = reader_failed(reader);
    reader_close(reader);
    return status;
}

int main(int argc, char **argv)
{
    int64_t count = 10;
    bool bytes = false, quiet = false, headers = false;
    int option;
    // "-5" as people used to write it
    if (argc > 1 && argv[1][0] == '-' && command_number(argv[1] + 1, &count) && count >= 0) {
        argv++;
        argc--;
    }
    while ((option = getopt(argc, argv, "n:c:qv")) != -1) {
        if (option == '?') {
            command_usage("head [-qv] [-n lines | -c bytes] [file...]");
        }
        if (option == 'n' || option == 'c') {
            bytes = option == 'c';
            count = command_count(optarg, bytes ? "number of bytes" : "number of lines");
        }
        quiet |= option == 'q';
        headers |= option == 'v';
    }
    struct output *out = output_open(STDOUT_FILENO);
    char *input[] = {"-", NULL};
    char **paths = optind < argc ? argv + optind : input;
    headers = !quiet && (headers || argc - optind > 1);
    int status = 0;
    for (char **path = paths; *path != NULL && !output_failed(out); path++) {
        if (headers && (strcmp(*path, "-") == 0 || access(*path, R_OK) == 0)) {
            output_text(out, path == paths ? "==> " : "\n==> ");
            output_text(out, strcmp(*path, "-") == 0 ? "standard input" : *path);
            output_text(out, " <==\n");
        }
        output_flush(out);
        status |= head(out, *path, count, bytes);
    }
    return status | output_close(out);
}
