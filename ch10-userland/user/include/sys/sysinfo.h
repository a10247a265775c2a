// <sys/sysinfo.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_SYSINFO_H
#define RUNG_USER_INCLUDE_SYS_SYSINFO_H

#include "lib/abi/sysinfo.h"

int sysinfo(struct sysinfo *info);

#endif
