// <sys/ioctl.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_IOCTL_H
#define RUNG_USER_INCLUDE_SYS_IOCTL_H

#include "lib/abi/ioctl.h"
#include "lib/abi/termios.h"

// The third argument is a pointer, or nothing.
int ioctl(int descriptor, unsigned long request, ...);

#endif
