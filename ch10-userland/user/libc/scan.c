// scanf: conversions d i u o x X a e f g p c s [ n % with *, width and the lengths hh h l ll z t j
// L. A byte is taken from the stream only when it fits.
#include "user/libc/stream.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 400 // characters of a number, beyond which it is cut

struct scan {
    FILE *file;
    size_t count; // bytes taken
    bool ended; // the input did so before a conversion could begin
};

// The text of a floating-point number.
struct floating {
    size_t length, most;
    char text[NUMBER_MAX + 1];
};

// The next byte, which stays; EOF.
static int peek(struct scan *scan)
{
    return stream_fill(scan->file) ? (unsigned char)scan->file->buffer[scan->file->start] : EOF;
}

static void take(struct scan *scan)
{
    scan->file->start++;
    scan->count++;
}

static void skip_space(struct scan *scan)
{
    while (isspace(peek(scan))) {
        take(scan);
    }
}

// Stores an integer as one of this size.
static void store(void *to, unsigned size, uint64_t value)
{
    if (to != NULL) {
        memcpy(to, &value, size < sizeof(value) ? size : sizeof(value)); // little endian
    }
}

// Takes the characters that a number can have in this base (0: its prefix says it), at most width.
static size_t take_number(struct scan *scan, char text[NUMBER_MAX + 1], size_t width, int base)
{
    size_t length = 0;
    bool prefix = base == 0 || base == 16, digits = false;
    width = width < NUMBER_MAX ? width : NUMBER_MAX;
    for (int c; length < width && (c = peek(scan)) != EOF; length++) {
        size_t sign = length > 0 && (text[0] == '-' || text[0] == '+');
        int highest = base == 0 ? 10 : base;
        if ((c == '-' || c == '+') && length == 0) {
            // a sign
        } else if (prefix && tolower(c) == 'x' && length == sign + 1 && text[sign] == '0') {
            base = 16;
            digits = false; // "0x" alone is no number
        } else if (isxdigit(c) && (isdigit(c) ? c - '0' : tolower(c) - 'a' + 10) < highest) {
            base = base == 0 && length == sign && c != '0' ? 10 : base;
            base = base == 0 && length > sign ? 8 : base;
            if (base == 8 && c > '7') {
                break;
            }
            digits = true;
        } else {
            break;
        }
        text[length] = (char)c;
        take(scan);
    }
    text[length] = '\0';
    return digits ? length : 0;
}

static bool scan_number(struct scan *scan, void *to, unsigned size, size_t width, char letter)
{
    char text[NUMBER_MAX + 1];
    int base = letter == 'i' ? 0 : letter == 'o' ? 8 : letter == 'x' || letter == 'p' ? 16 : 10;
    if (take_number(scan, text, width, base) == 0) {
        return false;
    }
    bool is_signed = letter == 'd' || letter == 'i';
    store(to, size, is_signed ? (uint64_t)strtol(text, NULL, base) : strtoul(text, NULL, base));
    return true;
}

// Takes a character if it is one of these.
static bool take_one_of(struct scan *scan, struct floating *number, const char *characters)
{
    int c = number->length < number->most ? peek(scan) : EOF;
    if (c == EOF || c == '\0' || strchr(characters, tolower(c)) == NULL) {
        return false;
    }
    number->text[number->length++] = (char)c;
    take(scan);
    return true;
}

static bool take_word(struct scan *scan, struct floating *number, const char *word)
{
    while (*word != '\0' && take_one_of(scan, number, (char[]){*word, '\0'})) {
        word++;
    }
    return *word == '\0';
}

// Takes the longest text that a number can begin with: it may be none ("1e+").
static void take_floating(struct scan *scan, struct floating *number)
{
    const char *digits = "0123456789", *exponent = "e";
    take_one_of(scan, number, "+-");
    if (take_one_of(scan, number, "i")) {
        if (take_word(scan, number, "nf") && take_one_of(scan, number, "i")) {
            take_word(scan, number, "nity");
        }
        return;
    }
    if (take_one_of(scan, number, "n")) {
        take_word(scan, number, "an");
        return;
    }
    if (take_one_of(scan, number, "0") && take_one_of(scan, number, "x")) {
        digits = "0123456789abcdef";
        exponent = "p";
    }
    while (take_one_of(scan, number, digits)) {
    }
    if (take_one_of(scan, number, ".")) {
        while (take_one_of(scan, number, digits)) {
        }
    }
    bool any = false;
    for (size_t i = 0; i < number->length; i++) {
        any |= isdigit(number->text[i]) || (*exponent == 'p' && isxdigit(number->text[i]));
    }
    if (any && take_one_of(scan, number, exponent)) {
        take_one_of(scan, number, "+-");
        while (take_one_of(scan, number, "0123456789")) {
        }
    }
}

static bool scan_floating(struct scan *scan, void *to, unsigned size, size_t width)
{
    struct floating number = {.most = width < NUMBER_MAX ? width : NUMBER_MAX};
    char *end;
    take_floating(scan, &number);
    number.text[number.length] = '\0';
    double value = strtod(number.text, &end);
    if (number.length == 0 || *end != '\0') {
        return false;
    }
    if (to == NULL) {
        // only read
    } else if (size == sizeof(float)) {
        *(float *)to = strtof(number.text, NULL);
    } else if (size == sizeof(double)) {
        *(double *)to = value;
    } else {
        *(long double *)to = strtold(number.text, NULL);
    }
    return true;
}

// Takes bytes as long as they are in the set; all of width bytes without one (%c).
static bool scan_bytes(struct scan *scan, char *to, size_t width, const bool set[256])
{
    size_t length = 0;
    for (int c; length < width && (c = peek(scan)) != EOF && (set == NULL || set[c]); length++) {
        if (to != NULL) {
            to[length] = (char)c;
        }
        take(scan);
    }
    if (set != NULL && to != NULL && length > 0) {
        to[length] = '\0';
    }
    return set != NULL ? length > 0 : length == width;
}

// Reads a set in brackets, behind "["; returns what follows it.
static const char *parse_set(const char *format, bool set[256])
{
    bool among = *format != '^';
    format += !among;
    memset(set, !among, 256);
    for (const char *start = format; *format != '\0' && (*format != ']' || format == start);) {
        unsigned char from = (unsigned char)*format++, to = from;
        if (format[0] == '-' && format[1] != ']' && format[1] != '\0') {
            to = (unsigned char)format[1];
            format += 2;
        }
        for (unsigned c = from; c <= to; c++) {
            set[c] = among;
        }
    }
    return *format == ']' ? format + 1 : format;
}

static unsigned parse_length(const char **format)
{
    switch (*(*format)++) {
    case 'h':
        if (**format == 'h') {
            ++*format;
            return sizeof(char);
        }
        return sizeof(short);
    case 'l':
        *format += **format == 'l';
        return sizeof(long);
    case 'z':
    case 't':
    case 'j':
        return sizeof(long);
    case 'L':
        return sizeof(long double);
    default:
        --*format;
        return sizeof(int);
    }
}

// One conversion from behind its "%" on; *format goes behind it. False: what came did not fit.
static bool convert(struct scan *scan, const char **format, va_list *arguments, int *stored)
{
    bool set[256], ignored = **format == '*';
    *format += ignored;
    size_t width = 0;
    for (; isdigit(**format); ++*format) {
        width = width < INT_MAX / 10 ? width * 10 + (size_t)(**format - '0') : width;
    }
    unsigned size = parse_length(format);
    char letter = *(*format)++;
    if (letter == '\0') {
        --*format;
        return false;
    }
    if (letter == 'n') {
        if (!ignored) {
            store(va_arg(*arguments, void *), size, scan->count);
        }
        return true;
    }
    if (letter == '[') {
        *format = parse_set(*format, set);
    } else if (letter == 's') {
        for (int c = 0; c < 256; c++) {
            set[c] = !isspace(c);
        }
    }
    if (letter != 'c' && letter != '[') {
        skip_space(scan);
    }
    if (peek(scan) == EOF) {
        scan->ended = true;
        return false;
    }
    if (letter == '%') {
        bool fits = peek(scan) == '%';
        scan->file->start += fits;
        scan->count += fits;
        return fits;
    }
    if (strchr("diuoxXaAeEfFgGpcs[", letter) == NULL) {
        return false;
    }
    size = letter == 'p' ? sizeof(void *) : size;
    letter = (char)tolower(letter);
    void *to = ignored ? NULL : va_arg(*arguments, void *);
    size_t most = width > 0 ? width : letter == 'c' ? 1 : SIZE_MAX;
    bool fits = letter == 'c'                    ? scan_bytes(scan, to, most, NULL)
                : letter == 's' || letter == '[' ? scan_bytes(scan, to, most, set)
                : strchr("aefg", letter) != NULL ? scan_floating(scan, to, size, most)
                                                 : scan_number(scan, to, size, most, letter);
    *stored += fits && !ignored;
    return fits;
}

int vfscanf(FILE *file, const char *format, va_list arguments)
{
    struct scan scan = {.file = file};
    int stored = 0;
    bool fits = true;
    va_list list;
    va_copy(list, arguments);
    while (fits && *format != '\0') {
        if (isspace(*format)) {
            skip_space(&scan);
            format++;
        } else if (*format == '%') {
            format++;
            fits = convert(&scan, &format, &list, &stored);
        } else {
            int c = peek(&scan);
            scan.ended = c == EOF;
            fits = c == (unsigned char)*format++;
            if (fits) {
                take(&scan);
            }
        }
    }
    va_end(list);
    return stored == 0 && scan.ended ? EOF : stored;
}

int vscanf(const char *format, va_list arguments)
{
    return vfscanf(stdin, format, arguments);
}

int vsscanf(const char *text, const char *format, va_list arguments)
{
    size_t length = strlen(text);
    FILE file = {.descriptor = -1, .readable = true, .chosen = true};
    file.buffer = (char *)text; // only read
    file.size = file.end = length;
    return vfscanf(&file, format, arguments);
}

int sscanf(const char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = vsscanf(text, format, arguments);
    va_end(arguments);
    return result;
}

int fscanf(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = vfscanf(file, format, arguments);
    va_end(arguments);
    return result;
}

int scanf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = vfscanf(stdin, format, arguments);
    va_end(arguments);
    return result;
}
