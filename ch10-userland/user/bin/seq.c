// seq: numbers one after the other. They may have up to nine decimals, and are exact.
#include "user/libc/command.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DECIMALS_MAX 9

struct decimal {
    int64_t value; // times 10^decimals
    int decimals;
};

// Reads "-12.50"; ends the program where it is no number or too large.
static struct decimal parse(const char *text)
{
    struct decimal number = {0};
    const char *at = text;
    bool negative = *at == '-', point = false, digits = false, fits = true;
    at += negative || *at == '+';
    for (; *at != '\0' && fits; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        if (*at < '0' || *at > '9') {
            break;
        }
        digits = true;
        fits = !__builtin_mul_overflow(number.value, 10, &number.value) &&
               !__builtin_add_overflow(number.value, *at - '0', &number.value);
        number.decimals += point;
        fits &= number.decimals <= DECIMALS_MAX;
    }
    if (!fits) {
        errx(1, "'%s': more digits than fit", text);
    }
    if (*at != '\0' || !digits) {
        warnx("invalid floating point argument: '%s'", text);
        command_usage("seq [-w] [-s separator] [first [step]] last");
    }
    number.value = negative ? -number.value : number.value;
    return number;
}

static int64_t scale(struct decimal number, int decimals)
{
    for (; number.decimals < decimals; number.decimals++) {
        if (__builtin_mul_overflow(number.value, 10, &number.value)) {
            errx(1, "more digits than fit");
        }
    }
    return number.value;
}

static int format_number(char text[48], int64_t value, int decimals, int width)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value, unit = 1;
    for (int i = 0; i < decimals; i++) {
        unit *= 10;
    }
    const char *sign = value < 0 ? "-" : "";
    int rest = decimals > 0 ? decimals + 1 : 0;
    int digits = width - rest - (value < 0);
    int length = snprintf(text, 48, "%s%0*llu", sign, digits > 1 ? digits : 1,
                          (unsigned long long)(size / unit));
    if (decimals > 0) {
        length += snprintf(text + length, 48 - (size_t)length, ".%0*llu", decimals,
                           (unsigned long long)(size % unit));
    }
    return length;
}

int main(int argc, char **argv)
{
    const char *separator = "\n";
    bool wide = false;
    int first = 1;
    // Not getopt's: "-5" is a number.
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "-w") == 0) {
            wide = true;
        } else if (strncmp(argv[first], "-s", 2) == 0) {
            if (argv[first][2] == '\0' && first + 1 == argc) {
                warnx("option requires an argument -- 's'");
                command_usage("seq [-w] [-s separator] [first [step]] last");
            }
            separator = argv[first][2] != '\0' ? argv[first] + 2 : argv[++first];
        } else if (strcmp(argv[first], "--") == 0) {
            first++;
            break;
        } else if (strchr("0123456789.", argv[first][1]) == NULL || argv[first][1] == '\0') {
            warnx("invalid option -- '%c'", argv[first][1]);
            command_usage("seq [-w] [-s separator] [first [step]] last");
        } else {
            break;
        }
    }
    int count = argc - first;
    if (count < 1 || count > 3) {
        count < 1 ? warnx("missing operand") : warnx("extra operand '%s'", argv[first + 3]);
        command_usage("seq [-w] [-s separator] [first [step]] last");
    }
    const struct decimal one = {1, 0};
    struct decimal start = count > 1 ? parse(argv[first]) : one;
    struct decimal by = count > 2 ? parse(argv[first + 1]) : one;
    struct decimal end = parse(argv[argc - 1]);
    int decimals = start.decimals > by.decimals ? start.decimals : by.decimals;
    int common = end.decimals > decimals ? end.decimals : decimals;
    int64_t value = scale(start, common), step = scale(by, common), last = scale(end, common);
    if (step == 0) {
        errx(1, "invalid Zero increment value: '%s'", argv[first + 1]);
    }
    int64_t drop = 1; // digits that only the last number has are not shown
    for (int i = decimals; i < common; i++) {
        drop *= 10;
    }
    char text[48];
    int width = 0;
    if (wide) {
        int start_width = format_number(text, value / drop, decimals, 0);
        int end_width = format_number(text, last / drop, decimals, 0);
        width = start_width > end_width ? start_width : end_width;
    }
    struct output *out = output_open(STDOUT_FILENO);
    bool any = false;
    while (step > 0 ? value <= last : value >= last) {
        output_text(out, any ? separator : "");
        any = true;
        output_bytes(out, text, (size_t)format_number(text, value / drop, decimals, width));
        if (__builtin_add_overflow(value, step, &value) || output_failed(out)) {
            break;
        }
    }
    output_text(out, any ? "\n" : "");
    return output_close(out);
}
