// <math.h>: powers, exponentials, logarithms and hyperbolic functions. They calculate in extended
// precision, whose 64 bits leave 11 for the errors of what is rounded to a double at the end.
#include "user/libc/math.h"

#define LN_2 0xb.17217f7d1cf79acp-4L
#define LOG10_2 0x9.a209a84fbcff799p-5L
#define LOG2_E_HIGH 0xb.8aa3b295p-3L // the first 36 bits of log2(e)
#define LOG2_E_LOW 0xc.17f0bbbe87fed07p-39L // and the next 64

// 2^(y * (high + low)). The exponent's integer part would take too many of the 64 bits: so it comes
// off a product of which the large part, 24 bits of y by 36 of high, is exact.
static long double power(double y, long double high, long double low)
{
    long double about = y * high;
    if (!(about < 20000 && about > -20000)) {
        return about > 0 ? HUGE_VAL : about < 0 ? 0 : y;
    }
    float coarse = (float)y;
    long double exact = coarse * high, rest = (y - coarse) * high + y * low;
    long double whole = x87_round(exact + rest);
    return x87_scale(x87_power(exact - whole + rest) + 1, (long)whole);
}

static long double exponential(double x)
{
    return power(x, LOG2_E_HIGH, LOG2_E_LOW);
}

static long double exponential_minus_1(double x)
{
    bool small = fabs(x) < 0.5;
    return small ? x87_power(x * (LOG2_E_HIGH + LOG2_E_LOW)) : exponential(x) - 1;
}

static long double logarithm_of_1_plus(long double x)
{
    return x > -0.25 && x < 0.25 ? x87_log_plus_1(LN_2, x) : x87_log(LN_2, 1 + x);
}

double exp(double x)
{
    return math_checked((double)exponential(x), x, 0);
}

double exp2(double x)
{
    return math_checked((double)power(x, 1, 0), x, 0);
}

double expm1(double x)
{
    return math_checked((double)exponential_minus_1(x), x, 0);
}

double log(double x)
{
    return math_checked((double)x87_log(LN_2, x), x, 0);
}

double log2(double x)
{
    return math_checked((double)x87_log(1, x), x, 0);
}

double log10(double x)
{
    return math_checked((double)x87_log(LOG10_2, x), x, 0);
}

double log1p(double x)
{
    return math_checked((double)logarithm_of_1_plus(x), x, 0);
}

// The magnitude of x^y, x not negative.
static double magnitude(double x, double y)
{
    if (x == 0 || x == 1 || isinf(x)) {
        return x == 1 ? 1 : (x == 0) == (y > 0) ? 0 : HUGE_VAL;
    }
    if (isinf(y)) {
        return (x > 1) == (y > 0) ? HUGE_VAL : 0;
    }
    long double logarithm = x87_log(1, x);
    // Its first 36 bits: what is added rounds the others away.
    long double large = logarithm * 0x1p28L, high = logarithm + large - large;
    return (double)power(y, high, logarithm - high);
}

double pow(double x, double y)
{
    if (y == 0 || x == 1) {
        return 1;
    }
    if (isnan(x) || isnan(y)) {
        return x + y;
    }
    bool whole = trunc(y) == y, odd = whole && fabs(y) < 0x1p53 && (long)y % 2 != 0;
    double result = x < 0 && !whole && isfinite(x) ? (double)NAN : magnitude(fabs(x), y);
    return math_checked(signbit(x) && odd ? -result : result, x, y);
}

double cbrt(double x)
{
    if (x == 0 || !isfinite(x)) {
        return x;
    }
    // Near enough for one step of Newton's.
    long double root = copysign((double)power(1.0 / 3, x87_log(1, fabs(x)), 0), x);
    return (double)(root - (root - x / (root * root)) / 3);
}

// ---- Hyperbolic functions ----

double sinh(double x)
{
    long double e = exponential_minus_1(fabs(x));
    return copysign(math_checked((double)((e + 1 / (1 + 1 / e)) / 2), x, 0), x);
}

double cosh(double x)
{
    long double e = exponential(fabs(x));
    return math_checked((double)((e + 1 / e) / 2), x, 0);
}

double tanh(double x)
{
    long double e = exponential_minus_1(fabs(x) < 30 ? 2 * fabs(x) : isnan(x) ? x : 60);
    return copysign((double)(e / (e + 2)), x);
}

double asinh(double x)
{
    long double y = fabs(x), square = y * y;
    return !isfinite(x)
               ? x
               : copysign((double)logarithm_of_1_plus(y + square / (1 + x87_root(square + 1))), x);
}

double acosh(double x)
{
    long double above = x < 1 ? NAN : x - 1.0L;
    return math_checked((double)logarithm_of_1_plus(above + x87_root(above * (above + 2))), x, 0);
}

double atanh(double x)
{
    long double y = fabs(x);
    return copysign(math_checked((double)logarithm_of_1_plus(2 * y / (1 - y)) / 2, x, 0), x);
}
