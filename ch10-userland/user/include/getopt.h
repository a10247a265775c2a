#ifndef RUNG_USER_GETOPT_H
#define RUNG_USER_GETOPT_H

#include <unistd.h>

#endif
