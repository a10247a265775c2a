#ifndef RUNG_USER_SYS_SYSINFO_H
#define RUNG_USER_SYS_SYSINFO_H

#include "lib/abi/sysinfo.h"

int sysinfo(struct sysinfo *info);

#endif
