// <alloca.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_ALLOCA_H
#define RUNG_USER_INCLUDE_ALLOCA_H

#define alloca(size) __builtin_alloca(size)

#endif
