#ifndef RUNG_USER_SYS_SYSMACROS_H
#define RUNG_USER_SYS_SYSMACROS_H

#include <sys/types.h>

#endif
