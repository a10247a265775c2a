// Memory and string functions as in ISO C (7.24), the same in the kernel and in user programs. The
// compiler calls memcpy, memmove, memset and memcmp by itself. None of them allocates or sleeps;
// all may be called from any context.
#ifndef RUNG_LIB_STRING_H
#define RUNG_LIB_STRING_H

#include "lib/types.h"

// Copies size bytes between areas that do not overlap. Returns destination.
void *memcpy(void *restrict destination, const void *restrict source, size_t size);

// Copies size bytes; the areas may overlap. Returns destination.
void *memmove(void *destination, const void *source, size_t size);

// Fills size bytes with the low eight bits of byte. Returns destination.
void *memset(void *destination, int byte, size_t size);

// Compares size bytes as unsigned numbers: negative, 0 or positive as left is below, equal to or
// above right.
int memcmp(const void *left, const void *right, size_t size);

// The first place of byte (its low eight bits) in size bytes of memory, or NULL.
void *memchr(const void *memory, int byte, size_t size);

// The length of a string without its NUL.
size_t strlen(const char *string);

// The same, but limit when there is no NUL in the first limit bytes, beyond which nothing is read.
size_t strnlen(const char *string, size_t limit);

// Compares strings as memcmp does; the shorter of two that begin alike is the lower one.
int strcmp(const char *left, const char *right);

// The same for at most the first limit bytes of each.
int strncmp(const char *left, const char *right, size_t limit);

// The first and the last place of byte in a string, or NULL. The NUL at the end counts as part of
// the string.
char *strchr(const char *string, int byte);
char *strrchr(const char *string, int byte);

// As in BSD: copies at most size - 1 bytes, always terminates (if size > 0), and returns
// strlen(source), so that a result >= size tells that it was cut.
size_t strlcpy(char *destination, const char *source, size_t size);

#endif
