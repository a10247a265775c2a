#ifndef RUNG_USER_SYS_IOCTL_H
#define RUNG_USER_SYS_IOCTL_H

#include "lib/abi/ioctl.h"
#include "lib/abi/termios.h"

// The third argument is a pointer, or nothing.
int ioctl(int descriptor, unsigned long request, ...);

#endif
