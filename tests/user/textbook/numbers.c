// Tables of floating-point numbers, and numbers that are read.
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LOWER 0
#define UPPER 300
#define STEP 50

static const struct {
    const char *name;
    double (*function)(double);
} functions[] = {
    {"sin", sin}, {"cos", cos}, {"tan", tan}, {"atan", atan}, {"exp", exp}, {"log", log},
    {"log10", log10},
    {"sqrt", sqrt}, {"cbrt", cbrt}, {"floor", floor}, {"ceil", ceil}, {"round", round},
    {"fabs", fabs},
    {"sinh", sinh}, {"cosh", cosh}, {"tanh", tanh},
};

static double newton(double number, double guess)
{
    double next = (guess + number / guess) / 2;
    return fabs(next - guess) < 1e-12 ? next : newton(number, next);
}

static void quadratic(double a, double b, double c)
{
    double discriminant = b * b - 4 * a * c;
    if (discriminant < 0) {
        printf("%gx^2%+gx%+g: %.3f +- %.3fi\n", a, b, c, -b / (2 * a),
               sqrt(-discriminant) / (2 * a));
    } else {
        printf("%gx^2%+gx%+g: %.3f, %.3f\n", a, b, c, (-b + sqrt(discriminant)) / (2 * a),
               (-b - sqrt(discriminant)) / (2 * a));
    }
}

int main(void)
{
    for (int fahrenheit = LOWER; fahrenheit <= UPPER; fahrenheit += STEP) {
        printf("%3d %6.1f\n", fahrenheit, (5.0 / 9.0) * (fahrenheit - 32));
    }
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        printf("%-6s", functions[i].name);
        for (double x = 0.1; x < 3; x += 0.7) {
            printf(" %12.9f", functions[i].function(x));
        }
        putchar('\n');
    }
    printf("%.10f %.10f %.10f\n", pow(2, 0.5), newton(2, 1), hypot(3, 4));
    double balance = 1000;
    for (int year = 1; year <= 5; year++) {
        balance *= 1 + 4.25 / 100;
        printf("year %d: %10.2f %e %G\n", year, balance, balance, balance);
    }
    quadratic(1, -3, 2);
    quadratic(1, 2, 5);
    float third = 1.0f / 3;
    long double large = 1.0L / 3;
    printf("%f %.9g %.17g %.20Lf %a\n", third, third, 1.0 / 3, large, 0.1);
    printf("%d %d %g %g %g\n", FLT_DIG, DBL_DIG, DBL_MAX, DBL_MIN, DBL_EPSILON);
    printf("%5.1f|%-8.3e|%+08.2f|% g|%#.0f|%*.*f\n", 3.14159, 31415.9, 2.5, 1e-10, 7.0, 9, 3,
           2.0 / 3);
    printf("%f %f %F\n", INFINITY, -INFINITY, NAN);
    int exponent, count = 0;
    double whole, part = modf(-3.75, &whole), mantissa = frexp(48, &exponent), sum = 0, number;
    printf("%g %g %g %d %g %g\n", part, whole, mantissa, exponent, ldexp(0.75, 4), fmod(17, 5));
    errno = 0;
    printf("%g ", sqrt(-1) != sqrt(-1) ? -1.0 : 1.0);
    perror("sqrt");
    while (scanf("%lf", &number) == 1) {
        sum += number;
        count++;
    }
    printf("%d numbers, mean %.4f\n", count, sum / count);
    char *end, word[32];
    printf("%s: ", scanf("%31s", word) == 1 ? word : "nothing");
    printf("%g, then \"%s\"; %g\n", strtod("12.5e1 apples", &end), end, atof("0x1p-2"));
    return 0;
}
