// echo: its arguments.
#include "user/libc/command.h"

#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct output *out = output_open(STDOUT_FILENO);
    bool newline = argc < 2 || strcmp(argv[1], "-n") != 0;
    for (int i = newline ? 1 : 2; i < argc; i++) {
        output_text(out, argv[i]);
        output_text(out, i + 1 < argc ? " " : "");
    }
    output_text(out, newline ? "\n" : "");
    return output_close(out);
}
