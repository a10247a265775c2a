// A program in a kernel that has none: a function in a process of its own, with what the C library
// keeps for a program (program.h).
#ifndef RUNG_USER_LIBC_PROGRAM_START_H
#define RUNG_USER_LIBC_PROGRAM_START_H

#include "lib/types.h"

// The commands there are. The build makes the table of what the Makefile names in user/bin
// (common.mk, build/programs.c), in the order of their names; the last one's name is NULL.
extern const struct program {
    const char *name;
    int (*main)(int argc, char **argv);
} programs[];

// Starts entry(argument) as a child of the caller: it has copies of the caller's descriptors,
// directory and the like, and a fresh struct program_state (no environment). What entry returns is
// its exit code, as of exit(). The caller keeps the argument until the child has done with it.
// Returns the pid, or a negative errno.
int program_start(const char *name, int (*entry)(void *argument), void *argument);

// Makes the caller another program, as execve would: that name in `ps`, and the descriptors that
// are marked so closed. Its memory stays.
void program_become(const char *name);

// Ends the caller with a wait status, and frees its memory.
_Noreturn void program_end(int status);

#endif
