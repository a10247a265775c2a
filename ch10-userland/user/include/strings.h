// <strings.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STRINGS_H
#define RUNG_USER_INCLUDE_STRINGS_H

#include <string.h>

#endif
