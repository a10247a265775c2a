// The terminal: a line discipline between the keys (keyboard and serial port alike) and the
// programs that read them, with job control; POSIX, chapter 11, "General Terminal Interface".
//
// There is one terminal, under the names /dev/console and /dev/ttyS0; /dev/tty is the caller's own.
// A session whose first process has none gets it by ioctl TIOCSCTTY, and then says by TIOCSPGRP who
// is in the foreground: that group gets the signals of Ctrl-C and its like.
#ifndef RUNG_KERNEL_TTY_H
#define RUNG_KERNEL_TTY_H

#include "lib/types.h"

// Adds the devices console, tty and ttyS0. While somebody has one of them open, input goes there
// and not to input_read; what was typed before comes first. Called once by kmain, after devfs_init.
void tty_init(void);

#endif
