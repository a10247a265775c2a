// paste: lines of several files side by side; with -s those of each file.
#include "user/libc/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct paste {
    struct output *out;
    const char *delimiters; // as written: \n, \t, \\ and \0, which is none
    const char *next; // of these
};

static void put_delimiter(struct paste *paste)
{
    if (*paste->next == '\0') {
        paste->next = paste->delimiters;
    }
    char byte = *paste->next;
    if (byte == '\0') {
        return;
    }
    paste->next++;
    if (byte == '\\' && *paste->next != '\0') {
        byte = *paste->next++;
        byte = byte == 'n' ? '\n' : byte == 't' ? '\t' : byte == '0' ? '\0' : byte;
    }
    if (byte != '\0') {
        output_char(paste->out, byte);
    }
}

// One file's lines in one.
static void put_serially(struct paste *paste, struct reader *reader)
{
    size_t length;
    bool first = true;
    paste->next = paste->delimiters;
    for (char *line; (line = reader_line(reader, &length)) != NULL; first = false) {
        if (!first) {
            put_delimiter(paste);
        }
        output_bytes(paste->out, line, length);
    }
    output_char(paste->out, '\n');
}

// A line of each file; false: all have ended.
static bool put_line(struct paste *paste, struct reader **readers, int count)
{
    int pending = 0; // delimiters: nothing is put out before it is known that there is a line
    bool any = false;
    paste->next = paste->delimiters;
    for (int i = 0; i < count; i++, pending++) {
        size_t length;
        char *line = reader_line(readers[i], &length);
        if (line == NULL) {
            continue;
        }
        any = true;
        for (; pending > 0; pending--) {
            put_delimiter(paste);
        }
        output_bytes(paste->out, line, length);
    }
    for (; any && pending > 1; pending--) {
        put_delimiter(paste);
    }
    if (any) {
        output_char(paste->out, '\n');
    }
    return any;
}

int main(int argc, char **argv)
{
    struct paste paste = {.delimiters = "\t"};
    bool serially = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "d:s")) != -1) {
        if (option == '?') {
            command_usage("paste [-s] [-d delimiters] [file...]");
        } else if (option == 'd') {
            paste.delimiters = optarg;
        } else {
            serially = true;
        }
    }
    char *input[] = {"-", NULL}, **paths = optind < argc ? argv + optind : input;
    int count = optind < argc ? argc - optind : 1;
    struct reader **readers = must_malloc((size_t)count * sizeof(struct reader *));
    struct reader *standard = reader_new(STDIN_FILENO); // one, however often it is named
    for (int i = 0; i < count; i++) {
        readers[i] = strcmp(paths[i], "-") == 0 ? standard : reader_open(paths[i]);
        if (readers[i] == NULL) {
            return 1;
        }
    }
    paste.out = output_open(STDOUT_FILENO);
    for (int i = 0; i < count && serially; i++) {
        put_serially(&paste, readers[i]);
    }
    while (!serially && !output_failed(paste.out) && put_line(&paste, readers, count)) {
        continue;
    }
    for (int i = 0; i < count; i++) {
        status |= reader_failed(readers[i]);
    }
    free(readers);
    return status | output_close(paste.out);
}
