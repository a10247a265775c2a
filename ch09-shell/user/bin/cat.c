// cat: files one after the other.
#include "user/libc/command.h"

#include <string.h>
#include <unistd.h>

struct cat {
    struct output *out;
    bool numbers, not_blank, squeeze, ends, tabs, visible;
    bool inside; // of a line
    int empty; // lines so far, one after the other
    unsigned long line;
};

static void put_visible(const struct cat *cat, unsigned char byte)
{
    if (cat->visible && byte >= 128) {
        output_text(cat->out, "M-");
        byte -= 128;
    }
    if (byte == '\t' ? cat->tabs : cat->visible && (byte < ' ' || byte == 127)) {
        output_char(cat->out, '^');
        byte ^= 64;
    }
    output_char(cat->out, (char)byte);
}

// Puts out a piece with what was asked for.
static void put_lines(struct cat *cat, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool blank = !cat->inside && bytes[i] == '\n';
        cat->empty += blank;
        if (blank && cat->squeeze && cat->empty > 1) {
            continue;
        }
        if (!cat->inside && cat->numbers && !(blank && cat->not_blank)) {
            output_format(cat->out, "%6lu\t", ++cat->line);
        }
        cat->inside = bytes[i] != '\n';
        if (cat->inside) {
            cat->empty = 0;
            put_visible(cat, (unsigned char)bytes[i]);
        } else {
            output_text(cat->out, cat->ends ? "$\n" : "\n");
        }
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
        if (cat->numbers || cat->squeeze || cat->ends || cat->tabs || cat->visible) {
            put_lines(cat, bytes, (size_t)length);
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
    while ((option = getopt(argc, argv, "AbeEnstTuv")) != -1) {
        if (option == '?') {
            command_usage("cat [-AbeEnstTuv] [file...]");
        }
        cat.numbers |= option == 'n' || option == 'b';
        cat.not_blank |= option == 'b';
        cat.squeeze |= option == 's';
        cat.ends |= strchr("AeE", option) != NULL;
        cat.tabs |= strchr("AtT", option) != NULL;
        cat.visible |= strchr("Aetv", option) != NULL;
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
