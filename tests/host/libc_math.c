// <math.h> of the chapter's C library against the host's, on random input: exact functions are
// equal to the host's, and others as near to its functions of long double as half of the last place
// and a bit.
#define _GNU_SOURCE
#define CASES_MAIN
#include "libc.h"

#include <math.h>

typedef double one(double), two(double, double);
extern one rung_fabs, rung_trunc, rung_floor, rung_ceil, rung_round, rung_rint, rung_nearbyint,
    rung_logb, rung_sqrt, rung_cbrt, rung_exp, rung_exp2, rung_expm1, rung_log, rung_log2,
    rung_log10, rung_log1p, rung_sin, rung_cos, rung_tan, rung_asin, rung_acos, rung_atan,
    rung_sinh, rung_cosh, rung_tanh, rung_asinh, rung_acosh, rung_atanh;
extern two rung_copysign, rung_fmod, rung_remainder, rung_nextafter, rung_fmax, rung_fmin,
    rung_fdim, rung_hypot, rung_pow, rung_atan2;
SAME(lround);
SAME(llround);
SAME(lrint);
SAME(llrint);
SAME(modf);
SAME(frexp);
SAME(ldexp);
SAME(ilogb);

#define ROUNDS 20000

static const double edges[] = {
    0.0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 2, 3, -3, 4, 0x1p-1074, -0x1p-1074, 0x1p-1022,
    0x1.fffffffffffffp1023,
    -0x1.fffffffffffffp1023, INFINITY, -INFINITY, NAN, 0x1.fffffffffffffp-1,
    0x1.0000000000001p0, 0x1p52, 0x1p53, 0x1p63,
    0x1.fffffffffffffp51, 0.49999999999999994, 709.78, -745.13, 1e300, -1e300, 1e-300, 710,
    -750, 1024, -1075, 22};

#define EDGES (sizeof(edges) / sizeof(*edges))

static double any_double(void)
{
    union {
        uint64_t bits;
        double number;
    } any = {.bits = random_bits()};
    any.number = isnan(any.number) ? (double)NAN : any.number; // no signalling ones
    return random_below(4) == 0 ? edges[random_below(EDGES)] : any.number;
}

static double between(double low, double high)
{
    return low + (high - low) * ((double)(random_bits() >> 11) * 0x1p-53);
}

// Of any magnitude between two powers of two, and any sign.
static double magnitude(int low, int high)
{
    return ldexp(between(1, 2), low + (int)random_below((size_t)(high - low))) *
           (random_below(2) ? 1 : -1);
}

static bool same(double left, double right)
{
    return (isnan(left) && isnan(right)) || memcmp(&left, &right, sizeof(left)) == 0;
}

static void check_same(const char *name, double x, double y, double ours, double theirs)
{
    if (!same(ours, theirs)) {
        fprintf(stderr, "%s(%a, %a): %a, on the host %a\n", name, x, y, ours, theirs);
        CHECK(false);
    }
}

static double worst;

// How far a result is from the exact one, in units of the last place that a double has there.
static void check_near(const char *name, double x, double y, double ours, long double exact,
                       double most)
{
    double nearest = (double)exact;
    if (!isfinite(nearest) || exact == 0) {
        check_same(name, x, y, ours, nearest);
        return;
    }
    int exponent;
    frexpl(exact, &exponent);
    exponent = exponent < -1021 ? -1021 : exponent;
    long double distance = fabsl(ours - exact) / ldexpl(1, exponent - 53);
    worst = (double)distance > worst ? (double)distance : worst;
    if (!(distance <= most)) {
        fprintf(stderr, "%s(%a, %a): %a, on the host %La: off by %.4Lf\n", name, x, y, ours, exact,
                distance);
        CHECK(false);
    }
}

#define EXACT(name, x) check_same(#name, x, 0, rung_##name(x), name(x))
#define EXACT_2(name, x, y) check_same(#name, x, y, rung_##name(x, y), name(x, y))
#define NEAR(name, x, most)                                                                        \
    do {                                                                                           \
        double input = (x);                                                                        \
        check_near(#name, input, 0, rung_##name(input), name##l(input), most);                     \
    } while (0)
#define NEAR_2(name, x, y, most)                                                                   \
    do {                                                                                           \
        double one = (x), two = (y);                                                               \
        check_near(#name, one, two, rung_##name(one, two), name##l(one, two), most);               \
    } while (0)

CASE(exact, "rounding to integers, remainders, exponents, minimum and maximum, square roots: what "
            "the host's "
            "functions give, bit by bit, for any numbers")
{
    for (unsigned turn = 0; turn < 10 * ROUNDS; turn++) {
        double x = random_below(2) ? any_double() : magnitude(-3, 60), y = any_double(), whole,
               host_whole;
        y = random_below(2) ? y : magnitude(-3, 60);
        EXACT(fabs, x);
        EXACT(trunc, x);
        EXACT(floor, x);
        EXACT(ceil, x);
        EXACT(round, x);
        EXACT(rint, x);
        EXACT(nearbyint, x);
        EXACT(sqrt, x);
        EXACT(logb, x);
        EXACT_2(copysign, x, y);
        EXACT_2(fmod, x, y);
        CHECK(
            same(fabs(rung_remainder(x, y)), fabs(remainder(x, y)))); // the host's 0 loses its sign
        CHECK(rung_remainder(x, y) == remainder(x, y) || isnan(x) || isnan(y) || isinf(x) ||
              y == 0);
        EXACT_2(nextafter, x, y);
        EXACT_2(fdim, x, y);
        if (x != y) { // which of two zeroes is up to the library
            EXACT_2(fmax, x, y);
            EXACT_2(fmin, x, y);
        }
        int exponent = 0, host_exponent = 0, scale = (int)random_below(4400) - 2200;
        scale = random_below(20) ? scale : (int)random_bits();
        check_same("frexp", x, 0, rung_frexp(x, &exponent), frexp(x, &host_exponent));
        CHECK(exponent == host_exponent || !isfinite(x));
        check_same("modf", x, 0, rung_modf(x, &whole), modf(x, &host_whole));
        check_same("modf", x, 0, whole, host_whole);
        check_same("ldexp", x, scale, rung_ldexp(x, scale), ldexp(x, scale));
        CHECK(rung_ilogb(x) == ilogb(x) || isnan(x) || x == 0);
        if (fabs(x) < 0x1p62) {
            CHECK(rung_lround(x) == lround(x) && rung_lrint(x) == lrint(x));
            CHECK(rung_llround(x) == llround(x) && rung_llrint(x) == llrint(x));
        }
    }
}

CASE(powers,
     "exponentials, logarithms, powers and hyperbolic functions are within 0.51 of the last place, "
     "powers within one")
{
    for (unsigned turn = 0; turn < ROUNDS; turn++) {
        double most = 0.51, exponent = turn % 2 ? between(-745, 710) : magnitude(-60, 3);
        double positive = turn % 2 ? fabs(magnitude(-1074, 1023)) : 1 + magnitude(-53, -1);
        NEAR(exp, exponent, most);
        NEAR(exp2, exponent * 1.44, most);
        NEAR(expm1, exponent, most);
        NEAR(sinh, exponent, most);
        NEAR(cosh, exponent, most);
        NEAR(tanh, exponent / 30, most);
        NEAR(log, positive, most);
        NEAR(log2, positive, most);
        NEAR(log10, positive, most);
        NEAR(log1p, turn % 2 ? positive : magnitude(-60, -1), most);
        NEAR(cbrt, magnitude(-1074, 1023), most);
        NEAR(asinh, magnitude(-60, 200), most);
        NEAR(acosh, 1 + fabs(magnitude(-50, 100)), most);
        NEAR(atanh, magnitude(-60, 0), most);
        NEAR_2(hypot, magnitude(-30, 30), magnitude(-30, 30), most);
        NEAR_2(pow, fabs(magnitude(-5, 5)), magnitude(-5, 8), 1);
        NEAR_2(pow, positive, 700 / log(positive) * between(-1, 1), 1);
        NEAR_2(pow, (double)((int)random_below(40) - 20), (double)((int)random_below(40) - 20), 1);
    }
    fprintf(stderr, "off by up to %.4f\n", worst);
}

CASE(angles,
     "sines, cosines, tangents, of angles however large, and their inverses are within 0.51 of the "
     "last place")
{
    for (unsigned turn = 0; turn < 2 * ROUNDS; turn++) {
        double most = 0.51, angle = turn % 3 == 0 ? magnitude(-60, 1023) : between(-20, 20);
        if (turn % 5 == 0) { // as near to a multiple of pi / 2 as can be
            angle = (double)((double)random_below(turn % 10 ? 100 : 1ul << 40) * M_PI_2);
        }
        NEAR(sin, angle, most);
        NEAR(cos, angle, most);
        NEAR(tan, angle, most);
        NEAR(atan, magnitude(-60, 60), most);
        NEAR(asin, turn % 2 ? between(-1, 1) : magnitude(-60, 0), most);
        NEAR(acos, turn % 2 ? between(-1, 1) : magnitude(-60, 0), most);
        NEAR_2(atan2, magnitude(-30, 30), magnitude(-30, 30), most);
    }
    fprintf(stderr, "off by up to %.4f\n", worst);
}

#define EDGE(name)                                                                                 \
    do {                                                                                           \
        rung_errno = 0;                                                                            \
        double ours = rung_##name(edges[i]);                                                       \
        check_near(#name, edges[i], 0, ours, name##l(edges[i]), 0.51);                             \
        CHECK(rung_errno == (isnan(ours) && !isnan(edges[i])        ? EDOM                         \
                             : isinf(ours) && isfinite(edges[i]) ? ERANGE                       \
                                                                    : 0));                         \
    } while (0)

CASE(edges, "zeroes, infinities, no numbers and the ends of the range: results as on the host, "
            "EDOM where there "
            "is none, ERANGE where it is too large")
{
    for (unsigned i = 0; i < EDGES; i++) {
        EDGE(sqrt);
        EDGE(exp);
        EDGE(exp2);
        EDGE(expm1);
        EDGE(log);
        EDGE(log2);
        EDGE(log10);
        EDGE(log1p);
        EDGE(sinh);
        EDGE(cosh);
        EDGE(tanh);
        EDGE(asinh);
        EDGE(acosh);
        EDGE(atanh);
        EDGE(cbrt);
        EDGE(sin);
        EDGE(cos);
        EDGE(tan);
        EDGE(asin);
        EDGE(acos);
        EDGE(atan);
        for (unsigned k = 0; k < EDGES; k++) {
            NEAR_2(pow, edges[i], edges[k], 1);
            NEAR_2(atan2, edges[i], edges[k], 0.51);
            NEAR_2(hypot, edges[i], edges[k], 0.51);
        }
    }
}
