// Decimal numbers of any precision that a floating-point number can have: exact where binary
// fractions are read and written. Words of nine digits around a fixed point.
#ifndef RUNG_USER_LIBC_DECIMAL_H
#define RUNG_USER_LIBC_DECIMAL_H

#include "lib/types.h"

#define DECIMAL_BASE 1000000000u
#define DECIMAL_WORD 9 // digits

// The largest long double has 4,933 digits before the point, the smallest one, and what lies half
// between two such, 16,446 behind it. Before the point there is room for a factor of 2^29 more.
#define DECIMAL_POINT 552
#define DECIMAL_WORDS (DECIMAL_POINT + 1840)

struct decimal {
    int first, last; // those not 0 are words[first] to words[last - 1]; none: first == last
    uint32_t words[DECIMAL_WORDS]; // words[DECIMAL_POINT] is right behind the point
};

// Takes words of 0 off both ends, as all of these expect and leave it.
void decimal_trim(struct decimal *number);

// Makes it an integer.
void decimal_set(struct decimal *number, uint64_t value);

// Multiplies it by 2^exponent. What has no room at its end leaves a last digit that is not 0.
void decimal_scale(struct decimal *number, long exponent);

// Rounds it to a multiple of 10^position, to an even one where two are equally near.
void decimal_round(struct decimal *number, long position);

// The position of its first and its last digit that is not 0; 0 of a number that is 0.
long decimal_high(const struct decimal *number);
long decimal_low(const struct decimal *number);

// The digit at a position.
unsigned decimal_digit(const struct decimal *number, long position);

// The word that has a position, and 10^n for the n-th of its digits.
long decimal_word(long position);
uint32_t decimal_unit(long position);

#endif
