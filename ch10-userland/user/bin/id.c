// id: who one is. There is one user so far.
#include "user/libc/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void name(char text[32], const char *what, unsigned id)
{
    snprintf(text, 32, "%s=%u%s", what, id, id == 0 ? "(root)" : "");
}

int main(int argc, char **argv)
{
    // Its other name, whoami, is `id -un`.
    bool user = argc > 0 && strlen(argv[0]) >= 6 && !strcmp(strchr(argv[0], 0) - 6, "whoami");
    bool group = false, names = user;
    int option;
    while ((option = getopt(argc, argv, "gGnu")) != -1) {
        if (option == '?') {
            command_usage("id [-u | -g | -G] [-n]");
        }
        user |= option == 'u';
        group |= option == 'g' || option == 'G'; // it is in no other
        names |= option == 'n';
    }
    unsigned id = user ? geteuid() : getegid();
    if (user || group) {
        dprintf(STDOUT_FILENO, names && id == 0 ? "root\n" : "%u\n", id);
        return 0;
    }
    char uid[32], gid[32], groups[32];
    name(uid, "uid", geteuid());
    name(gid, "gid", getegid());
    name(groups, "groups", getegid());
    dprintf(STDOUT_FILENO, "%s %s %s\n", uid, gid, groups);
    return 0;
}
