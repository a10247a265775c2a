// <sys/reboot.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_REBOOT_H
#define RUNG_USER_INCLUDE_SYS_REBOOT_H

#include "lib/abi/reboot.h"

// Ends everything: the file systems are made safe, then the machine restarts or goes off.
int reboot(int what);

#endif
