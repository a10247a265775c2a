// pwd: the directory it was started in.
#include "user/libc/command.h"

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH_SIZE 4096

int main(void)
{
    char *path = must_malloc(PATH_SIZE);
    if (getcwd(path, PATH_SIZE) == NULL) {
        err(1, "cannot tell");
    }
    struct output *out = output_open(STDOUT_FILENO);
    output_text(out, path);
    output_char(out, '\n');
    free(path);
    return output_close(out);
}
