// The chapter's lib/ on the host, beside the host's own libc: its functions that libc has too are
// called rung_memcpy and so on here, and in the objects that test_lib.py compiles.
#ifndef RUNG_TESTS_HOST_LIB_H
#define RUNG_TESTS_HOST_LIB_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *rung_memcpy(void *restrict destination, const void *restrict source, size_t size);
void *rung_memmove(void *destination, const void *source, size_t size);
void *rung_memset(void *destination, int byte, size_t size);
int rung_memcmp(const void *left, const void *right, size_t size);
void *rung_memchr(const void *memory, int byte, size_t size);
size_t rung_strlen(const char *string);
size_t rung_strnlen(const char *string, size_t limit);
int rung_strcmp(const char *left, const char *right);
int rung_strncmp(const char *left, const char *right, size_t limit);
char *rung_strchr(const char *string, int byte);
char *rung_strrchr(const char *string, int byte);
size_t rung_strlcpy(char *destination, const char *source, size_t size);
int rung_snprintf(char *buffer, size_t size, const char *text, ...);
int rung_vsnprintf(char *buffer, size_t size, const char *text, va_list arguments);

int format(void (*put)(void *context, const char *text, size_t length), void *context,
           const char *text, va_list arguments);

#endif
