// tr: other characters for some, or none.
#include "user/libc/command.h"

#include <ctype.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Characters in their order.
struct set {
    unsigned char *bytes;
    size_t count;
};

static void add(struct set *set, int byte)
{
    set->bytes = must_grow(set->bytes, set->count, 1);
    set->bytes[set->count++] = (unsigned char)byte;
}

// One character, which may be written as \n, \\ or \012.
static int parse_byte(const char **text)
{
    int byte = (unsigned char)*(*text)++;
    if (byte != '\\' || **text == '\0') {
        return byte;
    }
    if (**text >= '0' && **text <= '7') {
        byte = 0;
        for (int i = 0; i < 3 && **text >= '0' && **text <= '7' && byte < 32; i++) {
            byte = byte * 8 + *(*text)++ - '0';
        }
        return byte;
    }
    const char *letters = "abfnrtv", *values = "\a\b\f\n\r\t\v";
    byte = (unsigned char)*(*text)++;
    const char *letter = strchr(letters, byte);
    return letter != NULL ? values[letter - letters] : byte;
}

// "[:name:]": adds its characters. False: there is no such thing here.
static bool parse_class(struct set *set, const char **text)
{
    const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {
        {"[:alnum:]", isalnum}, {"[:alpha:]", isalpha}, {"[:blank:]", isblank},
        {"[:cntrl:]", iscntrl}, {"[:digit:]", isdigit}, {"[:graph:]", isgraph},
        {"[:lower:]", islower}, {"[:print:]", isprint}, {"[:punct:]", ispunct},
        {"[:space:]", isspace}, {"[:upper:]", isupper}, {"[:xdigit:]", isxdigit},
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t length = strlen(classes[i].name);
        if (strncmp(*text, classes[i].name, length) == 0) {
            for (int byte = 0; byte < 256; byte++) {
                if (classes[i].is(byte)) {
                    add(set, byte);
                }
            }
            *text += length;
            return true;
        }
    }
    const char *end = (*text)[1] == ':' ? strstr(*text + 2, ":]") : NULL;
    if (end != NULL) {
        errx(1, "invalid character class '%.*s'", (int)(end - *text - 2), *text + 2);
    }
    return false;
}

static struct set parse_set(const char *text)
{
    struct set set = {0};
    while (*text != '\0') {
        if (*text == '[' && parse_class(&set, &text)) {
            continue;
        }
        const char *start = text;
        int low = parse_byte(&text), high = low;
        if (text[0] == '-' && text[1] != '\0') {
            text++;
            high = parse_byte(&text);
        }
        if (high < low) {
            errx(1, "range-endpoints of '%.*s' are in reverse collating sequence order",
                 (int)(text - start), start);
        }
        for (int byte = low; byte <= high; byte++) {
            add(&set, byte);
        }
    }
    return set;
}

// All other characters.
static struct set complement(const struct set *set)
{
    struct set other = {0};
    for (int byte = 0; byte < 256; byte++) {
        if (set->count == 0 || memchr(set->bytes, byte, set->count) == NULL) {
            add(&other, byte);
        }
    }
    return other;
}

int main(int argc, char **argv)
{
    const char *usage =
        "tr [-cs] set1 set2 | tr -d [-c] set1 | tr -s [-c] set1 | tr -ds [-c] set1 set2";
    bool inverse = false, delete = false, squeeze = false;
    int option;
    while ((option = getopt(argc, argv, "cCds")) != -1) {
        if (option == '?') {
            command_usage(usage);
        }
        inverse |= option == 'c' || option == 'C';
        delete |= option == 'd';
        squeeze |= option == 's';
    }
    int count = argc - optind, wanted = delete == squeeze ? 2 : 1;
    if (count < wanted) {
        warnx(count == 0 ? "missing operand" : "missing operand after '%s'", argv[argc - 1]);
        command_usage(usage);
    }
    if (count > 2 || (count == 2 && delete &&!squeeze)) {
        warnx("extra operand '%s'", argv[argc - 1]);
        command_usage(usage);
    }
    struct set from = parse_set(argv[optind]), to = {0};
    if (inverse) {
        from = complement(&from);
    }
    unsigned char map[256];
    bool deleted[256] = {false}, squeezed[256] = {false};
    for (int i = 0; i < 256; i++) {
        map[i] = (unsigned char)i;
    }
    if (count == 2) {
        to = parse_set(argv[optind + 1]);
        if (to.count == 0 && !delete) {
            errx(1, "when not truncating set1, string2 must be non-empty");
        }
    }
    for (size_t i = 0; i < from.count; i++) {
        if (delete) {
            deleted[from.bytes[i]] = true;
        } else if (count == 2) {
            map[from.bytes[i]] = to.bytes[i < to.count ? i : to.count - 1]; // its last one goes on
        }
    }
    const struct set *repeats = count == 2 ? &to : &from;
    for (size_t i = 0; i < repeats->count && squeeze; i++) {
        squeezed[repeats->bytes[i]] = true;
    }
    struct reader *reader = reader_new(STDIN_FILENO);
    struct output *out = output_open(STDOUT_FILENO);
    int last = -1;
    char *piece;
    for (ssize_t length; (length = reader_piece(reader, &piece)) > 0 && !output_failed(out);) {
        for (ssize_t i = 0; i < length; i++) {
            unsigned char byte = (unsigned char)piece[i];
            if (deleted[byte]) {
                continue;
            }
            byte = map[byte];
            if (byte != last || !squeezed[byte]) {
                output_char(out, (char)byte);
            }
            last = byte;
        }
        output_flush(out);
    }
    int status = reader_failed(reader);
    reader_close(reader);
    return status | output_close(out);
}
