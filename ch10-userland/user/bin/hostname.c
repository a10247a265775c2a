// hostname: the machine's name.
#include "user/libc/command.h"

#include <err.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1 || argc - optind > 0) {
        command_usage("hostname");
    }
    struct utsname name;
    if (uname(&name) != 0) {
        err(1, "cannot tell");
    }
    dprintf(STDOUT_FILENO, "%s\n", name.nodename);
    return 0;
}
