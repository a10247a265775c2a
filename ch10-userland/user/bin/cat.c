// cat: files one after the other.
#include "user/libc/command.h"

#include <string.h>
#include <unistd.h>

struct cat {
    struct output *out;
    bool numbers;
    bool inside; // of a line
    unsigned long line;
};

// Puts out a piece, with a number before each line.
static void number_lines(struct cat *cat, const char *bytes, size_t length)
{
    const char *end = bytes + length;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *next = newline != NULL ? newline + 1 : end;
        if (!cat->inside) {
            output_format(cat->out, "%6lu\t", ++cat->line);
        }
        output_bytes(cat->out, bytes, (size_t)(next - bytes));
        cat->inside = newline == NULL;
        bytes = next;
    }
}

static int copy(struct cat *cat, const char *path)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        return 1;
    }
    char *bytes;
    ssize_t length;
    while ((length = reader_piece(reader, &bytes)) > 0 && !output_failed(cat->out)) {
        if (cat->numbers) {
            number_lines(cat, bytes, (size_t)length);
        } else {
            output_bytes(cat->out, bytes, (size_t)length);
        }
        output_flush(cat->out); // what is typed comes back at once
    }
    reader_close(reader);
    return length < 0;
}

int main(int argc, char **argv)
{
    struct cat cat = {0};
    int option;
    while ((option = getopt(argc, argv, "nu")) != -1) {
        if (option == '?') {
            command_usage("cat [-n] [file...]");
        }
        cat.numbers |= option == 'n';
    }
    cat.out = output_open(STDOUT_FILENO);
    int status = 0;
    if (optind == argc) {
        status = copy(&cat, "-");
    }
    for (int i = optind; i < argc && !output_failed(cat.out); i++) {
        status |= copy(&cat, argv[i]);
    }
    return status | output_close(cat.out);
}
