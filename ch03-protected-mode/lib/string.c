// Plain C, a machine word at a time where it pays. Built with -ffreestanding, or the compiler would
// recognise the loops and replace the body of memcpy by a call of memcpy.
#include "lib/string.h"

// A word at any address: x86 reads and writes unaligned words, and this is how C may say so.
struct __attribute__((packed, may_alias)) word {
    uintptr_t value;
};

// MOVS and STOS with REP move as many words as CX says, and count as one instruction each (SDM
// vol. 2, "REP"). To start them takes the processor longer than a few turns of a loop.
#define REPEAT_MIN 64 // bytes: for fewer it doesn't pay to unroll a loop either
#ifdef __x86_64__
#define REPEAT_MOVS "rep movsq"
#define REPEAT_STOS "rep stosq"
#else
#define REPEAT_MOVS "rep movsl"
#define REPEAT_STOS "rep stosl"
#endif

// From the lowest address up: right for areas that overlap with the destination below the source.
static inline void copy_up(char *destination, const char *source, size_t size)
{
    if (size >= REPEAT_MIN) {
        size_t words = size / sizeof(struct word);
        __asm__ volatile(REPEAT_MOVS : "+D"(destination), "+S"(source), "+c"(words) : : "memory");
        size %= sizeof(struct word);
    }
#pragma clang loop unroll(disable)
    while (size >= sizeof(struct word)) {
        *(struct word *)destination = *(const struct word *)source;
        destination += sizeof(struct word);
        source += sizeof(struct word);
        size -= sizeof(struct word);
    }
#pragma clang loop unroll(disable)
    while (size-- > 0) {
        *destination++ = *source++;
    }
}

// From the highest address down: for areas that overlap the other way.
static inline void copy_down(char *destination, const char *source, size_t size)
{
    while (size >= sizeof(struct word)) {
        size -= sizeof(struct word);
        *(struct word *)(destination + size) = *(const struct word *)(source + size);
    }
    while (size-- > 0) {
        destination[size] = source[size];
    }
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
    copy_up(destination, source, size);
    return destination;
}

void *memmove(void *destination, const void *source, size_t size)
{
    // Unsigned: a destination below the source gives a huge distance.
    if ((uintptr_t)destination - (uintptr_t)source >= size) {
        copy_up(destination, source, size);
    } else {
        copy_down(destination, source, size);
    }
    return destination;
}

void *memset(void *destination, int byte, size_t size)
{
    const uintptr_t ones = (uintptr_t)-1 / 0xff; // 0x...010101
    const uintptr_t pattern = ones * (uint8_t)byte;
    char *to = destination;

    if (size >= REPEAT_MIN) {
        size_t words = size / sizeof(struct word);
        __asm__ volatile(REPEAT_STOS : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
        size %= sizeof(struct word);
    }
    while (size >= sizeof(struct word)) {
        ((struct word *)to)->value = pattern;
        to += sizeof(struct word);
        size -= sizeof(struct word);
    }
    while (size-- > 0) {
        *to++ = (char)byte;
    }
    return destination;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left, *b = right;

    while (size >= sizeof(struct word) &&
           ((const struct word *)a)->value == ((const struct word *)b)->value) {
        a += sizeof(struct word);
        b += sizeof(struct word);
        size -= sizeof(struct word);
    }
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return a[i] - b[i];
        }
    }
    return 0;
}

void *memchr(const void *memory, int byte, size_t size)
{
    const uint8_t *bytes = memory;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == (uint8_t)byte) {
            return (void *)(bytes + i);
        }
    }
    return NULL;
}

size_t strlen(const char *string)
{
    size_t length = 0;

    while (string[length] != '\0') {
        length++;
    }
    return length;
}

size_t strnlen(const char *string, size_t limit)
{
    size_t length = 0;

    while (length < limit && string[length] != '\0') {
        length++;
    }
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        uint8_t a = (uint8_t)left[i], b = (uint8_t)right[i];

        if (a != b || a == '\0') {
            return a - b;
        }
    }
    return 0;
}

char *strchr(const char *string, int byte)
{
    return memchr(string, byte, strlen(string) + 1);
}

char *strrchr(const char *string, int byte)
{
    for (size_t i = strlen(string) + 1; i > 0; i--) {
        if (string[i - 1] == (char)byte) {
            return (char *)string + i - 1;
        }
    }
    return NULL;
}

size_t strlcpy(char *destination, const char *source, size_t size)
{
    size_t length = strlen(source);

    if (size > 0) {
        size_t kept = length < size ? length : size - 1;

        memcpy(destination, source, kept);
        destination[kept] = '\0';
    }
    return length;
}
