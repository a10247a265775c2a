// basename: the last part of a path.
#include "user/libc/command.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int first = 1 + (argc > 1 && strcmp(argv[1], "--") == 0);
    if (argc - first < 1 || argc - first > 2) {
        argc == first ? warnx("missing operand") : warnx("extra operand '%s'", argv[first + 2]);
        command_usage("basename path [suffix]");
    }
    char *name = path_last(argv[first]);
    size_t length = strlen(name);
    if (argc - first == 2) {
        size_t suffix = strlen(argv[first + 1]);
        if (suffix < length && strcmp(name + length - suffix, argv[first + 1]) == 0) {
            name[length - suffix] = '\0';
        }
    }
    struct output *out = output_open(STDOUT_FILENO);
    output_text(out, name);
    output_char(out, '\n');
    free(name);
    return output_close(out);
}
