// uniq: equal lines that follow each other, as one.
#include "user/libc/command.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct uniq {
    bool count, repeated, single, fold;
    struct output *out;
};

static bool equal(const struct uniq *uniq, const char *left, const char *right, size_t length)
{
    for (size_t i = 0; i < length && uniq->fold; i++) {
        if (strncasecmp(left + i, right + i, 1) != 0) {
            return false;
        }
    }
    return uniq->fold || memcmp(left, right, length) == 0;
}

static void print(struct uniq *uniq, const char *line, size_t length, unsigned long times)
{
    if (times == 0 || (uniq->repeated && times == 1) || (uniq->single && times > 1)) {
        return;
    }
    if (uniq->count) {
        output_format(uniq->out, "%7lu ", times);
    }
    output_bytes(uniq->out, line, length);
    output_char(uniq->out, '\n');
}

int main(int argc, char **argv)
{
    struct uniq uniq = {0};
    int option;
    while ((option = getopt(argc, argv, "cdiu")) != -1) {
        if (option == '?') {
            command_usage("uniq [-cdiu] [input [output]]");
        }
        uniq.count |= option == 'c';
        uniq.repeated |= option == 'd';
        uniq.fold |= option == 'i';
        uniq.single |= option == 'u';
    }
    if (argc - optind > 2) {
        warnx("extra operand '%s'", argv[optind + 2]);
        command_usage("uniq [-cdiu] [input [output]]");
    }
    struct reader *reader = reader_open(optind < argc ? argv[optind] : "-");
    int to = STDOUT_FILENO;
    if (reader == NULL) {
        return 1;
    }
    if (argc - optind == 2 && strcmp(argv[optind + 1], "-") != 0 &&
        (to = open(argv[optind + 1], O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0) {
        err(1, "%s", argv[optind + 1]);
    }
    uniq.out = output_open(to);
    char *kept = NULL, *line;
    size_t kept_length = 0, room = 0, length;
    unsigned long times = 0;
    while ((line = reader_line(reader, &length)) != NULL && !output_failed(uniq.out)) {
        if (times > 0 && length == kept_length && equal(&uniq, kept, line, length)) {
            times++;
            continue;
        }
        print(&uniq, kept, kept_length, times);
        if (length >= room) {
            room = length + 1;
            kept = must_realloc(kept, room);
        }
        memcpy(kept, line, length);
        kept_length = length;
        times = 1;
    }
    print(&uniq, kept, kept_length, times);
    int status = reader_failed(reader);
    reader_close(reader);
    free(kept);
    return status | output_close(uniq.out);
}
