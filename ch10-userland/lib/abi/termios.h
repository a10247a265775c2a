// A terminal's settings: the structures and values of Linux on x86-64 (POSIX, chapter 11).
#ifndef RUNG_LIB_ABI_TERMIOS_H
#define RUNG_LIB_ABI_TERMIOS_H

#include "lib/types.h"

#define NCCS 19

struct termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line; // line discipline: 0 is the one that there is
    uint8_t c_cc[NCCS]; // by VINTR and so on; 0: no such character
};

_Static_assert(sizeof(struct termios) == 36, "as TCGETS has it");

// Indices of c_cc
#define VINTR 0
#define VQUIT 1
#define VERASE 2
#define VKILL 3
#define VEOF 4
#define VTIME 5
#define VMIN 6
#define VSWTC 7
#define VSTART 8
#define VSTOP 9
#define VSUSP 10
#define VEOL 11
#define VREPRINT 12
#define VDISCARD 13
#define VWERASE 14
#define VLNEXT 15
#define VEOL2 16

// c_iflag: input
#define IGNBRK 01
#define BRKINT 02
#define IGNPAR 04
#define PARMRK 010
#define INPCK 020
#define ISTRIP 040
#define INLCR 0100
#define IGNCR 0200
#define ICRNL 0400
#define IUCLC 01000
#define IXON 02000
#define IXANY 04000
#define IXOFF 010000
#define IMAXBEL 020000
#define IUTF8 040000

// c_oflag: output
#define OPOST 01
#define OLCUC 02
#define ONLCR 04
#define OCRNL 010
#define ONOCR 020
#define ONLRET 040

// c_cflag: the line, which is as it is
#define CSIZE 060
#define CS8 060
#define CSTOPB 0100
#define CREAD 0200
#define PARENB 0400
#define PARODD 01000
#define HUPCL 02000
#define CLOCAL 04000
#define B38400 017
#define B115200 010002
#define CBAUD 010017

// c_lflag: the line discipline
#define ISIG 01
#define ICANON 02
#define XCASE 04
#define ECHO 010
#define ECHOE 020
#define ECHOK 040
#define ECHONL 0100
#define NOFLSH 0200
#define TOSTOP 0400
#define ECHOCTL 01000
#define ECHOPRT 02000
#define ECHOKE 04000
#define FLUSHO 010000
#define PENDIN 040000
#define IEXTEN 0100000

// tcsetattr
#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

// tcflush
#define TCIFLUSH 0
#define TCOFLUSH 1
#define TCIOFLUSH 2

// tcflow
#define TCOOFF 0
#define TCOON 1
#define TCIOFF 2
#define TCION 3

#endif
