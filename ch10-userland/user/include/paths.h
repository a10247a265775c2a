// <paths.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_PATHS_H
#define RUNG_USER_INCLUDE_PATHS_H

#define _PATH_BSHELL "/bin/sh"
#define _PATH_DEFPATH "/bin"
#define _PATH_DEVNULL "/dev/null"
#define _PATH_TTY "/dev/tty"

#endif
