// What the x87 unit calculates by one instruction, in its extended precision (Intel SDM volume 1,
// chapter 8). A double's numbers are far from the ends of its range.
#ifndef RUNG_USER_LIBC_X87_H
#define RUNG_USER_LIBC_X87_H

// The integer that is nearest, the even one of two.
static inline long double x87_round(long double value)
{
    __asm__("frndint" : "+t"(value));
    return value;
}

// value * 2^exponent.
static inline long double x87_scale(long double value, long exponent)
{
    __asm__("fscale" : "+t"(value) : "u"((long double)exponent));
    return value;
}

// 2^value - 1; value from -1 to 1.
static inline long double x87_power(long double value)
{
    __asm__("f2xm1" : "+t"(value));
    return value;
}

// factor * log2(value), and factor * log2(1 + value) for a value of which the magnitude is below
// 1 - sqrt(1/2).
static inline long double x87_log(long double factor, long double value)
{
    __asm__("fyl2x" : "+t"(value) : "u"(factor) : "st(1)");
    return value;
}

static inline long double x87_log_plus_1(long double factor, long double value)
{
    __asm__("fyl2xp1" : "+t"(value) : "u"(factor) : "st(1)");
    return value;
}

static inline long double x87_root(long double value)
{
    __asm__("fsqrt" : "+t"(value));
    return value;
}

// The angle of the point (x, y).
static inline long double x87_angle(long double y, long double x)
{
    __asm__("fpatan" : "+t"(x) : "u"(y) : "st(1)");
    return x;
}

#endif
