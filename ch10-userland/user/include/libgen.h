// <libgen.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_LIBGEN_H
#define RUNG_USER_INCLUDE_LIBGEN_H

// Both may write into the path, and return a part of it or a constant.
char *basename(char *path);
char *dirname(char *path);

#endif
