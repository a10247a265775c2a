// lib/printf.c as it runs here, with 32 bits or with 64. All else about it: tests/host/lib_cases.c.
#include "lib/printf.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

// Reads digits back, by multiplication alone.
static uint64_t parse(const char *text, unsigned base)
{
    uint64_t value = 0;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
        CHECK(digit < base);
        value = value * base + digit;
    }
    return value;
}

TEST(printf_64_bits,
     "64-bit numbers are printed right, whatever the width of the processor's words")
{
    char text[32];

    for (unsigned i = 0; i < 20000; i++) {
        unsigned long long number = test_random() >> (i % 64);
        snprintf(text, sizeof(text), "%llu", number);
        CHECK_EQUAL(parse(text, 10), number);
        snprintf(text, sizeof(text), "%llx", number);
        CHECK_EQUAL(parse(text, 16), number);
        snprintf(text, sizeof(text), "%llo", number);
        CHECK_EQUAL(parse(text, 8), number);
    }
    snprintf(text, sizeof(text), "%lld", -9223372036854775807ll - 1);
    CHECK_STRING(text, "-9223372036854775808");
}

TEST(printf_sizes, "l, z, t, j and %p take arguments of this processor's sizes, in order")
{
    char text[128];
    int length = snprintf(text, sizeof(text), "%ld %zu %td %jd %p %lu %hhx %d", -1l, (size_t)2,
                          (ptrdiff_t)-3, (intmax_t)-4, (void *)0x1000, 5ul, (unsigned char)0xff, 6);

    CHECK_STRING(text, "-1 2 -3 -4 0x1000 5 ff 6");
    CHECK_EQUAL(length, strlen(text));
}
