// Strings, numbers, sorting and times: the chapter's C library against the host's, on random input.
// Ours are functions of the header.
#define isalnum rung_isalnum
#define isalpha rung_isalpha
#define isascii rung_isascii
#define isblank rung_isblank
#define iscntrl rung_iscntrl
#define isdigit rung_isdigit
#define isgraph rung_isgraph
#define islower rung_islower
#define isprint rung_isprint
#define ispunct rung_ispunct
#define isspace rung_isspace
#define isupper rung_isupper
#define isxdigit rung_isxdigit
#define tolower rung_tolower
#define toupper rung_toupper
#include "user/include/ctype.h"
#undef isalnum
#undef isalpha
#undef isascii
#undef isblank
#undef iscntrl
#undef isdigit
#undef isgraph
#undef islower
#undef isprint
#undef ispunct
#undef isspace
#undef isupper
#undef isxdigit
#undef tolower
#undef toupper

#define _GNU_SOURCE
#define CASES_MAIN
#include "libc.h"

#include <ctype.h>

SAME(strcpy);
SAME(strncpy);
SAME(stpcpy);
SAME(strcat);
SAME(strncat);
SAME(strndup);
SAME(strstr);
SAME(strchrnul);
SAME(memrchr);
SAME(memmem);
SAME(strspn);
SAME(strcspn);
SAME(strpbrk);
SAME(strtok_r);
SAME(strsep);
SAME(strcasecmp);
SAME(strncasecmp);
SAME(strcasestr);
SAME(strerror);
SAME(strtol);
SAME(strtoul);
SAME(strtoll);
SAME(strtoull);
SAME(atoi);
SAME(qsort);
SAME(bsearch);
SAME(gmtime_r);
SAME(timegm);
SAME(strftime);
SAME(free);
size_t rung_strlcat(char *destination, const char *source, size_t size);

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

// ---- string ----

CASE(copies,
     "strcpy, stpcpy, strncpy, strcat, strncat, strlcat and strndup give what the host's do")
{
    for (unsigned round = 0; round < 50000; round++) {
        char *from = random_text(random_below(40), "abc"),
             *to = random_text(random_below(20), "xy");
        size_t length = strlen(to), limit = random_below(50), room = length + limit + 45;
        char *ours = calloc(1, room), *theirs = calloc(1, room);
        strcpy(ours, to);
        strcpy(theirs, to);
        switch (random_below(7)) {
        case 0:
            CHECK(rung_strcpy(ours, from) == ours);
            strcpy(theirs, from);
            break;
        case 1:
            CHECK(rung_stpcpy(ours, from) == ours + strlen(from));
            strcpy(theirs, from);
            break;
        case 2:
            CHECK(rung_strncpy(ours, from, limit) == ours);
            strncpy(theirs, from, limit);
            break;
        case 3:
            CHECK(rung_strcat(ours, from) == ours);
            strcat(theirs, from);
            break;
        case 4:
            CHECK(rung_strncat(ours, from, limit) == ours);
            strncat(theirs, from, limit);
            break;
        case 5: {
            size_t kept = length < limit ? length : limit;
            CHECK(rung_strlcat(ours, from, limit) == kept + strlen(from));
            if (limit > length) {
                strncat(theirs, from, limit - length - 1);
            }
            break;
        }
        default: {
            char *copy = rung_strndup(from, limit);
            CHECK(strlen(copy) == strnlen(from, limit) && strncmp(copy, from, limit) == 0);
            rung_free(copy);
        }
        }
        CHECK(memcmp(ours, theirs, room) == 0);
        free(from);
        free(to);
        free(ours);
        free(theirs);
    }
}

CASE(searches, "strstr, memmem, memrchr, strspn, strcspn, strpbrk, strchrnul and strcasestr find "
               "what the host's do")
{
    for (unsigned round = 0; round < 100000; round++) {
        char *text = random_text(random_below(30), "aAbBc"),
             *part = random_text(random_below(4), "abBc");
        size_t size = random_below(strlen(text) + 1), part_size = strlen(part);
        int byte = "abcz"[random_below(5)];
        CHECK(rung_strstr(text, part) == strstr(text, part));
        CHECK(rung_memmem(text, size, part, part_size) == memmem(text, size, part, part_size));
        CHECK(rung_memrchr(text, byte, size) == memrchr(text, byte, size));
        CHECK(rung_strspn(text, part) == strspn(text, part));
        CHECK(rung_strcspn(text, part) == strcspn(text, part));
        CHECK(rung_strpbrk(text, part) == strpbrk(text, part));
        CHECK(rung_strchrnul(text, byte) == strchrnul(text, byte));
        CHECK(rung_strcasestr(text, part) == strcasestr(text, part));
        free(text);
        free(part);
    }
}

CASE(case_free, "strcasecmp and strncasecmp compare as the host's")
{
    for (unsigned round = 0; round < 100000; round++) {
        char *left = random_text(random_below(6), "aAbB_\xe4"),
             *right = random_text(random_below(6), "aAbB_\xe4");
        size_t limit = random_below(8);
        CHECK(sign(rung_strcasecmp(left, right)) == sign(strcasecmp(left, right)));
        CHECK(sign(rung_strncasecmp(left, right, limit)) == sign(strncasecmp(left, right, limit)));
        free(left);
        free(right);
    }
}

CASE(words, "strtok_r and strsep part a text as the host's do")
{
    for (unsigned round = 0; round < 30000; round++) {
        char *text = random_text(random_below(30), "ab,; "), *copy = strdup(text), *rest,
             *copy_rest;
        bool token = random_below(2);
        char *at = text, *copy_at = copy;
        for (bool first = true;; first = false) {
            char *word =
                token ? rung_strtok_r(first ? text : NULL, ",; ", &rest) : rung_strsep(&at, ",; ");
            char *same =
                token ? strtok_r(first ? copy : NULL, ",; ", &copy_rest) : strsep(&copy_at, ",; ");
            CHECK((word == NULL) == (same == NULL));
            if (word == NULL) {
                break;
            }
            CHECK(word - text == same - copy && strcmp(word, same) == 0);
        }
        free(text);
        free(copy);
    }
}

// The errors that the library has texts for.
CASE(error_texts, "strerror has the host's texts, as far as it has any")
{
    unsigned known = 0;
    for (int error = 0; error < 140; error++) {
        const char *text = rung_strerror(error);
        if (strcmp(text, "Unknown error") != 0) {
            known++;
            CHECK(strcmp(text, strerror(error)) == 0);
        }
    }
    CHECK(known >= 40);
}

// ---- ctype ----

#define SAME_CLASS(name) CHECK(!(name)(c) == !rung_##name(c))

CASE(classes, "all characters are in the classes that they have in the host's locale C")
{
    for (int c = -1; c < 256; c++) {
        SAME_CLASS(isalnum);
        SAME_CLASS(isalpha);
        SAME_CLASS(isblank);
        SAME_CLASS(iscntrl);
        SAME_CLASS(isdigit);
        SAME_CLASS(isgraph);
        SAME_CLASS(islower);
        SAME_CLASS(isprint);
        SAME_CLASS(ispunct);
        SAME_CLASS(isspace);
        SAME_CLASS(isupper);
        SAME_CLASS(isxdigit);
        CHECK(rung_tolower(c) == tolower(c) && rung_toupper(c) == toupper(c));
    }
}

// ---- Numbers ----

#define SAME_NUMBER(name)                                                                          \
    do {                                                                                           \
        char *ours, *theirs;                                                                       \
        errno = rung_errno = 0;                                                                    \
        CHECK(rung_##name(text, &ours, base) == name(text, &theirs, base));                        \
        CHECK(ours == theirs && rung_errno == errno);                                              \
    } while (0)

CASE(numbers,
     "strtol, strtoul, strtoll and strtoull: value, end and errno as on the host, in all bases")
{
    static const char *const edges[] = {
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
        "-9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "-18446744073709551615",
        "-18446744073709551616",
        "99999999999999999999999999",
        "0x7fffffffffffffff",
        "0xffffffffffffffff",
        "0x10000000000000000",
        "0x",
        "0xg",
        "-0x",
        "08",
        "",
        " \t\n\v\f\r+12",
        "+-1",
        "1 2",
    };
    for (unsigned round = 0; round < 200000; round++) {
        int base = round % 50 == 0 ? (int)random_below(50) - 5
                                   : (int[]){0, 10, 16, 8, 2, 36, 7}[random_below(7)];
        if (base < 0 || base == 1 || base > 36) {
            base = 10; // where the host leaves the end alone, ISO C does not say
        }
        char *text =
            round < sizeof(edges) / sizeof(*edges)
                ? strdup(edges[round])
                : random_text(random_below(26), random_below(2) ? "0123456789" : " -+0x19afzZX78");
        SAME_NUMBER(strtol);
        SAME_NUMBER(strtoul);
        SAME_NUMBER(strtoll);
        SAME_NUMBER(strtoull);
        if (strlen(text) < 9) {
            CHECK(rung_atoi(text) == atoi(text));
        }
        free(text);
    }
    char *end;
    errno = rung_errno = 0;
    CHECK(rung_strtol("12", &end, 37) == 0 && rung_errno == EINVAL);
}

// ---- Sorting ----

static size_t element_size;

static int compare(const void *left, const void *right)
{
    return memcmp(left, right, element_size);
}

CASE(sorting, "qsort sorts as the host's, bsearch finds what is there and nothing else: any size, "
              "many equal elements")
{
    for (unsigned round = 0; round < 3000; round++) {
        element_size = 1 + random_below(40);
        size_t count = random_below(round % 100 == 0 ? 2000 : 60), size = count * element_size;
        uint8_t *ours = malloc(size), *theirs = malloc(size), *key = malloc(element_size);
        unsigned values = 1 + (unsigned)random_below(256);
        for (size_t i = 0; i < size; i++) {
            ours[i] = theirs[i] = (uint8_t)random_below(values);
        }
        rung_qsort(ours, count, element_size, compare);
        qsort(theirs, count, element_size, compare);
        CHECK(memcmp(ours, theirs, size) == 0);
        for (unsigned i = 0; i < 20; i++) {
            for (size_t k = 0; k < element_size; k++) {
                key[k] = (uint8_t)random_below(values);
            }
            if (count > 0 && i % 2 == 0) {
                memcpy(key, ours + random_below(count) * element_size, element_size);
            }
            const uint8_t *found = rung_bsearch(key, ours, count, element_size, compare);
            CHECK((found == NULL) == (bsearch(key, ours, count, element_size, compare) == NULL));
            CHECK(found == NULL || (memcmp(found, key, element_size) == 0 &&
                                    (found - ours) % (long)element_size == 0));
        }
        free(ours);
        free(theirs);
        free(key);
    }
}

// ---- Time ----

CASE(times, "gmtime_r, timegm and strftime (but %E, %O, %Z) as on the host, years 1 to 9999")
{
    setenv("TZ", "UTC", 1);
    for (unsigned round = 0; round < 100000; round++) {
        time_t seconds = (time_t)(random_bits() % 315537897600) - 62135596800, again;
        struct tm ours, theirs;
        CHECK(rung_gmtime_r(&seconds, &ours) == &ours);
        gmtime_r(&seconds, &theirs);
        CHECK(ours.tm_sec == theirs.tm_sec && ours.tm_min == theirs.tm_min &&
              ours.tm_hour == theirs.tm_hour);
        CHECK(ours.tm_mday == theirs.tm_mday && ours.tm_mon == theirs.tm_mon &&
              ours.tm_year == theirs.tm_year);
        CHECK(ours.tm_wday == theirs.tm_wday && ours.tm_yday == theirs.tm_yday);
        char text[200], same[200], format[] = "x%?-%%";
        format[2] = "aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYZ"[random_below(36)];
        size_t size = random_below(3) ? sizeof(text) : random_below(12);
        format[2] = format[2] == 'Z' ? 'z' : format[2]; // the host says GMT
        if (theirs.tm_year >= -900) {
            size_t length = rung_strftime(text, size, format, &ours);
            CHECK(length == strftime(same, size, format, &theirs));
            CHECK(length == 0 || strcmp(text, same) == 0);
        }
        // Fields out of their range are normalised.
        ours.tm_mon += (int)random_below(100) - 50;
        ours.tm_mday += (int)random_below(2000) - 1000;
        ours.tm_hour += (int)random_below(200) - 100;
        ours.tm_sec += (int)random_below(20000) - 10000;
        theirs = ours;
        again = rung_timegm(&ours);
        CHECK(again == timegm(&theirs));
        CHECK(ours.tm_mday == theirs.tm_mday && ours.tm_mon == theirs.tm_mon &&
              ours.tm_year == theirs.tm_year);
    }
}
