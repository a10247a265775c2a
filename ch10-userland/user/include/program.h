// What a program has for itself where POSIX speaks of global variables: errno, environ, getopt's.
#ifndef RUNG_USER_INCLUDE_PROGRAM_H
#define RUNG_USER_INCLUDE_PROGRAM_H

struct program_state {
    int error; // errno
    char **environment; // environ
    const char *name; // argv[0] without its folder, for messages
    struct {
        int index; // optind: 1 at the start
        int errors; // opterr: 1 at the start
        int option; // optopt
        char *argument; // optarg
        const char *next; // letter within argv[optind]; NULL: look there for an option
    } options;
};

// What a program begins with.
#define PROGRAM_STATE(program_name)                                                                \
    {                                                                                              \
        .name = (program_name), .options = {.index = 1, .errors = 1 },                             \
    }

// The running program's.
struct program_state *program_state(void);

#endif
