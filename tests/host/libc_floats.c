// Floating-point numbers of the chapter's C library against the host's, on random input: texts of
// numbers, and numbers of texts.
#define _GNU_SOURCE
#define CASES_MAIN
#include "libc.h"

#include <ctype.h>
#include <math.h>

SAME(snprintf);
SAME(strtod);
SAME(strtof);
SAME(strtold);
SAME(sscanf);

// Any bits; numbers of everyday; those with few decimals; the ends of the range.
static double random_double(void)
{
    union {
        uint64_t bits;
        double number;
    } any = {.bits = random_bits()};
    switch (random_below(8)) {
    case 0:
    case 1:
        return any.number;
    case 2:
        return (double)(int64_t)any.bits / (double)(1ul << random_below(64));
    case 3:
        return (double)((int)random_below(2000001) - 1000000) / 1000;
    case 4:
        return (double)((int)random_below(2001) - 1000) / 8;
    case 5:
        return (double)random_below(100000) / 1e9;
    case 6: // few bits: ties
        any.bits &= ~0ul << random_below(64);
        return any.number;
    default: {
        static const double edges[] = {
            0.0,     -0.0,      INFINITY,   -INFINITY,    NAN,      1.0,       0x1p-1074, 0x1p-1022,
            0x1.fffffffffffffp1023, 0x0.fffffffffffffp-1022, 9.5, 99.5, 999999.5, 9999995,
            0.00001, 0.0001,
            0.00009999995, 1e15, 1e16, 1e17, 1e22, 1e23, 0.5, 1.5, 2.5, 0.125, 5e-324, -1.0,
            0x1p63, 0x1p64};
        return edges[random_below(sizeof(edges) / sizeof(*edges))];
    }
    }
}

static long double random_long_double(void)
{
    long double number = (long double)random_bits();
    switch (random_below(4)) {
    case 0:
        return random_double();
    case 1:
        return ldexpl(number, (int)random_below(300) - 200);
    case 2:
        return ldexpl(number, (int)random_below(32900) - 16510);
    default:
        return -number / (long double)(1 + random_below(1000));
    }
}

static void random_conversion(char format[32], bool is_long)
{
    char width[12] = "", precision[12] = "";
    if (random_below(2)) {
        snprintf(width, sizeof(width), "%d", 1 + (int)random_below(30));
    }
    if (random_below(3)) {
        snprintf(precision, sizeof(precision), ".%d",
                 (int)random_below(random_below(20) == 0 ? 1200 : 24));
    }
    snprintf(format, 32, "<%%%s%s%s%s%s%c>", random_below(4) ? "" : "0",
             (const char *[]){"", "", "-", "+", " ", "#", "+#", "-#"}[random_below(8)], width,
             precision, is_long ? "L" : "", "eEfFgGaA"[random_below(8)]);
}

CASE(printed,
     "random doubles, by random conversions, flags, widths and precisions, are printed with the "
     "digits that the host prints")
{
    static char ours[2048], theirs[2048], format[32];
    for (unsigned round = 0; round < 150000; round++) {
        double number = random_double();
        random_conversion(format, false);
        int length = rung_snprintf(ours, sizeof(ours), format, number);
        int expected = snprintf(theirs, sizeof(theirs), format, number);
        if (strchr(format, '#') != NULL && strpbrk(theirs, ".") != NULL &&
            toupper(strpbrk(theirs, ".")[1]) == 'E') {
            continue; // the host's %#g forgets zeroes where it rounds up to a power of ten
        }
        if (length != expected || strcmp(ours, theirs) != 0) {
            fprintf(stderr, "%a by \"%s\": \"%s\", on the host \"%s\"\n", number, format, ours,
                    theirs);
            CHECK(false);
        }
    }
}

CASE(printed_long, "long doubles too; beside other arguments each number finds its own")
{
    static char ours[8192], theirs[8192], format[32];
    for (unsigned round = 0; round < 4000; round++) {
        long double number = random_long_double();
        random_conversion(format, true);
        int length = rung_snprintf(ours, sizeof(ours), format, number);
        if (length != snprintf(theirs, sizeof(theirs), format, number) || strcmp(ours, theirs)) {
            fprintf(stderr, "%La by \"%s\": \"%s\", on the host \"%s\"\n", number, format, ours,
                    theirs);
            CHECK(false);
        }
    }
    for (unsigned round = 0; round < 1000; round++) {
        double a = random_double(), b = random_double(), c = random_double();
        int i = (int)random_bits(), width = (int)random_below(40) - 20,
            precision = (int)random_below(9) - 2;
        static const char mixed[] = "%d %f %s %*.*e %Lg %g %g %g %g %g %g %g %g %x %.3f %c %%f";
#define ARGUMENTS                                                                                  \
    i, a, "text", width, precision, b, (long double)c, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, a, i, b, \
        'x'
        CHECK(rung_snprintf(ours, sizeof(ours), mixed, ARGUMENTS) ==
              snprintf(theirs, sizeof(theirs), mixed, ARGUMENTS));
        CHECK(strcmp(ours, theirs) == 0);
    }
}

CASE(digits,
     "all digits there are: of the smallest number, of the largest, and as many as are asked for")
{
    static char ours[40000], theirs[40000];
    static const long double numbers[] = {0x1p-16445L, 0x1.fffffffffffffffep16383L,
                                          0x1p-1074L,  0x1.fffffffffffffp1023L};
    for (unsigned i = 0; i < 4; i++) {
        for (const char *const *format =
                 (const char *const[]){"%.17000Lf", "%.17000Le", "%.17000Lg", "%Lf", "%La", NULL};
             *format != NULL; format++) {
            CHECK(rung_snprintf(ours, sizeof(ours), *format, numbers[i]) ==
                  snprintf(theirs, sizeof(theirs), *format, numbers[i]));
            CHECK(strcmp(ours, theirs) == 0);
        }
    }
    CHECK(rung_snprintf(NULL, 0, "%.3000000f", 0.1) == 3000002);
}

// ---- Numbers of texts ----

static char *random_number_text(void)
{
    static char text[2200];
    switch (random_below(7)) {
    case 0:
        return random_text(random_below(20), "0123456789.e+-xXpPainfty( )");
    case 1:
        snprintf(text, sizeof(text), "%.*e", (int)random_below(30), random_double());
        break;
    case 2: // half between two numbers, or next to that
        snprintf(text, sizeof(text), "%.800Le", (long double)random_double() * (1 + 0x1p-53L));
        break;
    case 3: {
        double number = fabs(random_double());
        double next = nextafter(number, INFINITY);
        snprintf(text, sizeof(text), "%.1100Le", ((long double)number + next) / 2);
        text[random_below(strlen(text))] = (char)('0' + random_below(10));
        break;
    }
    case 4:
        snprintf(text, sizeof(text), "%s%lu.%lue%d", random_below(2) ? "-" : " ",
                 random_bits() >> random_below(64), random_bits(), (int)random_below(700) - 360);
        break;
    case 5:
        snprintf(text, sizeof(text), "0x%lx.%lxp%d", random_bits() >> random_below(64),
                 random_bits(), (int)random_below(2400) - 1200);
        break;
    default: {
        static const char *const edges[] = {
            "inf", "-Infinity", "nan", "-nan", "NAN(12_a)", "nan(", "nan(-)", "infinit", "0x",
            "0x.", "0x.p1",
            ".", "-.", "+.5", "5.", "1e", "1e+", "1e+x", "0e99999999999999999999",
            "1e99999999999999999999",
            "1e-99999999999999999999", "0x1p99999999999999999999", "0x1p-99999999999999999999",
            "0x0p1",
            "2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072014e-308",
            "1.7976931348623158e308", "1.7976931348623159e308", "4.9e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324", "9007199254740993",
            "9007199254740993.0000000000000000001", "-0",
            "0x1.00000000000008p0", "0x1.000000000000080001p0", "0x1.00000000000018p0", "1 2",
            "\t\n1.5x",
            "3.4028235e38", "3.4028236e38", "1.1754943e-38", "7e-46", "1e4932", "1.2e4932",
            "3.6e-4951", "1.8e-4951",
            "00000000000000000000000000000000000000000000001",
            "0.0000000000000000000000000000000000000000000001"};
        return strdup(edges[random_below(sizeof(edges) / sizeof(*edges))]);
    }
    }
    return strdup(text);
}

// ISO C leaves open whether what is rounded up to the least normal number is a range error.
#define SAME_FLOATING(name, type, least)                                                           \
    do {                                                                                           \
        char *ours, *theirs;                                                                       \
        errno = rung_errno = 0;                                                                    \
        type number = rung_##name(text, &ours), same = name(text, &theirs);                        \
        if (memcmp(&number, &same, sizeof(type) == 16 ? 10 : sizeof(type)) != 0 ||                 \
            ours != theirs || (rung_errno != errno && fabsl(number) != (least))) {                 \
            fprintf(stderr,                                                                        \
                    #name " of \"%s\": %La, on the host %La; end %zu, %zu; errno %d, %d\n",        \
                    text, (long double)number, (long double)same, (size_t)(ours - text),           \
                    (size_t)(theirs - text), rung_errno, errno);                                   \
            CHECK(false);                                                                          \
        }                                                                                          \
    } while (0)

CASE(
    read,
    "strtod, strtof and strtold give the nearest number, the end and errno that the host's do: any "
    "text, halves between two numbers, hexadecimal ones")
{
    for (unsigned round = 0; round < 60000; round++) {
        char *text = random_number_text();
        SAME_FLOATING(strtod, double, 0x1p-1022);
        SAME_FLOATING(strtof, float, 0x1p-126f);
        if (round % 20 == 0) {
            SAME_FLOATING(strtold, long double, 0x1p-16382L);
        }
        free(text);
    }
}

CASE(read_back, "17 digits of a double, and 9 of a float, are that number again")
{
    char text[64];
    for (unsigned round = 0; round < 50000; round++) {
        double number = random_double();
        rung_snprintf(text, sizeof(text), "%.17g", number);
        double again = rung_strtod(text, NULL);
        CHECK(memcmp(&number, &again, sizeof(number)) == 0 || (isnan(number) && isnan(again)));
        float small = (float)number;
        rung_snprintf(text, sizeof(text), "%.9g", small);
        float same = rung_strtof(text, NULL);
        CHECK(memcmp(&small, &same, sizeof(small)) == 0 || (isnan(small) && isnan(same)));
    }
}

CASE(scanned, "sscanf finds floating-point numbers in texts as the host's does, of every length")
{
    static const char *const conversions[] = {"%f", "%lf", "%Lf", "%e", "%lg", "%5f", "%3lf", "%*f",
                                              "%d", "%c",  " ",   ",",  "%la", "%1lf", "%n"};
    for (unsigned round = 0; round < 200000; round++) {
        char format[64] = "";
        for (size_t i = random_below(3) + 1; i > 0; i--) {
            strcat(format, conversions[random_below(sizeof(conversions) / sizeof(*conversions))]);
        }
        char *text =
            random_text(random_below(14), random_below(3) ? "0123.- ,+" : "0123.e- ,xf+in");
        char ours[3][64], theirs[3][64];
        memset(ours, 0x5a, sizeof(ours));
        memset(theirs, 0x5a, sizeof(theirs));
        int result = rung_sscanf(text, format, ours[0], ours[1], ours[2]);
        int expected = sscanf(text, format, theirs[0], theirs[1], theirs[2]);
        // The host takes "1e" and "0x" for numbers, against ISO C (7.21.6.2).
        if (strpbrk(text, "exin") == NULL &&
            (result != expected || memcmp(ours, theirs, sizeof(ours)) != 0)) {
            fprintf(stderr, "text \"%s\", format \"%s\": %d, on the host %d\n", text, format,
                    result, expected);
            CHECK(false);
        }
        free(text);
    }
    float number = 0;
    char rest[8] = "";
    CHECK(rung_sscanf("1e5x", "%f%s", &number, rest) == 2 && number == 1e5f && rest[0] == 'x');
    CHECK(rung_sscanf("-0x1.8P1z", "%g%s", &number, rest) == 2 && number == -3 && rest[0] == 'z');
    CHECK(rung_sscanf("1e+ 2", "%f", &number) == 0 && rung_sscanf("0x", "%f", &number) == 0);
    CHECK(rung_sscanf("infinit", "%f", &number) == 0 && rung_sscanf("inx", "%f", &number) == 0);
    CHECK(rung_sscanf("-infx", "%f%s", &number, rest) == 2 && number == -INFINITY);
    CHECK(rung_sscanf("Nan0", "%f%s", &number, rest) == 2 && isnan(number) && rest[0] == '0');
    CHECK(rung_sscanf("12.5", "%3f%s", &number, rest) == 2 && number == 12 && rest[0] == '5');
}
