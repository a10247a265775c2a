// <sys/syscall.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_SYSCALL_H
#define RUNG_USER_INCLUDE_SYS_SYSCALL_H

#include "lib/abi/syscall.h"

#endif
