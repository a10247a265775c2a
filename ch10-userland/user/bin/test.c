// test, [, printf: for those that start programs and are no shell. The shell knows how.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    char *const start[] = {"sh", "-c", "\"$0\" \"$@\"",
                           slash != NULL ? (char *)slash + 1 : argv[0]};
    size_t count = sizeof(start) / sizeof(start[0]), words = argc > 0 ? (size_t)argc - 1 : 0;
    char **arguments = must_malloc((count + words + 1) * sizeof(char *));
    memcpy(arguments, start, sizeof(start));
    memcpy(arguments + count, argv + 1, words * sizeof(char *));
    arguments[count + words] = NULL;
    execv("/bin/sh", arguments);
    err(2, "/bin/sh");
}
