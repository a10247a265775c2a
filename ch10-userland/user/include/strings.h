// <strings.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STRINGS_H
#define RUNG_USER_INCLUDE_STRINGS_H

#include <string.h>

#define bzero(memory, size) ((void)memset((memory), 0, (size)))
#define bcopy(source, destination, size) ((void)memmove((destination), (source), (size)))
#define bcmp(left, right, size) memcmp((left), (right), (size))
#define index(string, byte) strchr((string), (byte))
#define rindex(string, byte) strrchr((string), (byte))
#define ffs(number) __builtin_ffs(number)

#endif
