// The formatting core behind kprintf, snprintf and later the libc's printf. No floating point.
#ifndef RUNG_LIB_PRINTF_H
#define RUNG_LIB_PRINTF_H

#include "lib/types.h"

#include <stdarg.h>

// Formats as printf of ISO C (7.21.6.1) into a sink: put(context, text, length) is called with each
// piece, in order. Conversions d i u x X o c s p %, flags - 0 + space #, width and precision (also
// *), lengths hh h l ll z t j. %p is 0x and hexadecimal digits, %s of NULL "(null)". An unknown
// conversion is put out as it stands and takes no argument. Returns the number of bytes put, at
// most INT_MAX. Any context.
int format(void (*put)(void *context, const char *text, size_t length), void *context,
           const char *text, va_list arguments);

// As in ISO C: writes at most size bytes with the terminating NUL, returns the length that the
// whole text would have had, so a result >= size means that it was cut. With size 0 nothing is
// written and buffer may be NULL. Any context.
int snprintf(char *buffer, size_t size, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
int vsnprintf(char *buffer, size_t size, const char *text, va_list arguments)
    __attribute__((format(printf, 3, 0)));

// What stands between % and the letter of a conversion.
struct specification {
    bool left, zero, plus, space, alternate;
    bool has_precision;
    unsigned width, precision;
    unsigned size; // of the argument in bytes, by the length modifier
    bool is_long_double;
};

// Puts a floating-point number (letters a e f g A E F G) and adds the number of bytes to *count;
// false for other letters. Only programs have it (user/libc/format_floating.c): in the kernel,
// which keeps off the registers that it takes, it is NULL, and such conversions are unknown ones.
bool format_floating(void (*put)(void *context, const char *text, size_t length), void *context,
                     size_t *count, const struct specification *specification, char letter,
                     va_list *arguments) __attribute__((weak));

#endif
