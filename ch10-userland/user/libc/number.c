// Numbers in texts: strtol and its like.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

struct number {
    unsigned long value; // without its sign
    bool negative, overflow;
};

static unsigned digit_value(char byte)
{
    return isdigit(byte)   ? (unsigned)(byte - '0')
           : isalpha(byte) ? (unsigned)(tolower(byte) - 'a' + 10)
                           : UINT_MAX;
}

// The text that strtol and its like read (ISO C, 7.22.1.4): blanks, a sign, a prefix that tells the
// base, digits. *end is behind the last digit; without any it is text.
static struct number parse(const char *text, char **end, int base)
{
    struct number number = {0};
    const char *at = text;
    if (end != NULL) {
        *end = (char *)text;
    }
    if (base < 0 || base == 1 || base > 36) {
        errno = EINVAL;
        return number;
    }
    while (isspace(*at)) {
        at++;
    }
    number.negative = *at == '-';
    at += *at == '-' || *at == '+';
    if ((base == 0 || base == 16) && at[0] == '0' && tolower(at[1]) == 'x' &&
        digit_value(at[2]) < 16) {
        at += 2;
        base = 16;
    } else if (base == 0) {
        base = *at == '0' ? 8 : 10;
    }
    const char *digits = at;
    for (unsigned digit; (digit = digit_value(*at)) < (unsigned)base; at++) {
        number.overflow |= __builtin_mul_overflow(number.value, (unsigned)base, &number.value);
        number.overflow |= __builtin_add_overflow(number.value, digit, &number.value);
    }
    if (end != NULL && at > digits) {
        *end = (char *)at;
    }
    return number;
}

long strtol(const char *restrict text, char **restrict end, int base)
{
    struct number number = parse(text, end, base);
    if (number.overflow || number.value > (unsigned long)LONG_MAX + number.negative) {
        errno = ERANGE;
        return number.negative ? LONG_MIN : LONG_MAX;
    }
    return (long)(number.negative ? -number.value : number.value);
}

unsigned long strtoul(const char *restrict text, char **restrict end, int base)
{
    struct number number = parse(text, end, base);
    if (number.overflow) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return number.negative ? -number.value : number.value;
}

_Static_assert(sizeof(long) == sizeof(long long), "one function for both");

long long strtoll(const char *restrict text, char **restrict end, int base)
{
    return strtol(text, end, base);
}

unsigned long long strtoull(const char *restrict text, char **restrict end, int base)
{
    return strtoul(text, end, base);
}

long atol(const char *text)
{
    return strtol(text, NULL, 10);
}

int atoi(const char *text)
{
    return (int)atol(text);
}

int abs(int number)
{
    return number < 0 ? -number : number;
}

long labs(long number)
{
    return number < 0 ? -number : number;
}

intmax_t strtoimax(const char *restrict text, char **restrict end, int base)
{
    return strtol(text, end, base);
}

uintmax_t strtoumax(const char *restrict text, char **restrict end, int base)
{
    return strtoul(text, end, base);
}

long long atoll(const char *text)
{
    return atol(text);
}

long long llabs(long long number)
{
    return labs(number);
}

div_t div(int numerator, int denominator)
{
    return (div_t){.quot = numerator / denominator, .rem = numerator % denominator};
}

ldiv_t ldiv(long numerator, long denominator)
{
    return (ldiv_t){.quot = numerator / denominator, .rem = numerator % denominator};
}

lldiv_t lldiv(long long numerator, long long denominator)
{
    return (lldiv_t){.quot = numerator / denominator, .rem = numerator % denominator};
}

intmax_t imaxabs(intmax_t number)
{
    return labs(number);
}

imaxdiv_t imaxdiv(intmax_t numerator, intmax_t denominator)
{
    return ldiv(numerator, denominator);
}
