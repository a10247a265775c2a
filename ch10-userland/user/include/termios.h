// <termios.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_TERMIOS_H
#define RUNG_USER_INCLUDE_TERMIOS_H

#include "lib/abi/termios.h"

#include <sys/types.h>

int tcgetattr(int descriptor, struct termios *settings);
int tcsetattr(int descriptor, int when, const struct termios *settings);
int tcflush(int descriptor, int queue);
int tcdrain(int descriptor);
void cfmakeraw(struct termios *settings);

#endif
