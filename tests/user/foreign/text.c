// Formatted text both ways, with floating point, and the C library's algorithms.
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    double values[1000], sum = 0;
    uint64_t state = 1;
    printf("%d arguments: %s|%s\n", argc, argv[1], argv[2]);
    printf("[%5d] [%-5d] [%05d] [%+d] [%x] [%#o] [%c] [%.3s] [%8.3f] [%g] [%e] [%a]\n", 42, 42, 42,
           42, 48879, 8, 'x', "abcdef", 3.14159, 1e100, 12345.678, 0.5);
    for (size_t i = 0; i < 1000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (double)(int64_t)(state >> 11) / 1e9 - 4e6;
        sum += sqrt(fabs(values[i]));
    }
    qsort(values, 1000, sizeof(values[0]), compare);
    printf("%.6f %.6f %.6f %.9g\n", values[0], values[500], values[999], sum);
    int a;
    double b;
    char word[20];
    printf("%d: ", sscanf("17 2.5e3 word", "%d %lf %19s", &a, &b, word));
    printf("%d %g %s\n", a, b, word);
    printf("%ld %lu %g\n", strtol("-0x7f", NULL, 16), strtoul("4294967296", NULL, 10),
           strtod("1e-5", NULL));
    char line[] = "one,two;three";
    for (char *part = strtok(line, ",;"); part; part = strtok(NULL, ",;")) {
        part[0] = (char)toupper((unsigned char)part[0]);
        puts(part);
    }
    FILE *file = tmpfile();
    if (!file) {
        file = fopen("/tmp/foreign-text", "w+");
    }
    for (int i = 0; i < 3000; i++) {
        fprintf(file, "line %d\n", i);
    }
    fseek(file, -10, SEEK_END);
    char end[20] = "";
    size_t size = fread(end, 1, sizeof(end) - 1, file);
    printf("%ld %zu %s", ftell(file), size, end);
    printf("%s %s\n", getenv("FOREIGN"), getenv("NOT_THERE") ? "there" : "not there");
    return 7;
}
