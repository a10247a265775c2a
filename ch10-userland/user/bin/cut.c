// cut: parts of lines.
#include "user/libc/command.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct range {
    size_t first, last; // from 1
};

struct cut {
    struct range *ranges;
    size_t count;
    int mode; // b, c or f
    char delimiter;
    bool only_delimited;
    struct output *out;
};

static void parse_list(struct cut *cut, const char *text)
{
    const char *whole = text;
    const char *what = cut->mode == 'f' ? "field" : "byte or character position";
    do {
        struct range range = {1, SIZE_MAX};
        char *end = (char *)text;
        bool has_first = *text >= '0' && *text <= '9', has_last = false;
        if (has_first) {
            range.first = range.last = strtoul(text, &end, 10);
        }
        if (*end == '-') {
            text = end + 1;
            has_last = *text >= '0' && *text <= '9';
            range.last = SIZE_MAX;
            end = (char *)text;
            if (has_last) {
                range.last = strtoul(text, &end, 10);
            }
        }
        if ((*end != ',' && *end != '\0') || (!has_first && !has_last)) {
            errx(1, "invalid %s value '%s'", what, whole);
        }
        if (range.first == 0) {
            errx(1, "%ss are numbered from 1", what);
        }
        if (range.last < range.first) {
            errx(1, "invalid decreasing range");
        }
        cut->ranges = must_grow(cut->ranges, cut->count, sizeof(*cut->ranges));
        cut->ranges[cut->count++] = range;
        text = end + 1;
    } while (text[-1] == ',');
}

static bool is_selected(const struct cut *cut, size_t number)
{
    for (size_t i = 0; i < cut->count; i++) {
        if (number >= cut->ranges[i].first && number <= cut->ranges[i].last) {
            return true;
        }
    }
    return false;
}

static void cut_fields(const struct cut *cut, const char *line, size_t length)
{
    const char *end = line + length;
    if (memchr(line, cut->delimiter, length) == NULL) {
        if (!cut->only_delimited) {
            output_bytes(cut->out, line, length);
            output_char(cut->out, '\n');
        }
        return;
    }
    bool any = false;
    for (size_t number = 1;; number++) {
        const char *next = memchr(line, cut->delimiter, (size_t)(end - line));
        if (is_selected(cut, number)) {
            if (any) {
                output_char(cut->out, cut->delimiter);
            }
            output_bytes(cut->out, line, (size_t)((next != NULL ? next : end) - line));
            any = true;
        }
        if (next == NULL) {
            break;
        }
        line = next + 1;
    }
    output_char(cut->out, '\n');
}

static int cut_file(const struct cut *cut, const char *path)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        return 1;
    }
    size_t length;
    for (char *line; (line = reader_line(reader, &length)) != NULL && !output_failed(cut->out);) {
        if (cut->mode == 'f') {
            cut_fields(cut, line, length);
            continue;
        }
        for (size_t i = 0; i < length; i++) {
            if (is_selected(cut, i + 1)) {
                output_char(cut->out, line[i]);
            }
        }
        output_char(cut->out, '\n');
    }
    int status = reader_failed(reader);
    reader_close(reader);
    return status;
}

int main(int argc, char **argv)
{
    const char *usage = "cut -b list | -c list | -f list [-s] [-d delimiter] [file...]";
    struct cut cut = {.delimiter = '\t'};
    const char *list = NULL;
    int option;
    while ((option = getopt(argc, argv, "b:c:f:d:sn")) != -1) {
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'd') {
            if (strlen(optarg) > 1) {
                errx(1, "the delimiter must be a single character");
            }
            cut.delimiter = *optarg;
        } else if (option == 's') {
            cut.only_delimited = true;
        } else if (option != 'n') {
            if (list != NULL) {
                errx(1, "only one list may be specified");
            }
            cut.mode = option;
            list = optarg;
        }
    }
    if (list == NULL) {
        warnx("you must specify a list of bytes, characters, or fields");
        command_usage(usage);
    }
    parse_list(&cut, list);
    cut.out = output_open(STDOUT_FILENO);
    int status = optind == argc ? cut_file(&cut, "-") : 0;
    for (int i = optind; i < argc; i++) {
        status |= cut_file(&cut, argv[i]);
    }
    return status | output_close(cut.out);
}
