// Options of a command line.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// POSIX, getopt: no option behind the first argument that is none. Messages name the program as it
// was called.
static int complain(struct program_state *state, const char *letters, const char *text)
{
    if (state->options.errors && letters[0] != ':') {
        dprintf(STDERR_FILENO, "%s: %s -- '%c'\n", state->name, text, state->options.option);
    }
    return letters[0] == ':' && *text == 'o' ? ':' : '?';
}

int getopt(int count, char *const arguments[], const char *letters)
{
    struct program_state *state = program_state();
    const char *next = state->options.next;

    if (next == NULL || *next == '\0') {
        const char *argument = optind < count ? arguments[optind] : NULL;
        state->options.next = NULL;
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
    state->options.next = next;
    const char *known = optopt == ':' ? NULL : strchr(letters, optopt);
    if (known == NULL) {
        return complain(state, letters, "invalid option");
    }
    if (known[1] == ':') { // with an argument: the rest of this one, or the next
        optarg = (char *)next;
        state->options.next = NULL;
        if (*next == '\0') {
            if (optind >= count) {
                return complain(state, letters, "option requires an argument");
            }
            optarg = arguments[optind++];
        }
    }
    return optopt;
}
