// wc: counts lines, words and bytes.
#include "user/libc/command.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct counts {
    uint64_t lines, words, bytes;
};

struct wc {
    bool lines, words, bytes;
    int width;
    struct output *out;
};

static void count(struct counts *counts, const char *bytes, size_t length, bool *in_word)
{
    counts->bytes += length;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        counts->lines += byte == '\n';
        if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
            *in_word = false;
        } else if (byte > ' ' && byte < 0x7f && !*in_word) {
            *in_word = true; // what cannot be printed makes no word
            counts->words++;
        }
    }
}

static void print(const struct wc *wc, const struct counts *counts, const char *name)
{
    const struct {
        bool wanted;
        uint64_t number;
    } columns[] = {
        {wc->lines, counts->lines}, {wc->words, counts->words}, {wc->bytes, counts->bytes},
    };
    const char *blank = "";
    for (int i = 0; i < 3; i++) {
        if (columns[i].wanted) {
            output_format(wc->out, "%s%*llu", blank, wc->width,
                          (unsigned long long)columns[i].number);
            blank = " ";
        }
    }
    if (name != NULL) {
        output_char(wc->out, ' ');
        output_text(wc->out, name);
    }
    output_char(wc->out, '\n');
}

// Columns are as wide as the sum of the sizes; at least seven where one is not known before.
static int find_width(const struct wc *wc, char **paths, int count)
{
    uint64_t sum = 0;
    int least = 1;
    struct stat status;
    if (count <= 1 && wc->lines + wc->words + wc->bytes == 1) {
        return 1;
    }
    for (char **path = paths; *path != NULL; path++) {
        int failed = strcmp(*path, "-") == 0 ? fstat(STDIN_FILENO, &status) : stat(*path, &status);
        if (failed == 0 && S_ISREG(status.st_mode)) {
            sum += (uint64_t)status.st_size;
        } else if (failed == 0) {
            least = 7;
        }
    }
    char digits[24];
    int width = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)sum);
    return width > least ? width : least;
}

int main(int argc, char **argv)
{
    struct wc wc = {0};
    int option;
    while ((option = getopt(argc, argv, "lwcm")) != -1) {
        if (option == '?') {
            command_usage("wc [-lwc] [file...]");
        }
        wc.lines |= option == 'l';
        wc.words |= option == 'w';
        wc.bytes |= option == 'c' || option == 'm';
    }
    if (!wc.lines && !wc.words && !wc.bytes) {
        wc.lines = wc.words = wc.bytes = true;
    }
    char *input[] = {"-", NULL};
    char **paths = optind < argc ? argv + optind : input;
    wc.width = find_width(&wc, paths, argc - optind);
    wc.out = output_open(STDOUT_FILENO);
    struct counts total = {0};
    int status = 0;
    for (char **path = paths; *path != NULL; path++) {
        struct reader *reader = reader_open(*path);
        if (reader == NULL) {
            status = 1;
            continue;
        }
        struct counts counts = {0};
        bool in_word = false;
        char *piece;
        for (ssize_t length; (length = reader_piece(reader, &piece)) > 0;) {
            count(&counts, piece, (size_t)length, &in_word);
        }
        status |= reader_failed(reader);
        reader_close(reader);
        print(&wc, &counts, optind < argc ? *path : NULL);
        output_flush(wc.out);
        total.lines += counts.lines;
        total.words += counts.words;
        total.bytes += counts.bytes;
    }
    if (argc - optind > 1) {
        print(&wc, &total, "total");
    }
    return status | output_close(wc.out);
}
