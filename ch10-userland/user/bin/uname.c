// uname: what system this is.
#include "user/libc/command.h"

#include <err.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *letters = "snrvm";
    bool wanted[5] = {false};
    int option;
    while ((option = getopt(argc, argv, "asnrvm")) != -1) {
        if (option == '?') {
            command_usage("uname [-asnrvm]");
        }
        for (int i = 0; i < 5; i++) {
            wanted[i] |= option == 'a' || option == letters[i];
        }
    }
    if (optind < argc) {
        warnx("extra operand '%s'", argv[optind]);
        command_usage("uname [-asnrvm]");
    }
    struct utsname name;
    if (uname(&name) != 0) {
        err(1, "cannot get system name");
    }
    const char *texts[5] = {name.sysname, name.nodename, name.release, name.version, name.machine};
    struct output *out = output_open(STDOUT_FILENO);
    bool any = memchr(wanted, true, sizeof(wanted)) != NULL;
    const char *blank = "";
    for (int i = 0; i < 5; i++) {
        if (wanted[i] || (!any && i == 0)) {
            output_text(out, blank);
            output_text(out, texts[i]);
            blank = " ";
        }
    }
    output_char(out, '\n');
    return output_close(out);
}
