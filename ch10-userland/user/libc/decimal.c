// Decimal numbers of any precision that a floating-point number can have.
#include "user/libc/decimal.h"

// Bits that one pass shifts: a word times 2^29 and a carry fit 64 bits.
#define STEP 29

void decimal_trim(struct decimal *number)
{
    while (number->first < number->last && number->words[number->last - 1] == 0) {
        number->last--;
    }
    while (number->first < number->last && number->words[number->first] == 0) {
        number->first++;
    }
}

void decimal_set(struct decimal *number, uint64_t value)
{
    number->first = number->last = DECIMAL_POINT;
    for (; value > 0; value /= DECIMAL_BASE) {
        number->words[--number->first] = (uint32_t)(value % DECIMAL_BASE);
    }
    decimal_trim(number);
}

static void multiply(struct decimal *number, long bits)
{
    uint64_t carry = 0;
    for (int i = number->last - 1; i >= number->first; i--) {
        carry += (uint64_t)number->words[i] << bits;
        number->words[i] = (uint32_t)(carry % DECIMAL_BASE);
        carry /= DECIMAL_BASE;
    }
    if (carry > 0) {
        number->words[--number->first] = (uint32_t)carry;
    }
    decimal_trim(number);
}

static void divide(struct decimal *number, long bits)
{
    uint64_t rest = 0;
    for (int i = number->first; i < number->last || (rest > 0 && i < DECIMAL_WORDS); i++) {
        rest = rest * DECIMAL_BASE + (i < number->last ? number->words[i] : 0);
        number->words[i] = (uint32_t)(rest >> bits);
        rest &= (1ul << bits) - 1;
        number->last = i < number->last ? number->last : i + 1;
    }
    if (rest > 0) {
        number->words[DECIMAL_WORDS - 1] |= 1;
    }
    decimal_trim(number);
}

void decimal_scale(struct decimal *number, long exponent)
{
    while (exponent != 0) {
        long step = exponent < -STEP ? -STEP : exponent > STEP ? STEP : exponent;
        if (step > 0) {
            multiply(number, step);
        } else {
            divide(number, -step);
        }
        exponent -= step;
    }
}

long decimal_word(long position)
{
    return DECIMAL_POINT - 1 -
           (position >= 0 ? position / DECIMAL_WORD : (position + 1) / DECIMAL_WORD - 1);
}

uint32_t decimal_unit(long position)
{
    uint32_t unit = 1;
    for (long n = (position % DECIMAL_WORD + DECIMAL_WORD) % DECIMAL_WORD; n > 0; n--) {
        unit *= 10;
    }
    return unit;
}

void decimal_round(struct decimal *number, long position)
{
    long at = decimal_word(position);
    if (at >= number->last) {
        return; // it has no digits there
    }
    while (number->first > at) {
        number->words[--number->first] = 0;
    }
    // What goes: the lower digits of the word, those of the next one, and whether there are more.
    uint32_t unit = decimal_unit(position), *word = &number->words[at];
    uint64_t half = (uint64_t)unit * DECIMAL_BASE / 2;
    uint64_t rest = (uint64_t)(*word % unit) * DECIMAL_BASE;
    rest += at + 1 < number->last ? word[1] : 0;
    bool more = at + 2 < number->last, odd = *word / unit % 2 != 0;
    *word -= *word % unit;
    number->last = (int)at + 1;
    if (rest > half || (rest == half && (more || odd))) {
        *word += unit;
        for (; *word == DECIMAL_BASE; *word += 1) {
            *word-- = 0;
            if (word < number->words + number->first) {
                *word = 0;
                number->first--;
            }
        }
    }
    decimal_trim(number);
}

long decimal_high(const struct decimal *number)
{
    if (number->first == number->last) {
        return 0;
    }
    long position = (DECIMAL_POINT - number->first) * (long)DECIMAL_WORD - 1;
    while (decimal_digit(number, position) == 0) {
        position--;
    }
    return position;
}

long decimal_low(const struct decimal *number)
{
    if (number->first == number->last) {
        return 0;
    }
    long position = (DECIMAL_POINT - number->last) * (long)DECIMAL_WORD;
    while (decimal_digit(number, position) == 0) {
        position++;
    }
    return position;
}

unsigned decimal_digit(const struct decimal *number, long position)
{
    long at = decimal_word(position);
    return at >= number->first && at < number->last
               ? number->words[at] / decimal_unit(position) % 10
               : 0;
}
