// The rest of the library, a bit of each header.
#include <assert.h>
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static jmp_buf back;

static int sum(int count, ...)
{
    va_list list;
    int result = 0;
    va_start(list, count);
    while (count-- > 0) {
        result += va_arg(list, int);
    }
    va_end(list);
    return result;
}

static void say(const char *format, ...)
{
    char text[100];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    puts(text);
}

static int compare(const void *left, const void *right)
{
    return *(const int *)left - *(const int *)right;
}

static void options(int count, char **arguments)
{
    static int verbose;
    static const struct option known[] = {{"output", required_argument, NULL, 'o'},
                                          {"verbose", no_argument, &verbose, 1},
                                          {"color", optional_argument, NULL, 'c'},
                                          {"count", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
    int option, index;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(count, arguments, "+o:n:v", known, &index)) != -1) {
        printf("%c %s;", option > 0 ? option : '0',
               optarg != NULL && option != 'v' && option > 0 ? optarg : "-");
    }
    printf(" verbose %d, rest %s\n", verbose, optind < count ? arguments[optind] : "nothing");
}

int main(void)
{
    char text[] = "the quick, brown;fox", path[] = "/usr/lib/x.c/", same[] = "/usr/lib/x.c/";
    for (char *word = strtok(text, " ,;"); word != NULL; word = strtok(NULL, " ,;")) {
        printf("%s%c", word, toupper(word[0]));
    }
    putchar('\n');
    int numbers[] = {5, 3, 9, 1, 7}, key = 9;
    qsort(numbers, 5, sizeof(int), compare);
    const int *found = bsearch(&key, numbers, 5, sizeof(int), compare);
    say("%d %d %d %d", numbers[0], numbers[4], (int)(found - numbers), sum(3, 1, 2, 3));
    div_t quotient = div(-17, 5);
    lldiv_t large = lldiv(1ll << 40, 1000);
    say("%d %d %lld %lld %d %ld", quotient.quot, quotient.rem, large.quot, large.rem, abs(-4),
        labs(-5l));
    int value = setjmp(back);
    printf("jump %d\n", value);
    if (value < 3) {
        longjmp(back, value + 1);
    }
    say("%" PRId64 " %" PRIx32 " %" PRIu8 " %jd", INT64_MIN, UINT32_MAX, (uint8_t)300, imaxabs(-3));
    say("%d %ld %u %d", INT_MAX, LONG_MIN, UINT_MAX, CHAR_BIT);
    time_t moment = 1000000000;
    struct tm date = *gmtime(&moment);
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &date);
    printf("%s %s", text, asctime(&date));
    date.tm_mday += 100;
    say("%.0f %d", difftime(mktime(&date), moment), date.tm_yday);
    say("%s %s", basename(path), dirname(same));
    say("%s %s", setlocale(LC_ALL, ""), localeconv()->decimal_point);
    say("%s|%s|%s", strstr("haystack", "st"), strrchr("a/b/c", '/'), strpbrk("hello", "lo"));
    say("%zu %zu %d %d", strspn("aabbc", "ab"), strcspn("hello", "l"), strcasecmp("ABC", "abc"),
        memcmp("a", "b", 1) < 0);
    say("%ld %lu %s", strtol("-0x1F", NULL, 0), strtoul("777", NULL, 8), strerror(2));
    char *copy = strndup("duplicate", 3), *rest = copy;
    say("%s %s %d", copy, strsep(&rest, "u"), ffs(8));
    free(copy);
    options(8, (char *[]){"x", "-v", "--output=file", "--verb", "--count", "3", "--color", "left",
                          NULL});
    options(3, (char *[]){"x", "--unknown", "--output", NULL});
    srand(1);
    int first = rand(), in_range = 1;
    srand(1);
    for (int i = 0; i < 1000; i++) {
        int number = rand();
        in_range &= number >= 0 && number <= RAND_MAX && (i > 0 || number == first);
    }
    srand48(42);
    double one = drand48();
    say("%d %f %f", in_range, one, drand48());
    assert(true);
    static_assert(sizeof(long) == 8, "as here");
    return 0;
}
