// <getopt.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_GETOPT_H
#define RUNG_USER_INCLUDE_GETOPT_H

#include <unistd.h>

#endif
