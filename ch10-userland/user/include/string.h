// <string.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_STRING_H
#define RUNG_USER_INCLUDE_STRING_H

#include "lib/string.h"

char *strcpy(char *restrict destination, const char *restrict source);
char *strncpy(char *restrict destination, const char *restrict source, size_t size);
char *stpcpy(char *restrict destination, const char *restrict source);
char *strcat(char *restrict destination, const char *restrict source);
char *strncat(char *restrict destination, const char *restrict source, size_t limit);
size_t strlcat(char *destination, const char *source, size_t size);
char *strdup(const char *string);
char *strndup(const char *string, size_t limit);
char *strstr(const char *string, const char *part);
char *strchrnul(const char *string, int byte);
void *memrchr(const void *memory, int byte, size_t size);
void *memmem(const void *memory, size_t size, const void *part, size_t part_size);
size_t strspn(const char *string, const char *bytes);
size_t strcspn(const char *string, const char *bytes);
char *strpbrk(const char *string, const char *bytes);
char *strtok_r(char *restrict string, const char *restrict separators, char **restrict rest);
char *strsep(char **string, const char *separators);
int strcoll(const char *left, const char *right); // strcmp: there is one locale, C
int strcasecmp(const char *left, const char *right);
int strncasecmp(const char *left, const char *right, size_t limit);
const char *strsignal(int signal);

// errno_text, under its usual name; the text must not be changed.
char *strerror(int error);
char *strtok(char *restrict string, const char *restrict separators);
void *mempcpy(void *restrict destination, const void *restrict source, size_t size);
void *memccpy(void *restrict destination, const void *restrict source, int byte, size_t size);
void explicit_bzero(void *memory, size_t size);
int strerror_r(int error, char *buffer, size_t size);
char *strcasestr(const char *string, const char *part);
size_t strxfrm(char *restrict destination, const char *restrict source, size_t size);

#endif
