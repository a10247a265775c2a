// yes: the same line, for ever.
#include "user/libc/command.h"

#include <unistd.h>

int main(int argc, char **argv)
{
    struct output *out = output_open(STDOUT_FILENO);
    while (!output_failed(out)) {
        output_text(out, argc > 1 ? "" : "y");
        for (int i = 1; i < argc; i++) {
            output_text(out, argv[i]);
            output_text(out, i + 1 < argc ? " " : "");
        }
        output_char(out, '\n');
    }
    return output_close(out);
}
