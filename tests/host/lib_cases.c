// Tests of lib/ and of kernel/options.c on the host: `lib_cases NAME SEED` runs one of them. What
// libc has too is compared with libc. Buffers come from malloc in their exact size, so that the
// address sanitizer sees each byte read or written beyond.
#include "lib.h"

#include "kernel/options.h"
#include "lib/assert.h"

#include <limits.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

static struct test_case *cases;

// Defines a test; test_lib.py finds its name and claim in this text.
#define CASE(case_name, claim)                                                                     \
    static void run_##case_name(void);                                                             \
    __attribute__((constructor)) static void add_##case_name(void)                                 \
    {                                                                                              \
        static struct test_case this_case = {#case_name, run_##case_name, NULL};                   \
        this_case.next = cases;                                                                    \
        cases = &this_case;                                                                        \
    }                                                                                              \
    static void run_##case_name(void)

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t random_state;

// splitmix64
static uint64_t random_bits(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static size_t random_below(size_t limit)
{
    return random_bits() % limit;
}

// A block of exactly that size with random bytes; few different ones, so that comparisons get far.
static char *random_block(size_t size)
{
    char *block = malloc(size);
    for (size_t i = 0; i < size; i++) {
        block[i] = (char)(random_below(8) == 0 ? random_bits() : 'a' + random_below(2));
    }
    return block;
}

// The same with a NUL at the end and none before.
static char *random_string(size_t length)
{
    char *string = random_block(length + 1);
    for (size_t i = 0; i < length; i++) {
        if (string[i] == '\0') {
            string[i] = 'x';
        }
    }
    string[length] = '\0';
    return string;
}

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

// ---- string ----

CASE(memory_copy, "memcpy and memmove copy every size at every offset, overlapping or not")
{
    for (unsigned round = 0; round < 100000; round++) {
        size_t size = random_below(160), source = random_below(90), destination = random_below(90);
        size_t total = size + (source > destination ? source : destination);
        char *block = random_block(total), *expected = malloc(total);
        memcpy(expected, block, total);
        memmove(expected + destination, expected + source, size);
        if (round % 2 == 0) {
            CHECK(rung_memmove(block + destination, block + source, size) == block + destination);
        } else {
            char *copy = malloc(size);
            CHECK(rung_memcpy(copy, block + source, size) == copy);
            memcpy(block + destination, copy, size);
            free(copy);
        }
        CHECK(memcmp(block, expected, total) == 0);
        free(block);
        free(expected);
    }
}

CASE(memory_set, "memset fills with the low eight bits of any int, and nothing beyond")
{
    for (unsigned round = 0; round < 50000; round++) {
        size_t before = random_below(10), size = random_below(160), total = before + size;
        int byte = (int)random_bits();
        char *block = random_block(total), *expected = malloc(total);
        memcpy(expected, block, total);
        memset(expected + before, byte, size);
        CHECK(rung_memset(block + before, byte, size) == block + before);
        CHECK(memcmp(block, expected, total) == 0);
        free(block);
        free(expected);
    }
}

CASE(memory_compare, "memcmp and memchr answer as libc's do")
{
    for (unsigned round = 0; round < 100000; round++) {
        size_t size = random_below(24);
        char *left = random_block(size), *right = random_block(size);
        if (round % 2 == 0 && size > 0) {
            memcpy(right, left, size);
            right[random_below(size)] ^= (char)random_bits();
        }
        int byte = (int)random_bits();
        CHECK(sign(rung_memcmp(left, right, size)) == sign(memcmp(left, right, size)));
        CHECK(rung_memchr(left, byte, size) == memchr(left, byte, size));
        CHECK(rung_memchr(left, 'b', size) == memchr(left, 'b', size));
        free(left);
        free(right);
    }
}

CASE(string_compare, "strcmp and strncmp answer as libc's do, bytes above 127 included")
{
    for (unsigned round = 0; round < 100000; round++) {
        size_t length = random_below(20), limit = random_below(24);
        char *left = random_string(length), *right = random_string(random_below(20));
        if (round % 2 == 0) {
            free(right);
            right = malloc(length + 1);
            memcpy(right, left, length + 1);
            right[random_below(length + 1)] = '\0';
        }
        CHECK(sign(rung_strcmp(left, right)) == sign(strcmp(left, right)));
        CHECK(sign(rung_strncmp(left, right, limit)) == sign(strncmp(left, right, limit)));
        free(left);
        free(right);
    }
}

CASE(string_unterminated, "strnlen and strncmp read nothing beyond their limit")
{
    for (size_t size = 0; size < 40; size++) {
        char *left = malloc(size), *right = malloc(size);
        memset(left, 'a', size);
        memset(right, 'a', size);
        CHECK(rung_strnlen(left, size) == size);
        CHECK(rung_strncmp(left, right, size) == 0);
        free(left);
        free(right);
    }
    CHECK(rung_strnlen("four", 3) == 3 && rung_strnlen("four", 4) == 4);
    CHECK(rung_strnlen("four", 5) == 4 && rung_strnlen("four", SIZE_MAX) == 4);
}

CASE(string_search, "strlen, strchr and strrchr answer as libc's do, for the NUL too")
{
    for (unsigned round = 0; round < 50000; round++) {
        char *string = random_string(random_below(30));
        const int bytes[] = {'a', 'b', 'x', '\0', (int)random_bits()};
        CHECK(rung_strlen(string) == strlen(string));
        for (unsigned i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
            CHECK(rung_strchr(string, bytes[i]) == strchr(string, bytes[i]));
            CHECK(rung_strrchr(string, bytes[i]) == strrchr(string, bytes[i]));
        }
        free(string);
    }
}

CASE(string_lcpy, "strlcpy cuts, terminates and returns the source's length, for every size")
{
    for (size_t length = 0; length < 20; length++) {
        for (size_t size = 0; size < 24; size++) {
            char *source = random_string(length), *destination = malloc(size);
            CHECK(rung_strlcpy(destination, source, size) == length);
            if (size > 0) {
                size_t kept = length < size ? length : size - 1;
                CHECK(memcmp(destination, source, kept) == 0 && destination[kept] == '\0');
            }
            free(source);
            free(destination);
        }
    }
}

// ---- printf ----

// A random specification with one of the conversions: "%-012.3llx".
static void random_specification(char *text, const char *length, const char *conversions)
{
    char letter = conversions[random_below(strlen(conversions))];
    *text++ = '%';
    for (unsigned flags = (unsigned)random_below(4); flags > 0; flags--) {
        char flag = "-0+ #"[random_below(5)];
        // What ISO C leaves undefined is not compared.
        bool defined = flag == '-' || (flag == '0' && !strchr("sc", letter)) ||
                       (strchr("+ ", flag) && strchr("di", letter)) ||
                       (flag == '#' && strchr("oxX", letter));
        if (defined) {
            *text++ = flag;
        }
    }
    if (random_below(2) == 0) {
        text += sprintf(text, "%u", (unsigned)random_below(26) + 1);
    }
    if (letter != 'c' && random_below(2) == 0) {
        *text++ = '.';
        if (random_below(4) != 0) {
            text += sprintf(text, "%u", (unsigned)random_below(26));
        }
    }
    sprintf(text, "%s%c", length, letter);
}

// A number whose interesting cases are frequent: few bits, all sizes, borders.
static uint64_t random_number(void)
{
    uint64_t number = random_bits() >> random_below(64);
    switch (random_below(6)) {
    case 0:
        return 0;
    case 1:
        return -number;
    case 2:
        return (uint64_t)1 << random_below(64);
    case 3:
        return ((uint64_t)1 << random_below(64)) - 1;
    default:
        return number;
    }
}

#define COMPARE(...)                                                                               \
    do {                                                                                           \
        char expected[512], found[512];                                                            \
        int expected_length = snprintf(expected, sizeof(expected), __VA_ARGS__);                   \
        int found_length = rung_snprintf(found, sizeof(found), __VA_ARGS__);                       \
        if (expected_length != found_length || strcmp(expected, found) != 0) {                     \
            fprintf(stderr, "%s: found \"%s\" (%d), libc has \"%s\" (%d)\n", text, found,          \
                    found_length, expected, expected_length);                                      \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

CASE(printf_numbers, "every conversion, flag, width, precision and length prints as libc does")
{
    static const struct {
        const char *length;
        unsigned size;
    } lengths[] = {
        {"hh", 4}, {"h", 4}, {"", 4}, {"l", 8}, {"ll", 8}, {"z", 8}, {"t", 8}, {"j", 8},
    };

    for (unsigned round = 0; round < 500000; round++) {
        size_t kind = random_below(sizeof(lengths) / sizeof(lengths[0]));
        uint64_t number = random_number();
        char text[64];
        random_specification(text, lengths[kind].length, "diuoxX");
        if (lengths[kind].size == 8) {
            COMPARE(text, (unsigned long long)number);
        } else {
            COMPARE(text, (unsigned)number);
        }
    }
}

CASE(printf_mixed, "several conversions in one text take their arguments in order")
{
    for (unsigned round = 0; round < 100000; round++) {
        char text[256], number[32], large[32], word[32], character[32];
        char *string = random_string(random_below(12));
        random_specification(number, "", "diuoxX");
        random_specification(large, "ll", "diuoxX");
        random_specification(word, "", "s");
        random_specification(character, "", "c");
        snprintf(text, sizeof(text), "%s a%%%%%s|%s%s %%%%", number, large, word, character);
        int number_value = (int)random_bits(), character_value = (int)random_below(255) + 1;
        unsigned long long large_value = random_number();
        COMPARE(text, number_value, large_value, string, character_value);
        free(string);
    }
}

CASE(printf_stars, "width and precision come from arguments, negative ones as ISO C says")
{
    static const char *const texts[] = {"[%*d]", "[%-*d]", "[%0*d]"};

    for (int width = -12; width <= 12; width++) {
        const char *text = NULL;
        for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            text = texts[i];
            COMPARE(text, width, -42);
        }
        for (int precision = -3; precision <= 12; precision++) {
            text = "[%*.*x|%.*s]";
            COMPARE(text, width, precision, 0xbeef, precision, "pieces");
        }
    }
}

static void check_printed(const char *expected, const char *text, ...)
{
    char found[512];
    va_list arguments;
    va_start(arguments, text);
    int length = rung_vsnprintf(found, sizeof(found), text, arguments);
    va_end(arguments);
    if (strcmp(found, expected) != 0 || length != (int)strlen(expected)) {
        fprintf(stderr, "\"%s\": found \"%s\" (%d), expected \"%s\"\n", text, found, length,
                expected);
        exit(1);
    }
}

CASE(printf_own, "what libc does otherwise, or not at all, is as lib/printf.h says")
{
    check_printed("0x0 0xffffffff80100000", "%p %p", NULL, (void *)0xffffffff80100000);
    check_printed("[              0x10]", "[%18p]", (void *)0x10);
    check_printed("[0x10  ]", "[%-6p]", (void *)0x10);
    check_printed("(null) (nul", "%s %.4s", NULL, NULL);
    check_printed("%n %5y %-+q 7", "%n %5y %-+q %d", 7);
    check_printed("%f %Lf 7", "%f %Lf %d", 7);
    check_printed("100%", "100%%");
    check_printed("100%", "100%");
    check_printed("100%-08ll", "100%-08ll");
    check_printed("100%.", "100%.");
    check_printed("", "");
    check_printed("18446744073709551615 1777777777777777777777", "%llu %llo", UINT64_MAX,
                  UINT64_MAX);
    check_printed("-9223372036854775808 9223372036854775807", "%lld %lld", INT64_MIN, INT64_MAX);
    check_printed("-2147483648 -128 -1 255", "%d %hhd %hd %hhu", INT_MIN, 128, 65535, -1);
}

CASE(printf_unterminated, "a precision makes %s read no further")
{
    for (int size = 0; size < 20; size++) {
        char *block = malloc((size_t)size), text[64];
        memset(block, 'a', (size_t)size);
        CHECK(rung_snprintf(text, sizeof(text), "%.*s", size, block) == size);
        free(block);
    }
}

CASE(snprintf_bounds, "snprintf writes no byte too many, terminates and tells the whole length")
{
    const char *whole = "number 42, text (0xc0ffee), done";
    int length = (int)strlen(whole);

    for (size_t size = 0; size < 40; size++) {
        char *buffer = malloc(size);
        CHECK(rung_snprintf(buffer, size, "number %d, %s (%#x), done", 42, "text", 0xc0ffee) ==
              length);
        if (size > 0) {
            size_t kept = size > (size_t)length ? (size_t)length : size - 1;
            CHECK(memcmp(buffer, whole, kept) == 0 && buffer[kept] == '\0');
        }
        free(buffer);
    }
    CHECK(rung_snprintf(NULL, 0, "%d", 12345) == 5);
}

struct collected {
    char text[256];
    size_t length, calls;
};

static void collect(void *context, const char *text, size_t length)
{
    struct collected *collected = context;
    CHECK(length > 0 && collected->length + length < sizeof(collected->text));
    memcpy(collected->text + collected->length, text, length);
    collected->length += length;
    collected->calls++;
}

static int format_collected(struct collected *collected, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = format(collect, collected, text, arguments);
    va_end(arguments);
    return length;
}

CASE(format_pieces, "format puts the pieces in order, never an empty one, and counts them")
{
    struct collected collected = {.length = 0};

    CHECK(format_collected(&collected, "a%40d%%%s%-20s|", 7, "", "b") == 63);
    CHECK(collected.length == 63 && collected.calls >= 4);
    CHECK(strcmp(collected.text, "a                                       7%b                   "
                                 "|") == 0);
}

// ---- options ----

static char console[256];

int kprintf(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    int length = rung_vsnprintf(console, sizeof(console), text, arguments);
    va_end(arguments);
    return length;
}

void assert_failed(const char *expression, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
    exit(1);
}

static bool option_is(const char *name, const char *expected)
{
    char value[128];
    return options_get(name, value, sizeof(value)) && strcmp(value, expected) == 0;
}

CASE(options_words, "an option is found by its whole name, between blanks of any kind")
{
    char value[8] = "before";

    options_init("  first=1\tquiet second=two=2  log= tests=a,b* first=3 ");
    CHECK(option_is("first", "3"));
    CHECK(option_is("quiet", ""));
    CHECK(option_is("second", "two=2"));
    CHECK(option_is("log", ""));
    CHECK(option_is("tests", "a,b*"));
    CHECK(!options_get("fir", value, sizeof(value)));
    CHECK(!options_get("firsts", value, sizeof(value)));
    CHECK(!options_get("1", value, sizeof(value)));
    CHECK(strcmp(value, "before") == 0);
    options_init("");
    CHECK(!options_get("first", value, sizeof(value)));
}

CASE(options_cut, "a value is cut to its buffer, a command line to its size")
{
    char line[300];

    options_init("name=abcdef");
    for (size_t size = 1; size < 10; size++) {
        char *value = malloc(size);
        CHECK(options_get("name", value, size));
        CHECK(strlen(value) == (size > 6 ? 6 : size - 1));
        CHECK(strncmp(value, "abcdef", size - 1) == 0);
        free(value);
    }
    memset(line, 'x', sizeof(line));
    memcpy(line, "name=", 5);
    line[sizeof(line) - 1] = '\0';
    options_init(line);
    char value[300];
    CHECK(options_get("name", value, sizeof(value)));
    CHECK(strlen(value) == 127 - 5);
}

CASE(options_numbers, "numbers are decimal or hexadecimal; anything else is said and not taken")
{
    static const char *const wrong[] = {
        "", "x", "0x", "12a", "-1", "18446744073709551616", "0xg0", "+1", "1.", "0x10000000000000000",
    };
    char line[128];

    options_init("a=0 b=1048576 c=0xC0ffee d=18446744073709551615 e=0xffffffffffffffff f=007");
    CHECK(options_number("a", 1) == 0);
    CHECK(options_number("b", 1) == 1048576);
    CHECK(options_number("c", 1) == 0xc0ffee);
    CHECK(options_number("d", 1) == UINT64_MAX);
    CHECK(options_number("e", 1) == UINT64_MAX);
    CHECK(options_number("f", 1) == 7);
    CHECK(options_number("g", 99) == 99);
    CHECK(console[0] == '\0');
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        console[0] = '\0';
        snprintf(line, sizeof(line), "n=%s", wrong[i]);
        options_init(line);
        CHECK(options_number("n", 5) == 5);
        snprintf(line, sizeof(line), "options: n=%s is not a number\n", wrong[i]);
        CHECK(strcmp(console, line) == 0);
    }
}

int main(int argc, char **argv)
{
    random_state = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (struct test_case *test = cases; test != NULL; test = test->next) {
        if (argc > 1 && strcmp(test->name, argv[1]) == 0) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "usage: %s NAME [SEED]\n", argv[0]);
    return 2;
}
