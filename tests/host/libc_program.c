// What a program gets and needs at its start: the environment, options, parts of paths, random
// numbers: the chapter's C library against the host's, on random input.
#define _GNU_SOURCE
#define CASES_MAIN
#include "libc.h"

#include <getopt.h>
#include <libgen.h>

SAME(getenv);
SAME(setenv);
SAME(unsetenv);
SAME(putenv);
SAME(rand_r);
SAME(getopt);
SAME(getopt_long);
SAME(memccpy);
SAME(drand48);
SAME(srand48);
SAME(dirname);
char *rung_basename(char *path);
SAME(optarg);
SAME(optind);
SAME(optopt);
SAME(opterr);
extern const char *rung_getopt_next;

CASE(environment,
     "getenv, setenv, putenv and unsetenv change the environment as the host's change theirs")
{
    static char assignments[8][16];
    char *start[] = {"A=first", "AB=2", NULL};
    environ = start;
    rung_environ = (char *[]){"A=first", "AB=2", NULL};
    for (unsigned round = 0; round < 30000; round++) {
        char *name = random_text(1 + random_below(2), "AB"),
             *value = random_text(random_below(4), "x=");
        int overwrite = (int)random_below(2);
        switch (random_below(4)) {
        case 0:
            CHECK(rung_setenv(name, value, overwrite) == setenv(name, value, overwrite));
            break;
        case 1:
            CHECK(rung_unsetenv(name) == unsetenv(name));
            break;
        case 2: {
            char *assignment = assignments[random_below(8)];
            if (assignment[0] == '\0') {
                snprintf(assignment, sizeof(assignments[0]), "%s=%s", name, value);
            }
            CHECK(rung_putenv(assignment) == putenv(assignment));
            break;
        }
        default:
            CHECK(rung_setenv("A=", value, 1) == -1 && rung_setenv("", value, 1) == -1);
        }
        for (const char *const *each =
                 (const char *const[]){"A", "B", "AA", "AB", "BA", "BB", NULL};
             *each; each++) {
            const char *ours = rung_getenv(*each), *theirs = getenv(*each);
            CHECK((ours == NULL) == (theirs == NULL) &&
                  (ours == NULL || strcmp(ours, theirs) == 0));
        }
        free(name);
        free(value);
    }
}

CASE(options, "getopt takes random command lines apart as the host's does when it obeys POSIX")
{
    char letters[] = "+ab:c", silent[] = "+:ab:c";
    opterr = rung_opterr = 0;
    for (unsigned round = 0; round < 100000; round++) {
        char *arguments[8] = {"program"};
        int count = 1 + (int)random_below(6);
        for (int i = 1; i < count; i++) {
            arguments[i] = random_text(random_below(5), random_below(2) ? "-abc" : "-bax:");
        }
        char *known = random_below(2) ? letters : silent;
        optind = 0; // how the GNU library is told to start again
        rung_optind = 1;
        rung_getopt_next = NULL;
        for (int ours, theirs = 0; theirs != -1;) {
            theirs = getopt(count, arguments, known);
            ours = rung_getopt(count, arguments, known + 1);
            CHECK(ours == theirs);
            CHECK(theirs == -1 || theirs != 'b' || rung_optarg == optarg);
            CHECK((ours != '?' && ours != ':') || rung_optopt == optopt);
        }
        CHECK(rung_optind == optind);
        for (int i = 1; i < count; i++) {
            free(arguments[i]);
        }
    }
}

CASE(random_numbers, "rand_r stays in its range, and all its bits change about half of the time")
{
    unsigned seed = (unsigned)random_bits(), ones[31] = {0};
    for (unsigned round = 0; round < 100000; round++) {
        int number = rung_rand_r(&seed);
        CHECK(number >= 0);
        for (unsigned bit = 0; bit < 31; bit++) {
            ones[bit] += (unsigned)number >> bit & 1;
        }
    }
    for (unsigned bit = 0; bit < 31; bit++) {
        CHECK(ones[bit] > 48500 && ones[bit] < 51500);
    }
}

CASE(long_options,
     "getopt_long takes random command lines with long options apart as the host's does")
{
    static const struct option known[] = {
        {"ab", required_argument, NULL, 'r'},  {"abc", no_argument, NULL, 'n'},
        {"bcd", optional_argument, NULL, 'o'}, {"bce", no_argument, NULL, 'e'},
        {"c", no_argument, NULL, 0},           {NULL, 0, NULL, 0}};
    opterr = rung_opterr = 0;
    for (unsigned round = 0; round < 100000; round++) {
        char *arguments[8] = {"program"}, *copies[8] = {"program"};
        int count = 1 + (int)random_below(6);
        for (int i = 1; i < count; i++) {
            char *text = random_text(random_below(5), "abcde="), joined[16];
            snprintf(joined, sizeof(joined), "%s%s", random_below(4) ? "--" : "-a", text);
            arguments[i] = strdup(random_below(5) ? joined : text);
            copies[i] = arguments[i];
            free(text);
        }
        optind = 0;
        rung_optind = 1;
        rung_getopt_next = NULL;
        for (int ours, theirs = 0; theirs != -1;) {
            int index = -1, same = -1;
            optarg = rung_optarg = NULL;
            theirs = getopt_long(count, copies, "+ab:", known, &same);
            ours = rung_getopt_long(count, arguments, "+ab:", known, &index);
            CHECK(ours == theirs && (ours == '?' || rung_optarg == optarg));
            CHECK(ours == '?' || ours == 'a' || ours == 'b' || index == same);
        }
        CHECK(rung_optind == optind);
        for (int i = 1; i < count; i++) {
            free(arguments[i]);
        }
    }
}

CASE(parts, "basename and dirname part random paths as the host's do; memccpy copies as far")
{
    for (unsigned round = 0; round < 30000; round++) {
        char *path = random_text(random_below(9), "/a."), *copy = strdup(path),
             *third = strdup(path);
        CHECK(strcmp(rung_basename(path), __xpg_basename(copy)) == 0);
        strcpy(path, third);
        strcpy(copy, third);
        // The host knows a root that is called "//".
        CHECK(strcmp(rung_dirname(path), dirname(copy)) == 0 || strncmp(third, "//", 2) == 0);
        char ours[12] = "", theirs[12] = "";
        size_t size = strlen(third) + 1;
        char *end = rung_memccpy(ours, third, 'a', size), *same = memccpy(theirs, third, 'a', size);
        CHECK((end == NULL ? -1 : end - ours) == (same == NULL ? -1 : same - theirs));
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);
        free(path);
        free(copy);
        free(third);
    }
}

CASE(random_reals, "drand48 has the numbers that POSIX says")
{
    long seed = (long)random_bits();
    srand48(seed);
    rung_srand48(seed);
    for (unsigned round = 0; round < 10000; round++) {
        CHECK(rung_drand48() == drand48());
    }
}
