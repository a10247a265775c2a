// Requests of ioctl: the numbers of Linux on x86-64.
#ifndef RUNG_LIB_ABI_IOCTL_H
#define RUNG_LIB_ABI_IOCTL_H

#include "lib/types.h"

// A terminal's size: characters, and pixels where it has some.
struct winsize {
    uint16_t ws_row, ws_col;
    uint16_t ws_xpixel, ws_ypixel;
};

// A terminal's. The argument is a pointer to what stands behind the number, or that itself where it
// has no asterisk.
#define TCGETS 0x5401 // struct termios *
#define TCSETS 0x5402 // struct termios *: at once
#define TCSETSW 0x5403 // when the output is out
#define TCSETSF 0x5404 // and throws unread input away
#define TCSBRK 0x5409 // int: if not 0, waits until the output is out
#define TCXONC 0x540a // int: TCOOFF...
#define TCFLSH 0x540b // int: TCIFLUSH...
#define TIOCSCTTY 0x540e // int: 1 takes it from another session
#define TIOCGPGRP 0x540f // int *
#define TIOCSPGRP 0x5410 // int *
#define TIOCOUTQ 0x5411 // int *: bytes not yet out
#define TIOCGWINSZ 0x5413 // struct winsize *
#define TIOCSWINSZ 0x5414 // struct winsize *
#define FIONREAD 0x541b // int *: bytes that a read gets without waiting
#define TIOCNOTTY 0x5422
#define TIOCGETD 0x5424 // int *: line discipline
#define TCSBRKP 0x5425 // int
#define TIOCGSID 0x5429 // int *

// Any file's.
#define FIONBIO 0x5421 // int *: O_NONBLOCK
#define FIONCLEX 0x5450
#define FIOCLEX 0x5451

#endif
