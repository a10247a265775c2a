// What a program has for itself beside the variables of POSIX: errno, its name.
#ifndef RUNG_USER_INCLUDE_PROGRAM_H
#define RUNG_USER_INCLUDE_PROGRAM_H

struct program_state {
    int error; // errno
    const char *name; // argv[0] without its folder, for messages
};

// The running program's.
struct program_state *program_state(void);

#endif
