// <math.h>: angles. Sines and cosines by their series, near 0, where it takes few terms.
#include "user/libc/math.h"

#define PI_2 0xc.90fdaa22168c235p-3L

typedef unsigned __int128 uint128_t;

// 64 bits of 0, and then the first of 2 / pi.
static const uint64_t two_by_pi[] = {
    0,
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
    0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c,
    0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41,
    0x3991d639835339f4, 0x9c845f8bbdf9283b, 0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab, 0xf0cfbc209af4361d,
};

// The 64 bits from one of these on.
static uint64_t two_by_pi_from(int bit)
{
    const uint64_t *words = two_by_pi + bit / 64;
    return bit % 64 == 0 ? words[0] : words[0] << bit % 64 | words[1] >> (64 - bit % 64);
}

// Takes off x the multiple of pi / 2 that makes it smallest; *quadrant is how often, modulo 4. The
// difference has all its bits, however large x is: of the product mantissa * 2^exponent * 2 / pi
// only what is below 4 matters, and of that the upper 192 bits (Payne and Hanek, 1983).
static long double reduce(double x, unsigned *quadrant)
{
    int exponent;
    *quadrant = 0;
    if (fabs(x) < M_PI_4 || !isfinite(x)) {
        return isfinite(x) ? x : x - x;
    }
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(x), &exponent), 53);
    int bit = exponent - 53 - 2 + 64;
    uint128_t low = (uint128_t)mantissa * two_by_pi_from(bit + 128);
    uint128_t middle = (uint128_t)mantissa * two_by_pi_from(bit + 64) + (low >> 64);
    uint128_t product = ((uint128_t)(mantissa * two_by_pi_from(bit)) << 64) + middle;
    uint128_t fraction = product << 2 | (uint64_t)low >> 62;
    bool above = fraction >> 127; // the next multiple is nearer
    *quadrant = (unsigned)(product >> 126) + above;
    fraction = above ? -fraction : fraction;
    int shift = 0;
    for (; fraction >> 127 == 0 && shift < 127; shift++) {
        fraction <<= 1;
    }
    long double rest = x87_scale((uint64_t)(fraction >> 64), -64 - shift) * PI_2;
    *quadrant = x < 0 ? -*quadrant : *quadrant;
    return above != (x < 0) ? -rest : rest;
}

// 1 - x^2 / 2! + x^4 / 4! - ... (last is even), which is the cosine; x times it is the sine with
// 1 - x^2 / 3! + x^4 / 5! - ... (last is odd). Up to pi / 4 the terms of more than 23 don't count.
static long double series(long double x, int last)
{
    long double square = x * x, sum = 1;
    for (; last > 1; last -= 2) {
        sum = 1 - sum * square / (last * (last - 1));
    }
    return sum;
}

// The sine of rest + quadrant * pi / 2.
static long double sine(long double rest, unsigned quadrant)
{
    long double value = quadrant % 2 == 0 ? rest * series(rest, 23) : series(rest, 22);
    return quadrant % 4 < 2 ? value : -value;
}

double sin(double x)
{
    unsigned quadrant;
    long double rest = reduce(x, &quadrant);
    return math_checked((double)sine(rest, quadrant), x, 0);
}

double cos(double x)
{
    unsigned quadrant;
    long double rest = reduce(x, &quadrant);
    return math_checked((double)sine(rest, quadrant + 1), x, 0);
}

double tan(double x)
{
    unsigned quadrant;
    long double rest = reduce(x, &quadrant);
    return math_checked((double)(sine(rest, quadrant) / sine(rest, quadrant + 1)), x, 0);
}

double atan(double x)
{
    return (double)x87_angle(x, 1);
}

double atan2(double y, double x)
{
    return (double)x87_angle(y, x);
}

double asin(double x)
{
    long double other = x87_root((1 - (long double)x) * (1 + (long double)x));
    return math_checked((double)x87_angle(x, other), x, 0);
}

double acos(double x)
{
    long double other = x87_root((1 - (long double)x) * (1 + (long double)x));
    return math_checked((double)x87_angle(other, x), x, 0);
}
