#ifndef RUNG_USER_SYS_SYSCALL_H
#define RUNG_USER_SYS_SYSCALL_H

#include "lib/abi/syscall.h"

#endif
