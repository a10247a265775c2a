// <math.h>: what is exact, or rounded once.
#include "user/libc/math.h"

#include <limits.h>

#define SIGN (1ul << 63)

double math_checked(double value, double x, double y)
{
    if (isnan(value) && !isnan(x) && !isnan(y)) {
        errno = EDOM;
    } else if (isinf(value) && isfinite(x) && isfinite(y)) {
        errno = ERANGE;
    }
    return value;
}

static uint64_t bits_of(double x)
{
    union {
        double number;
        uint64_t bits;
    } both = {.number = x};
    return both.bits;
}

static double number_of(uint64_t bits)
{
    union {
        uint64_t bits;
        double number;
    } both = {.bits = bits};
    return both.number;
}

// Of 0 and what is smaller than all normal numbers: -1023; not finite: 1024.
static int exponent_of(double x)
{
    return (int)(bits_of(x) >> 52 & 0x7ff) - 1023;
}

double fabs(double x)
{
    return number_of(bits_of(x) & ~SIGN);
}

double copysign(double x, double y)
{
    return number_of((bits_of(x) & ~SIGN) | (bits_of(y) & SIGN));
}

double nan(const char *text)
{
    (void)text;
    return NAN;
}

// ---- Integers nearby ----

double trunc(double x)
{
    int exponent = exponent_of(x);
    if (exponent >= 52) {
        return x;
    }
    return number_of(bits_of(x) & (exponent < 0 ? SIGN : ~(0xffffffffffffful >> exponent)));
}

double floor(double x)
{
    double whole = trunc(x);
    return whole > x ? whole - 1 : whole;
}

double ceil(double x)
{
    double whole = trunc(x);
    return copysign(whole < x ? whole + 1 : whole, x);
}

double round(double x)
{
    double whole = trunc(x);
    return fabs(x - whole) >= 0.5 ? whole + copysign(1, x) : whole;
}

double rint(double x)
{
    // Above 2^52 doubles are integers: the sum is rounded to one.
    return fabs(x) < 0x1p52 ? copysign(fabs(x) + 0x1p52 - 0x1p52, x) : x;
}

double nearbyint(double x)
{
    return rint(x);
}

long lround(double x)
{
    return (long)round(x);
}

long long llround(double x)
{
    return lround(x);
}

long lrint(double x)
{
    return (long)rint(x);
}

long long llrint(double x)
{
    return lrint(x);
}

double modf(double x, double *whole)
{
    *whole = trunc(x);
    return copysign(isinf(x) ? 0 : x - *whole, x);
}

// Each turn takes up to 63 bits off the quotient, and says in C2 (Intel SDM volume 1, 8.1.3) that
// there are more.
#define REMAINDER(instruction, x, y)                                                               \
    long double rest = (x);                                                                        \
    uint16_t status;                                                                               \
    do {                                                                                           \
        __asm__(instruction "; fnstsw %1" : "+t"(rest), "=a"(status) : "u"((long double)(y)));     \
    } while (status & 0x400);                                                                      \
    return math_checked((double)rest, x, y)

double fmod(double x, double y)
{
    REMAINDER("fprem", x, y);
}

double remainder(double x, double y)
{
    REMAINDER("fprem1", x, y);
}

// ---- Exponents ----

double frexp(double x, int *exponent)
{
    *exponent = 0;
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    bool small = exponent_of(x) == -1023;
    x = small ? x * 0x1p54 : x;
    *exponent = exponent_of(x) + 1 - (small ? 54 : 0);
    return number_of((bits_of(x) & ~(0x7fful << 52)) | 1022ul << 52);
}

double ldexp(double x, int exponent)
{
    exponent = exponent < -5000 ? -5000 : exponent > 5000 ? 5000 : exponent;
    return math_checked((double)x87_scale(x, exponent), x, 0);
}

double scalbn(double x, int exponent)
{
    return ldexp(x, exponent);
}

int ilogb(double x)
{
    int exponent;
    frexp(x, &exponent);
    return isnan(x) || x == 0 ? INT_MIN : isinf(x) ? INT_MAX : exponent - 1;
}

double logb(double x)
{
    return x == 0 ? -HUGE_VAL : isfinite(x) ? ilogb(x) : x * x;
}

double nextafter(double x, double y)
{
    if (isnan(x) || isnan(y) || x == y) {
        return isnan(x) ? x : y;
    }
    if (x == 0) {
        return copysign(number_of(1), y);
    }
    bool away = (x < y) == (x > 0);
    return math_checked(number_of(bits_of(x) + (away ? 1 : -1ul)), x, 0);
}

// ---- Others ----

double fmax(double x, double y)
{
    return isnan(x) ? y : isnan(y) || x >= y ? x : y;
}

double fmin(double x, double y)
{
    return isnan(x) ? y : isnan(y) || x <= y ? x : y;
}

double fdim(double x, double y)
{
    return x <= y ? 0 : math_checked(x - y, x, y);
}

double sqrt(double x)
{
    double root;
    __asm__("sqrtsd %1, %0" : "=x"(root) : "x"(x));
    return math_checked(root, x, 0);
}

double hypot(double x, double y)
{
    if (isinf(x) || isinf(y)) {
        return HUGE_VAL;
    }
    long double square = (long double)x * x + (long double)y * y; // doesn't overflow
    return math_checked((double)x87_root(square), x, y);
}
