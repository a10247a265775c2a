// more: less, that ends behind the last page.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char **arguments = must_malloc((size_t)(argc + 2) * sizeof(char *));
    arguments[0] = "less";
    arguments[1] = "-E";
    memcpy(arguments + 2, argv + (argc > 0), (size_t)(argc > 0 ? argc : 1) * sizeof(char *));
    execvp("less", arguments);
    err(1, "less");
}
