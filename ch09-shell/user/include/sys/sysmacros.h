// <sys/sysmacros.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_SYSMACROS_H
#define RUNG_USER_INCLUDE_SYS_SYSMACROS_H

#include <sys/types.h>

#endif
