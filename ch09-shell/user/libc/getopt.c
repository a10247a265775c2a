// Options of a command line.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// POSIX, getopt: no option behind the first argument that is none. Messages name the program as it
// was called.
static int complain(const char *letters, const char *text)
{
    if (opterr && letters[0] != ':') {
        dprintf(STDERR_FILENO, "%s: %s -- '%c'\n", program_state()->name, text, optopt);
    }
    return letters[0] == ':' && *text == 'o' ? ':' : '?';
}

int getopt(int count, char *const arguments[], const char *letters)
{
    const char *next = getopt_next;
    if (next == NULL || *next == '\0') {
        const char *argument = optind < count ? arguments[optind] : NULL;
        getopt_next = NULL;
        if (argument == NULL || argument[0] != '-' || argument[1] == '\0') {
            return -1;
        }
        optind++;
        if (strcmp(argument, "--") == 0) {
            return -1;
        }
        next = argument + 1;
    }
    optopt = *next++;
    getopt_next = next;
    const char *known = optopt == ':' ? NULL : strchr(letters, optopt);
    if (known == NULL) {
        return complain(letters, "invalid option");
    }
    if (known[1] == ':') { // with an argument: the rest of this one, or the next
        optarg = (char *)next;
        getopt_next = NULL;
        if (*next == '\0') {
            if (optind >= count) {
                return complain(letters, "option requires an argument");
            }
            optarg = arguments[optind++];
        }
    }
    return optopt;
}
