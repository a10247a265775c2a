// cmp: the first byte in which two files differ, or all of them.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

// A file's bytes, one by one.
struct input {
    struct reader *reader;
    char *piece;
    ssize_t left;
};

static int next_byte(struct input *input)
{
    if (input->left <= 0) {
        input->left = reader_piece(input->reader, &input->piece);
    }
    return input->left-- > 0 ? (unsigned char)*input->piece++ : -1;
}

int main(int argc, char **argv)
{
    const char *usage = "cmp [-l | -s] file [file]";
    bool all = false, silent = false;
    int option;
    while ((option = getopt(argc, argv, "ls")) != -1) {
        if (option == '?') {
            command_usage(usage);
        }
        all |= option == 'l';
        silent |= option == 's';
    }
    const char *names[2] = {optind < argc ? argv[optind] : NULL,
                            optind + 1 < argc ? argv[optind + 1] : "-"};
    if (names[0] == NULL || argc - optind > 2) {
        warnx(names[0] == NULL ? "missing operand" : "extra operand '%s'", argv[argc - 1]);
        command_usage(usage);
    }
    struct input inputs[2] = {{0}};
    for (int i = 0; i < 2; i++) {
        inputs[i].reader = reader_open(names[i]);
        if (inputs[i].reader == NULL) {
            return 2;
        }
    }
    struct output *out = output_open(STDOUT_FILENO);
    unsigned long long at = 1, line = 1;
    int left, right, status = 0;
    while ((left = next_byte(&inputs[0])) == (right = next_byte(&inputs[1]))
               ? left >= 0
               : left >= 0 && right >= 0) {
        if (left != right) {
            status = 1;
            if (!all) {
                break;
            }
            output_format(out, "%llu %3o %3o\n", at, (unsigned)left, (unsigned)right);
        }
        at++;
        line += left == '\n';
    }
    if (reader_failed(inputs[0].reader) || reader_failed(inputs[1].reader)) {
        status = 2;
    } else if (left >= 0 && right >= 0 && !silent) {
        output_format(out, "%.200s %.200s differ: char %llu, line %llu\n", names[0], names[1], at,
                      line);
    } else if (left != right) {
        status = 1;
        if (!silent && (left < 0 || right < 0)) {
            output_flush(out);
            warnx("EOF on %s%s%llu", names[left >= 0], at == 1 ? " which is empty" : " after byte ",
                  at - 1);
        }
    }
    return output_close(out) != 0 ? 2 : status;
}
