#ifndef RUNG_USER_SYS_UTSNAME_H
#define RUNG_USER_SYS_UTSNAME_H

#include "lib/abi/utsname.h"

int uname(struct utsname *name);

#endif
