// <stdio.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STDIO_H
#define RUNG_USER_INCLUDE_STDIO_H

#include "lib/abi/fcntl.h"

#include <stdarg.h>
#include <sys/types.h>

#define EOF (-1)
#define BUFSIZ 4096

// Without buffer: what is formatted goes to the descriptor in pieces of up to 256 bytes.
int dprintf(int descriptor, const char *text, ...) __attribute__((format(printf, 2, 3)));
int vdprintf(int descriptor, const char *text, va_list arguments)
    __attribute__((format(printf, 2, 0)));

// As in lib/printf.h, whose format() is behind all of them.
int snprintf(char *buffer, size_t size, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *text, va_list arguments)
    __attribute__((format(printf, 3, 0)));

void perror(const char *text);
int rename(const char *old_path, const char *new_path);
int remove(const char *path);

#endif
