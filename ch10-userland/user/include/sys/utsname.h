// <sys/utsname.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_UTSNAME_H
#define RUNG_USER_INCLUDE_SYS_UTSNAME_H

#include "lib/abi/utsname.h"

int uname(struct utsname *name);

#endif
