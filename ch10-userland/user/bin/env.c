// env: the environment; or a command with another one.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "+iu:")) != -1) {
        if (option == '?') {
            command_usage("env [-i] [-u name] [name=value...] [command [argument...]]");
        } else if (option == 'i') {
            clearenv();
        } else if (unsetenv(optarg) != 0) {
            err(125, "cannot unset '%s'", optarg);
        }
    }
    if (optind < argc && strcmp(argv[optind], "-") == 0) { // as -i
        clearenv();
        optind++;
    }
    for (; optind < argc && strchr(argv[optind], '=') != NULL; optind++) {
        if (putenv(argv[optind]) != 0) {
            err(125, "cannot set '%s'", argv[optind]);
        }
    }
    if (optind < argc) {
        execvp(argv[optind], argv + optind);
        int error = errno;
        warn("'%s'", argv[optind]);
        return error == ENOENT ? 127 : 126;
    }
    struct output *out = output_open(STDOUT_FILENO);
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        output_text(out, *variable);
        output_char(out, '\n');
    }
    return output_close(out);
}
