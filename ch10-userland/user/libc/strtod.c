// Floating-point numbers of texts: strtod and its like. The nearest number there is, the even one
// of two (ISO C, 7.22.1.3).
#include "user/libc/decimal.h"
#include "user/libc/x87.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define EXPONENT_MAX 100000000 // of a text: where it stops to count
#define HIGH_MAX 4940 // the position of a first digit beyond which all numbers end
#define HIGH_MIN (-5000)
#define TOP 100 // bit

typedef unsigned __int128 uint128_t;

struct format {
    int bits; // of the mantissa
    int lowest; // the exponent of the smallest number's only bit
    int highest; // all numbers are below 2 to the power of this
};

// Digits of a text, with at most one point.
struct digits {
    const char *text;
    size_t length; // with the point
    long point; // digits before the point
    long exponent; // that was given with them
};

static long parse_exponent(const char **at)
{
    const char *text = *at + 1;
    bool negative = *text == '-';
    text += *text == '-' || *text == '+';
    if (!isdigit(*text)) {
        return 0; // the letter does not belong to the number
    }
    long exponent = 0;
    for (; isdigit(*text); text++) {
        exponent = exponent < EXPONENT_MAX ? exponent * 10 + *text - '0' : exponent;
    }
    *at = text;
    return negative ? -exponent : exponent;
}

// Returns what is behind them; without digits that is `at`.
static const char *parse_digits(const char *at, struct digits *digits, bool hexadecimal)
{
    long count = 0, point = -1;
    digits->text = at;
    for (; (hexadecimal ? isxdigit(*at) : isdigit(*at)) || (*at == '.' && point < 0); at++) {
        if (*at == '.') {
            point = count;
        } else {
            count++;
        }
    }
    digits->length = (size_t)(at - digits->text);
    digits->point = point >= 0 ? point : count;
    if (count == 0) {
        return digits->text;
    }
    digits->exponent = tolower(*at) == (hexadecimal ? 'p' : 'e') ? parse_exponent(&at) : 0;
    return at;
}

// mantissa * 2^exponent, and a bit more if `more`, as a number of a format.
static long double nearest(uint128_t mantissa, long exponent, bool more,
                           const struct format *format)
{
    if (mantissa == 0) {
        return 0;
    }
    for (; mantissa >> TOP == 0; exponent--) {
        mantissa <<= 1;
    }
    // The exponents of the last bit that stays, and how many bits go.
    long last = exponent + TOP + 1 - format->bits;
    last = last > format->lowest ? last : format->lowest;
    if (last - exponent > TOP + 2) {
        errno = ERANGE;
        return 0;
    }
    uint128_t unit = (uint128_t)1 << (last - exponent), rest = mantissa & (unit - 1);
    bool exact = rest == 0 && !more;
    mantissa >>= last - exponent;
    if (rest > unit / 2 || (rest == unit / 2 && (more || mantissa % 2 != 0))) {
        mantissa++;
    }
    if (mantissa >> format->bits != 0) {
        mantissa >>= 1;
        last++;
    }
    if (last > format->highest - format->bits) {
        errno = ERANGE;
        return HUGE_VAL;
    }
    if (!exact && mantissa >> (format->bits - 1) == 0) {
        errno = ERANGE;
    }
    return x87_scale((uint64_t)mantissa, last);
}

static long double hexadecimal_value(const struct digits *digits, const struct format *format)
{
    uint128_t mantissa = 0;
    long exponent = digits->exponent + 4 * digits->point;
    bool more = false;
    for (size_t i = 0; i < digits->length; i++) {
        int c = tolower(digits->text[i]);
        if (c == '.') {
            continue;
        }
        unsigned digit = (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
        if (mantissa >> (TOP - 4) == 0) {
            mantissa = mantissa << 4 | digit;
            exponent -= 4;
        } else {
            more |= digit != 0;
            // the digits before the point have been counted
        }
    }
    return nearest(mantissa, exponent, more, format);
}

// Takes the digits that are not below all that may matter.
static void set_digits(struct decimal *number, const char *text, size_t length, long position)
{
    number->first = number->last = (int)decimal_word(position);
    for (; length > 0; text++, length--) {
        if (*text == '.') {
            continue;
        }
        long at = decimal_word(position);
        if (at >= DECIMAL_WORDS) {
            number->words[DECIMAL_WORDS - 1] |= *text != '0';
        } else {
            if (at == number->last) {
                number->words[number->last++] = 0;
            }
            number->words[at] += (uint32_t)(*text - '0') * decimal_unit(position);
        }
        position--;
    }
    decimal_trim(number);
}

static long double decimal_value(const struct digits *digits, const struct format *format)
{
    const char *text = digits->text, *end = text + digits->length;
    long high = digits->point - 1;
    for (; text < end && (*text == '0' || *text == '.'); text++) {
        high -= *text == '0';
    }
    high += digits->exponent;
    if (text == end) {
        return 0;
    }
    if (high > HIGH_MAX || high < HIGH_MIN) {
        errno = ERANGE;
        return high > 0 ? HUGE_VAL : 0;
    }
    struct decimal number;
    set_digits(&number, text, (size_t)(end - text), high);
    // So that there are 22 to 27 digits before the point: three words, and bits enough.
    long exponent = 0;
    while ((high = decimal_high(&number)) < 21 || high > 26) {
        long bits = 3 * (high < 21 ? 21 - high : 26 - high); // less than these digits have
        decimal_scale(&number, bits);
        exponent -= bits;
    }
    uint128_t mantissa = 0;
    for (int i = DECIMAL_POINT - 3; i < DECIMAL_POINT; i++) {
        mantissa =
            mantissa * DECIMAL_BASE + (i >= number.first && i < number.last ? number.words[i] : 0);
    }
    return nearest(mantissa, exponent, number.last > DECIMAL_POINT, format);
}

// inf, infinity, nan, nan(anything): what is behind it; NULL.
static const char *parse_word(const char *at, long double *value)
{
    *value = tolower(*at) == 'i' ? (long double)INFINITY : (long double)NAN;
    if (strncasecmp(at, "infinity", 8) == 0) {
        return at + 8;
    }
    if (strncasecmp(at, "inf", 3) == 0) {
        return at + 3;
    }
    if (strncasecmp(at, "nan", 3) != 0) {
        return NULL;
    }
    const char *inside = at + 4;
    while (at[3] == '(' && (isalnum(*inside) || *inside == '_')) {
        inside++;
    }
    return at[3] == '(' && *inside == ')' ? inside + 1 : at + 3;
}

static long double parse(const char *text, char **end, const struct format *format)
{
    struct digits digits;
    long double value = 0;
    const char *at = text, *behind;
    while (isspace(*at)) {
        at++;
    }
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    bool hexadecimal =
        at[0] == '0' && tolower(at[1]) == 'x' && parse_digits(at + 2, &digits, true) > at + 2;
    if (hexadecimal) {
        behind = parse_digits(at + 2, &digits, true);
        value = hexadecimal_value(&digits, format);
    } else {
        behind = parse_digits(at, &digits, false);
        if (behind > at) {
            value = decimal_value(&digits, format);
        } else {
            behind = parse_word(at, &value);
        }
    }
    if (end != NULL) {
        *end = (char *)(behind != NULL ? behind : text);
    }
    value = behind != NULL ? value : 0;
    return negative && behind != NULL ? -value : value;
}

double strtod(const char *restrict text, char **restrict end)
{
    static const struct format format = {.bits = 53, .lowest = -1074, .highest = 1024};
    return (double)parse(text, end, &format);
}

float strtof(const char *restrict text, char **restrict end)
{
    static const struct format format = {.bits = 24, .lowest = -149, .highest = 128};
    return (float)parse(text, end, &format);
}

long double strtold(const char *restrict text, char **restrict end)
{
    static const struct format format = {.bits = 64, .lowest = -16445, .highest = 16384};
    return parse(text, end, &format);
}

double atof(const char *text)
{
    return strtod(text, NULL);
}
