#include "lib/printf.h"

#include "lib/string.h"

#include <limits.h>

struct output {
    void (*put)(void *context, const char *text, size_t length);
    void *context;
    size_t count; // bytes put so far
    va_list arguments;
};

static void put(struct output *output, const char *text, size_t length)
{
    if (length > 0) {
        output->put(output->context, text, length);
        output->count += length;
    }
}

static void put_repeated(struct output *output, bool zeroes, size_t count)
{
    static const char fill[2][17] = {"                ", "0000000000000000"};

    while (count > 0) {
        size_t piece = count < 16 ? count : 16;

        put(output, fill[zeroes], piece);
        count -= piece;
    }
}

// Puts prefix, leading zeroes and body, padded with blanks to the width.
static void put_field(struct output *output, const struct specification *specification,
                      const char *prefix, size_t zeroes, const char *body, size_t length)
{
    size_t used = strlen(prefix) + zeroes + length;
    size_t blanks = specification->width > used ? specification->width - used : 0;

    if (!specification->left) {
        put_repeated(output, false, blanks);
    }
    put(output, prefix, strlen(prefix));
    put_repeated(output, true, zeroes);
    put(output, body, length);
    if (specification->left) {
        put_repeated(output, false, blanks);
    }
}

// Divides *value by a base of at most 16 and returns the remainder. By hand in pieces that a 32-bit
// processor can divide: a 64-bit division there is a call into a compiler library we do not have.
static unsigned divide(uint64_t *value, unsigned base)
{
    uint32_t high = (uint32_t)(*value >> 32), low = (uint32_t)*value;
    uint32_t middle = (high % base) << 16 | low >> 16; // a remainder of 4 bits, 16 bits more
    uint32_t last = (middle % base) << 16 | (low & 0xffff);

    *value = (uint64_t)(high / base) << 32 | (middle / base) << 16 | last / base;
    return last % base;
}

static void put_number(struct output *output, const struct specification *specification,
                       const char *prefix, uint64_t value, unsigned base, const char *digits)
{
    char text[22]; // UINT64_MAX in octal
    size_t length = 0, least = specification->has_precision ? specification->precision : 1;

    while (value > 0) {
        length++;
        text[sizeof(text) - length] = digits[divide(&value, base)];
    }
    // ISO C: # makes an octal number begin with 0, as if by a greater precision.
    if (base == 8 && specification->alternate && least <= length) {
        least = length + 1;
    }
    // The flag 0 gives way to - and to a precision.
    if (specification->zero && !specification->left && !specification->has_precision &&
        specification->width > strlen(prefix) + least) {
        least = specification->width - strlen(prefix);
    }
    put_field(output, specification, prefix, least > length ? least - length : 0,
              text + sizeof(text) - length, length);
}

// Takes an integer of specification->size bytes (what is shorter than an int is passed as one) and
// widens it.
static uint64_t take_integer(struct output *output, const struct specification *specification,
                             bool is_signed)
{
    unsigned unused = 64 - 8 * specification->size;
    uint64_t value = specification->size == 8 ? va_arg(output->arguments, uint64_t)
                                              : va_arg(output->arguments, uint32_t);
    value <<= unused;
    return is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
}

static void put_signed(struct output *output, const struct specification *specification)
{
    uint64_t value = take_integer(output, specification, true);
    const char *sign = specification->plus ? "+" : specification->space ? " " : "";

    if ((int64_t)value < 0) {
        sign = "-";
        value = -value;
    }
    put_number(output, specification, sign, value, 10, "0123456789");
}

static void put_hexadecimal(struct output *output, const struct specification *specification,
                            bool upper)
{
    uint64_t value = take_integer(output, specification, false);
    const char *prefix = specification->alternate && value != 0 ? upper ? "0X" : "0x" : "";

    put_number(output, specification, prefix, value, 16,
               upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

static void put_string(struct output *output, const struct specification *specification,
                       const char *string)
{
    if (string == NULL) {
        string = "(null)";
    }
    // With a precision the string need not be terminated.
    put_field(output, specification, "", 0, string,
              specification->has_precision ? strnlen(string, specification->precision)
                                           : strlen(string));
}

// Reads a decimal number, or takes an argument for *. What does not fit stays at INT_MAX.
static int parse_number(struct output *output, const char **text)
{
    int number = 0;

    if (**text == '*') {
        (*text)++;
        return va_arg(output->arguments, int);
    }
    while (**text >= '0' && **text <= '9') {
        int digit = *(*text)++ - '0';

        number = number <= (INT_MAX - digit) / 10 ? number * 10 + digit : INT_MAX;
    }
    return number;
}

static void parse_flags(struct specification *specification, const char **text)
{
    for (;; (*text)++) {
        switch (**text) {
        case '-':
            specification->left = true;
            break;
        case '0':
            specification->zero = true;
            break;
        case '+':
            specification->plus = true;
            break;
        case ' ':
            specification->space = true;
            break;
        case '#':
            specification->alternate = true;
            break;
        default:
            return;
        }
    }
}

// Reads a length modifier and returns the argument's size.
static unsigned parse_length(const char **text)
{
    const char *letter = (*text)++;

    switch (*letter) {
    case 'h':
        if (letter[1] != 'h') {
            return sizeof(short);
        }
        (*text)++;
        return sizeof(char);
    case 'l':
        if (letter[1] != 'l') {
            return sizeof(long);
        }
        (*text)++;
        return sizeof(long long);
    case 'z':
        return sizeof(size_t);
    case 't':
        return sizeof(ptrdiff_t);
    case 'j':
        return sizeof(intmax_t);
    default:
        (*text)--;
        return sizeof(int);
    }
}

// Reads all up to the conversion's letter.
static struct specification parse(struct output *output, const char **text)
{
    struct specification specification = {0};

    parse_flags(&specification, text);
    int width = parse_number(output, text);

    // A negative width from an argument is the flag - and a width.
    specification.left |= width < 0;
    specification.width = width < 0 ? -(unsigned)width : (unsigned)width;
    if (**text == '.') {
        (*text)++;
        int precision = parse_number(output, text);

        // A negative one counts as none.
        specification.has_precision = precision >= 0;
        specification.precision = precision >= 0 ? (unsigned)precision : 0;
    }
    specification.is_long_double = **text == 'L';
    *text += specification.is_long_double;
    specification.size = parse_length(text);
    return specification;
}

// Does one conversion. Returns false when the letter is unknown.
static bool convert(struct output *output, const struct specification *specification, char letter)
{
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(output, specification);
        return true;
    case 'u':
        put_number(output, specification, "", take_integer(output, specification, false), 10,
                   "0123456789");
        return true;
    case 'o':
        put_number(output, specification, "", take_integer(output, specification, false), 8,
                   "01234567");
        return true;
    case 'x':
    case 'X':
        put_hexadecimal(output, specification, letter == 'X');
        return true;
    case 'p':
        put_number(output, specification, "0x", (uintptr_t)va_arg(output->arguments, void *), 16,
                   "0123456789abcdef");
        return true;
    case 'c': {
        char character = (char)va_arg(output->arguments, int);

        put_field(output, specification, "", 0, &character, 1);
        return true;
    }
    case 's':
        put_string(output, specification, va_arg(output->arguments, char *));
        return true;
    case '%':
        put(output, "%", 1);
        return true;
    default:
        return format_floating != NULL &&
               format_floating(output->put, output->context, &output->count, specification, letter,
                               &output->arguments);
    }
}

int format(void (*sink)(void *context, const char *text, size_t length), void *context,
           const char *text, va_list arguments)
{
    struct output output = {.put = sink, .context = context};

    va_copy(output.arguments, arguments);
    while (*text != '\0') {
        const char *percent = strchr(text, '%');

        if (percent == NULL) {
            put(&output, text, strlen(text));
            break;
        }
        put(&output, text, (size_t)(percent - text));
        text = percent + 1;
        struct specification specification = parse(&output, &text);
        char letter = *text; // NUL when the text ends within a conversion

        text += letter != '\0';
        if (!convert(&output, &specification, letter)) {
            put(&output, percent, (size_t)(text - percent));
        }
    }
    va_end(output.arguments);
    return output.count < INT_MAX ? (int)output.count : INT_MAX;
}

struct buffer {
    char *text;
    size_t size;
    size_t length; // of the whole text, kept or not
};

static void put_in_buffer(void *context, const char *text, size_t length)
{
    struct buffer *buffer = context;

    if (buffer->length < buffer->size) {
        size_t room = buffer->size - buffer->length;

        memcpy(buffer->text + buffer->length, text, length < room ? length : room);
    }
    buffer->length += length;
}

int vsnprintf(char *buffer, size_t size, const char *text, va_list arguments)
{
    struct buffer sink = {.text = buffer, .size = size};
    int length = format(put_in_buffer, &sink, text, arguments);

    if (size > 0) {
        buffer[sink.length < size ? sink.length : size - 1] = '\0';
    }
    return length;
}

int snprintf(char *buffer, size_t size, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    int length = vsnprintf(buffer, size, text, arguments);

    va_end(arguments);
    return length;
}
