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
typedef unsigned speed_t;
typedef unsigned tcflag_t;
typedef unsigned char cc_t;
static inline speed_t cfgetospeed(const struct termios *settings)
{
    return settings->c_cflag & CBAUD;
}
#define cfgetispeed cfgetospeed

#endif
