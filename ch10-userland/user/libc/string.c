// Strings: what lib/string.h has not.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *stpcpy(char *restrict destination, const char *restrict source)
{
    size_t length = strlen(source);
    return (char *)memcpy(destination, source, length + 1) + length;
}

char *strcpy(char *restrict destination, const char *restrict source)
{
    stpcpy(destination, source);
    return destination;
}

char *strncpy(char *restrict destination, const char *restrict source, size_t size)
{
    size_t length = strnlen(source, size);
    memcpy(destination, source, length);
    memset(destination + length, '\0', size - length);
    return destination;
}

char *strcat(char *restrict destination, const char *restrict source)
{
    stpcpy(destination + strlen(destination), source);
    return destination;
}

char *strncat(char *restrict destination, const char *restrict source, size_t limit)
{
    char *end = destination + strlen(destination);
    size_t length = strnlen(source, limit);
    memcpy(end, source, length);
    end[length] = '\0';
    return destination;
}

size_t strlcat(char *destination, const char *source, size_t size)
{
    size_t length = strnlen(destination, size);
    return length + strlcpy(destination + length, source, size - length);
}

char *strndup(const char *string, size_t limit)
{
    size_t length = strnlen(string, limit);
    char *copy = malloc(length + 1);
    if (copy != NULL) {
        memcpy(copy, string, length);
        copy[length] = '\0';
    }
    return copy;
}

char *strdup(const char *string)
{
    return strndup(string, SIZE_MAX);
}

char *strchrnul(const char *string, int byte)
{
    char *found = strchr(string, byte);
    return found != NULL ? found : (char *)string + strlen(string);
}

void *memrchr(const void *memory, int byte, size_t size)
{
    const uint8_t *bytes = memory;
    while (size-- > 0) {
        if (bytes[size] == (uint8_t)byte) {
            return (void *)(bytes + size);
        }
    }
    return NULL;
}

void *memmem(const void *memory, size_t size, const void *part, size_t part_size)
{
    const char *at = memory, *const end = at + size;
    if (part_size == 0) {
        return (void *)at;
    }
    while ((size_t)(end - at) >= part_size) {
        at = memchr(at, *(const char *)part, (size_t)(end - at) - part_size + 1);
        if (at == NULL) {
            return NULL;
        }
        if (memcmp(at, part, part_size) == 0) {
            return (void *)at;
        }
        at++;
    }
    return NULL;
}

char *strstr(const char *string, const char *part)
{
    return memmem(string, strlen(string), part, strlen(part));
}

// The length of the part at the string's start whose bytes are, or are not, among these.
static size_t span(const char *string, const char *bytes, bool among)
{
    uint64_t set[4] = {0};
    for (; *bytes != '\0'; bytes++) {
        set[(uint8_t)*bytes / 64] |= 1ul << (uint8_t)*bytes % 64;
    }
    size_t length = 0;
    for (;; length++) {
        uint8_t byte = (uint8_t)string[length];
        if (byte == '\0' || (set[byte / 64] >> byte % 64 & 1) != among) {
            return length;
        }
    }
}

size_t strspn(const char *string, const char *bytes)
{
    return span(string, bytes, true);
}

size_t strcspn(const char *string, const char *bytes)
{
    return span(string, bytes, false);
}

char *strpbrk(const char *string, const char *bytes)
{
    const char *found = string + strcspn(string, bytes);
    return *found != '\0' ? (char *)found : NULL;
}

char *strsep(char **string, const char *separators)
{
    char *word = *string;
    if (word != NULL) {
        char *end = word + strcspn(word, separators);
        *string = *end != '\0' ? end + 1 : NULL;
        *end = '\0';
    }
    return word;
}

char *strtok_r(char *restrict string, const char *restrict separators, char **restrict rest)
{
    string = string != NULL ? string : *rest;
    string += strspn(string, separators);
    char *end = string + strcspn(string, separators);
    *rest = end + (*end != '\0');
    *end = '\0';
    return end > string ? string : NULL;
}

int strcoll(const char *left, const char *right)
{
    return strcmp(left, right);
}

int strncasecmp(const char *left, const char *right, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        int a = tolower((uint8_t)left[i]), b = tolower((uint8_t)right[i]);
        if (a != b || a == '\0') {
            return a - b;
        }
    }
    return 0;
}

int strcasecmp(const char *left, const char *right)
{
    return strncasecmp(left, right, SIZE_MAX);
}

char *strerror(int error)
{
    return (char *)errno_text(error);
}

char *strtok(char *restrict string, const char *restrict separators)
{
    static char *rest;
    return strtok_r(string, separators, &rest);
}

void *mempcpy(void *restrict destination, const void *restrict source, size_t size)
{
    return (char *)memcpy(destination, source, size) + size;
}

void *memccpy(void *restrict destination, const void *restrict source, int byte, size_t size)
{
    const char *found = memchr(source, byte, size);
    size_t part = found != NULL ? (size_t)(found + 1 - (const char *)source) : size;
    char *end = mempcpy(destination, source, part);
    return found != NULL ? end : NULL;
}

void explicit_bzero(void *memory, size_t size)
{
    memset(memory, 0, size);
    __asm__ volatile("" : : "r"(memory) : "memory"); // as if somebody read it
}

int strerror_r(int error, char *buffer, size_t size)
{
    return strlcpy(buffer, errno_text(error), size) < size ? 0 : ERANGE;
}

char *strcasestr(const char *string, const char *part)
{
    size_t length = strlen(part);
    for (;; string++) {
        if (strncasecmp(string, part, length) == 0) {
            return (char *)string;
        }
        if (*string == '\0') {
            return NULL;
        }
    }
}

size_t strxfrm(char *restrict destination, const char *restrict source, size_t size)
{
    return strlcpy(destination, source, size);
}
