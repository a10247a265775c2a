// <math.h> of ISO C, as far as it goes here: functions of double, and of float by way of them. What
// is not exact by its nature is within one unit of the last place. Errors are told by errno.
#ifndef RUNG_USER_INCLUDE_MATH_H
#define RUNG_USER_INCLUDE_MATH_H

#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define HUGE_VAL __builtin_inf()
#define HUGE_VALF INFINITY
#define MATH_ERRNO 1
#define MATH_ERREXCEPT 2
#define math_errhandling MATH_ERRNO

#define M_E 2.71828182845904523536
#define M_LOG2E 1.44269504088896340736
#define M_LOG10E 0.43429448190325182765
#define M_LN2 0.69314718055994530942
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.78539816339744830962
#define M_1_PI 0.31830988618379067154
#define M_2_PI 0.63661977236758134308
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440

typedef float float_t;
typedef double double_t;

enum { FP_NAN, FP_INFINITE, FP_ZERO, FP_SUBNORMAL, FP_NORMAL };
#define fpclassify(x)                                                                              \
    __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, (x))
#define isfinite(x) __builtin_isfinite(x)
#define isinf(x) __builtin_isinf(x)
#define isnan(x) __builtin_isnan(x)
#define isnormal(x) __builtin_isnormal(x)
#define signbit(x) __builtin_signbit(x)
#define isgreater(x, y) __builtin_isgreater(x, y)
#define isgreaterequal(x, y) __builtin_isgreaterequal(x, y)
#define isless(x, y) __builtin_isless(x, y)
#define islessequal(x, y) __builtin_islessequal(x, y)
#define islessgreater(x, y) __builtin_islessgreater(x, y)
#define isunordered(x, y) __builtin_isunordered(x, y)

// Exact
double fabs(double x);
double copysign(double x, double y);
double trunc(double x);
double floor(double x);
double ceil(double x);
double round(double x);
double rint(double x);
double nearbyint(double x);
long lround(double x);
long long llround(double x);
long lrint(double x);
long long llrint(double x);
double fmod(double x, double y);
double remainder(double x, double y);
double modf(double x, double *whole);
double frexp(double x, int *exponent);
double ldexp(double x, int exponent);
double scalbn(double x, int exponent);
double logb(double x);
int ilogb(double x);
double nextafter(double x, double y);
double fmax(double x, double y);
double fmin(double x, double y);
double nan(const char *text);

// The nearest number to the exact result
double sqrt(double x);
double fdim(double x, double y);

// Within one unit of the last place
double hypot(double x, double y);
double cbrt(double x);
double exp(double x);
double exp2(double x);
double expm1(double x);
double log(double x);
double log2(double x);
double log10(double x);
double log1p(double x);
double pow(double x, double y);
double sin(double x);
double cos(double x);
double tan(double x);
double asin(double x);
double acos(double x);
double atan(double x);
double atan2(double y, double x);
double sinh(double x);
double cosh(double x);
double tanh(double x);
double asinh(double x);
double acosh(double x);
double atanh(double x);

#define OF_FLOAT(name)                                                                             \
    static inline float name##f(float x)                                                           \
    {                                                                                              \
        return (float)name(x);                                                                     \
    }
#define OF_TWO_FLOATS(name)                                                                        \
    static inline float name##f(float x, float y)                                                  \
    {                                                                                              \
        return (float)name(x, y);                                                                  \
    }
OF_FLOAT(fabs)
OF_FLOAT(trunc)
OF_FLOAT(floor)
OF_FLOAT(ceil)
OF_FLOAT(round)
OF_FLOAT(rint)
OF_FLOAT(sqrt)
OF_FLOAT(cbrt)
OF_FLOAT(exp)
OF_FLOAT(exp2)
OF_FLOAT(log)
OF_FLOAT(log2)
OF_FLOAT(log10)
OF_FLOAT(sin)
OF_FLOAT(cos)
OF_FLOAT(tan)
OF_FLOAT(asin)
OF_FLOAT(acos)
OF_FLOAT(atan)
OF_FLOAT(sinh)
OF_FLOAT(cosh)
OF_FLOAT(tanh)
OF_TWO_FLOATS(copysign)
OF_TWO_FLOATS(fmod)
OF_TWO_FLOATS(fmax)
OF_TWO_FLOATS(fmin)
OF_TWO_FLOATS(hypot)
OF_TWO_FLOATS(pow)
OF_TWO_FLOATS(atan2)
#undef OF_FLOAT
#undef OF_TWO_FLOATS

static inline long lroundf(float x)
{
    return lround(x);
}

static inline float ldexpf(float x, int exponent)
{
    return (float)ldexp(x, exponent);
}

#endif
