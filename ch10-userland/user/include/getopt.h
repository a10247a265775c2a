// <getopt.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_GETOPT_H
#define RUNG_USER_INCLUDE_GETOPT_H

#include <unistd.h>

enum { no_argument, required_argument, optional_argument };

struct option {
    const char *name;
    int has_arg;
    int *flag; // gets val; NULL: val is the result
    int val;
};

int getopt_long(int count, char *const arguments[], const char *letters,
                const struct option *options, int *index);

#endif
