// Floating-point numbers in texts: what printf does for %e, %f, %g and %a. All digits are those of
// the exact value, rounded once, to the nearest (ISO C, 7.21.6.1).
#include "lib/printf.h"
#include "lib/string.h"
#include "user/libc/decimal.h"

// mantissa * 2^exponent, and how far the mantissa is from having its point behind four bits.
struct number {
    bool negative, finite;
    uint64_t mantissa; // 0 and not finite: infinity
    int exponent, shift;
};

struct sink {
    void (*put)(void *context, const char *text, size_t length);
    void *context;
    size_t count;
};

// A number as text: prefix, zeroes that fill the field, `before` digits before the point, those
// behind it, suffix.
struct text {
    char prefix[4]; // sign, 0x
    const char *word; // instead of digits: inf, nan
    const struct decimal *decimal; // the digits: of this, from position `high` on
    long high;
    uint64_t hexadecimal; // or of this, from the uppermost four bits on
    bool upper, point;
    size_t before, behind;
    char suffix[8]; // e+00
    size_t suffix_length;
};

static void put_repeated(struct sink *sink, char byte, size_t count)
{
    char piece[32];
    memset(piece, byte, sizeof(piece));
    for (size_t part; count > 0; count -= part) {
        part = count < sizeof(piece) ? count : sizeof(piece);
        sink->put(sink->context, piece, part);
        sink->count += part;
    }
}

static void put(struct sink *sink, const char *text, size_t length)
{
    if (length > 0) {
        sink->put(sink->context, text, length);
        sink->count += length;
    }
}

static char digit(const struct text *text, size_t index)
{
    if (text->decimal != NULL) {
        return (char)('0' + decimal_digit(text->decimal, text->high - (long)index));
    }
    unsigned value = index < 16 ? text->hexadecimal << 4 * index >> 60 : 0;
    return (text->upper ? "0123456789ABCDEF" : "0123456789abcdef")[value];
}

static void put_digits(struct sink *sink, const struct text *text, size_t from, size_t to)
{
    char piece[32];
    for (size_t length = 0; from < to; length = 0) {
        for (; from < to && length < sizeof(piece); from++) {
            piece[length++] = digit(text, from);
        }
        put(sink, piece, length);
    }
}

static void put_text(struct sink *sink, const struct specification *specification,
                     const struct text *text)
{
    size_t prefix = strlen(text->prefix), fill = 0;
    size_t length = text->word != NULL
                        ? strlen(text->word)
                        : text->before + text->point + text->behind + text->suffix_length;
    if (specification->width > prefix + length) {
        fill = specification->width - prefix - length;
    }
    bool zeroes = specification->zero && !specification->left && text->word == NULL;
    put_repeated(sink, ' ', zeroes || specification->left ? 0 : fill);
    put(sink, text->prefix, prefix);
    put_repeated(sink, '0', zeroes ? fill : 0);
    if (text->word != NULL) {
        put(sink, text->word, length);
    } else {
        put_digits(sink, text, 0, text->before);
        put(sink, ".", text->point);
        put_digits(sink, text, text->before, text->before + text->behind);
        put(sink, text->suffix, text->suffix_length);
    }
    put_repeated(sink, ' ', specification->left ? fill : 0);
}

// "e+05": at least so many digits.
static void set_suffix(struct text *text, char letter, long exponent, unsigned least)
{
    char digits[6];
    unsigned long left = (unsigned long)(exponent < 0 ? -exponent : exponent);
    unsigned count = 0;
    for (; left > 0 || count < least; left /= 10) {
        digits[count++] = (char)('0' + left % 10);
    }
    text->suffix[0] = letter;
    text->suffix[1] = exponent < 0 ? '-' : '+';
    text->suffix_length = 2;
    while (count > 0) {
        text->suffix[text->suffix_length++] = digits[--count];
    }
}

static void put_hexadecimal(struct sink *sink, const struct specification *specification,
                            const struct number *number, struct text *text)
{
    uint64_t value = number->mantissa << number->shift;
    long exponent = value != 0 ? number->exponent + 60 - number->shift : 0;
    if (specification->has_precision && specification->precision < 15) {
        uint64_t unit = 1ul << (60 - 4 * specification->precision), rest = value & (unit - 1);
        value -= rest;
        if (rest > unit / 2 || (rest == unit / 2 && rest > 0 && (value & unit) != 0)) {
            value += unit;
            if (value == 0) { // it was fff...
                value = 1ul << 60;
                exponent += 4;
            }
        }
    }
    text->behind = specification->precision;
    if (!specification->has_precision) {
        text->behind = value << 4 != 0 ? 15 - (size_t)__builtin_ctzl(value) / 4 : 0;
    }
    text->before = 1;
    text->hexadecimal = value;
    text->point = text->behind > 0 || specification->alternate;
    strlcpy(text->prefix + strlen(text->prefix), text->upper ? "0X" : "0x", 3);
    set_suffix(text, text->upper ? 'P' : 'p', exponent, 1);
    put_text(sink, specification, text);
}

static void put_decimal(struct sink *sink, const struct specification *specification, char letter,
                        const struct number *number, struct text *text)
{
    struct decimal decimal;
    decimal_set(&decimal, number->mantissa);
    decimal_scale(&decimal, number->exponent);
    char style = (char)(letter | 0x20);
    long precision = specification->has_precision ? specification->precision : 6;
    if (style == 'g') {
        precision -= precision > 0; // behind the first digit
    }
    long high = decimal_high(&decimal);
    decimal_round(&decimal, style == 'f' ? -precision : high - precision);
    high = decimal_high(&decimal);
    bool fixed = style == 'f' || (style == 'g' && high >= -4 && high <= precision);
    if (style == 'g') {
        long low = decimal_low(&decimal), needed = (fixed ? 0 : high) - low;
        precision -= fixed ? high : 0;
        if (!specification->alternate && needed < precision) {
            precision = needed > 0 ? needed : 0;
        }
    }
    text->decimal = &decimal;
    text->high = fixed && high < 0 ? 0 : high;
    text->before = fixed ? (size_t)text->high + 1 : 1;
    text->behind = (size_t)precision;
    text->point = precision > 0 || specification->alternate;
    if (!fixed) {
        set_suffix(text, text->upper ? 'E' : 'e', high, 2);
    }
    put_text(sink, specification, text);
}

// Takes the argument apart (IEEE 754; Intel SDM volume 1, 4.2.2).
static struct number take(va_list *arguments, bool is_long)
{
    struct number number = {0};
    unsigned field, highest;
    if (is_long) {
        long double value = va_arg(*arguments, long double);
        uint16_t top;
        memcpy(&number.mantissa, &value, sizeof(number.mantissa));
        memcpy(&top, (char *)&value + sizeof(number.mantissa), sizeof(top));
        number.negative = top >> 15;
        field = top & (highest = 0x7fff);
        number.exponent = (int)(field > 0 ? field : 1) - 16383 - 63;
    } else {
        double value = va_arg(*arguments, double);
        uint64_t bits;
        memcpy(&bits, &value, sizeof(bits));
        number.negative = bits >> 63;
        field = bits >> 52 & (highest = 0x7ff);
        number.mantissa = (bits & 0xffffffffffffful) | (uint64_t)(field > 0) << 52;
        number.exponent = (int)(field > 0 ? field : 1) - 1023 - 52;
        number.shift = 8;
    }
    number.finite = field < highest;
    if (!number.finite) { // the bit before the point doesn't count
        number.mantissa <<= is_long ? 1 : 12;
    }
    return number;
}

bool format_floating(void (*put)(void *context, const char *text, size_t length), void *context,
                     size_t *count, const struct specification *specification, char letter,
                     va_list *arguments)
{
    if (letter == '\0' || strchr("aefgAEFG", letter) == NULL) {
        return false;
    }
    struct sink sink = {.put = put, .context = context};
    struct number number = take(arguments, specification->is_long_double);
    struct text text = {.upper = letter < 'a'};
    text.prefix[0] = number.negative        ? '-'
                     : specification->plus  ? '+'
                     : specification->space ? ' '
                                            : '\0';
    if (!number.finite) {
        text.word = number.mantissa == 0 ? text.upper ? "INF" : "inf" : text.upper ? "NAN" : "nan";
        put_text(&sink, specification, &text);
    } else if (letter == 'a' || letter == 'A') {
        put_hexadecimal(&sink, specification, &number, &text);
    } else {
        put_decimal(&sink, specification, letter, &number, &text);
    }
    *count += sink.count;
    return true;
}
