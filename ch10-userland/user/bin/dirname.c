// dirname: a path without its last part.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

// How much of a path leads to its last part; 0: nothing does.
static size_t leading(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    while (end > 0 && path[end - 1] != '/') {
        end--;
    }
    while (end > 1 && path[end - 1] == '/') {
        end--;
    }
    return end;
}

int main(int argc, char **argv)
{
    int first = 1 + (argc > 1 && strcmp(argv[1], "--") == 0);
    if (argc == first) {
        warnx("missing operand");
        command_usage("dirname path...");
    }
    struct output *out = output_open(STDOUT_FILENO);
    for (int i = first; i < argc; i++) {
        size_t length = leading(argv[i]);
        output_bytes(out, length > 0 ? argv[i] : ".", length > 0 ? length : 1);
        output_char(out, '\n');
    }
    return output_close(out);
}
