// Floating-point numbers in the machine: its instructions, emulated or not, give what the library's
// functions rely on. (Against the host's library, on many more numbers: tests/host.)
#include "tests/user/check.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

static int64_t bits_of(double number)
{
    int64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return bits;
}

// Within one unit of the last place.
static bool near(double number, double expected)
{
    int64_t distance = bits_of(number) - bits_of(expected);
    return distance >= -1 && distance <= 1;
}

TEST(precision,
     "a new program calculates long doubles with 64 bits, rounds to the nearest, and gets "
     "no signals for what has no result")
{
    volatile long double one = 1;
    volatile double zero = 0, largest = DBL_MAX;
    CHECK(one + 0x1p-63L != one && one + 0x1p-64L == one);
    CHECK(isnan(zero / zero) && isinf(1 / zero) && isinf(largest * 2));
}

TEST(functions, "functions of <math.h> are within one unit of the last place of the exact result")
{
    static const struct {
        double (*function)(double);
        double x, result;
    } known[] = {
        {exp, 0x1p+0, 0x1.5bf0a8b145769p+1},
        {exp, -0x1.5e2p+9, 0x1.af5fe9a485c8ep-1011},
        {exp, 0x1.12e0be826d695p-30, 0x1.000000044b83p+0},
        {exp, 0x1.62cp+9, 0x1.81e9b4b52d0c9p+1023},
        {exp2, 0x1.999999999999ap-4, 0x1.125fbee250664p+0},
        {exp2, -0x1.01ap+10, 0x0.00b504f333f9ep-1022},
        {expm1, 0x1.b7cdfd9d7bdbbp-34, 0x1.b7cdfd9dda4e3p-34},
        {expm1, 0x1.cp+1, 0x1.00ec721396bdbp+5},
        {log, 0x1.4p+3, 0x1.26bb1bbb55516p+1},
        {log, 0x0.012688b70e62bp-1022, -0x1.64e69394d9508p+9},
        {log, 0x1.fffeb074a771dp-1, -0x1.4f8bc681df714p-17},
        {log, 0x1.7e43c8800759cp+996, 0x1.5963447f87fb5p+9},
        {log2, 0x1.8p+1, 0x1.95c01a39fbd68p+0},
        {log2, 0x1.000001ad7f29bp+0, 0x1.35d0fea5fccb7p-23},
        {log10, 0x1p+1, 0x1.34413509f79ffp-2},
        {log10, 0x1.4f8b588e368f1p-17, -0x1.4p+2},
        {log1p, 0x1.b7cdfd9d7bdbbp-34, 0x1.b7cdfd9d1d693p-34},
        {log1p, 0x1.4p+2, 0x1.cab0bfa2a2002p+0},
        {sin, 0x1p-1, 0x1.eaee8744b05fp-2},
        {sin, 0x1.8p+1, 0x1.210386db6d55bp-3},
        {sin, 0x1.0f0cf064dd592p+73, -0x1.b453ab76bf397p-1},
        {sin, 0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53},
        {sin, -0x1.91p+6, 0x1.1bf00980dc35cp-2},
        {cos, 0x1p-1, 0x1.c1528065b7d5p-1},
        {cos, 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54},
        {cos, 0x1.7e43c8800759cp+996, -0x1.2699022adc4c1p-1},
        {cos, 0x1.6p+4, -0x1.fffadd8d4acdap-1},
        {tan, 0x1p-1, 0x1.17b4f5bf3474ap-1},
        {tan, 0x1.921fb54442d18p+0, 0x1.d02967c31cdb5p+53},
        {tan, 0x1.2a05f2p+33, -0x1.1de000f443f5p-1},
        {atan, 0x1.3333333333333p-2, 0x1.2a73a661eaf06p-2},
        {atan, 0x1.2a05f2p+33, 0x1.921fb543d4dep+0},
        {asin, 0x1.6666666666666p-1, 0x1.8d00e692afd95p-1},
        {asin, 0x1.5798ee2308c3ap-27, 0x1.5798ee2308c3ap-27},
        {acos, 0x1.6666666666666p-1, 0x1.973e83f5d5c9bp-1},
        {acos, -0x1.ff7ced916872bp-1, 0x1.8c66280ae928ep+1},
        {sinh, 0x1.4f8b588e368f1p-17, 0x1.4f8b588e4e94p-17},
        {sinh, 0x1.4p+2, 0x1.28d0166f07374p+6},
        {cosh, 0x1p+1, 0x1.e18fa0df2d9bcp+1},
        {cosh, 0x1.5ep+9, 0x1.d945df4f8ec8ep+1008},
        {tanh, 0x1.47ae147ae147bp-7, 0x1.47ab48ae4595ep-7},
        {tanh, 0x1.8p+1, 0x1.fd77d111a0bp-1},
        {cbrt, 0x1.4p+3, 0x1.13c484138704fp+1},
        {cbrt, -0x1.56e1fc2f8f359p-997, -0x1.bff2ee48e053p-333},
        {sqrt, 0x1p+1, 0x1.6a09e667f3bcdp+0},
        {sqrt, 0x0.00000000007e8p-1022, 0x1.67e93ddbc0e73p-532},
        {asinh, 0x1.a36e2eb1c432dp-14, 0x1.a36e2ea609cc8p-14},
        {asinh, 0x1.9p+6, 0x1.53180a93d3c2ap+2},
        {acosh, 0x1.004189374bc6ap+0, 0x1.6e53acbcdeba3p-5},
        {acosh, 0x1.9p+5, 0x1.26b9783d0a89dp+2},
        {atanh, 0x1p-1, 0x1.193ea7aad030bp-1},
        {atanh, 0x1.12e0be826d695p-30, 0x1.12e0be826d695p-30},
    };
    static const struct {
        double x, y, result;
    } powers[] = {
        {0x1p+1, 0x1p-1, 0x1.6a09e667f3bcdp+0},
        {0x1.4p+3, -0x1.2cp+8, 0x1.56e1fc2f8f359p-997},
        {0x1.000001ad7f29bp+0, 0x1.dcd65p+29, 0x1.349445c228792p+144},
        {0x1.e147ae147ae14p-1, -0x1.644p+13, 0x1.910df05f2f139p+1017},
        {0x1.8p+1, 0x1.4p+5, 0x1.517168a4523fdp+63},
        {0x1.7e43c8800759cp+996, 0x1.4f8b588e368f1p-17, 0x1.01c6461b06739p+0},
        {0x0.0000000000001p-1022, 0x1.ccccccccccccdp-1, 0x1.51cb453b9530ap-967},
        {0x1.8p+0, 0x1.a9p+10, 0x1.5a63b3b6d05e3p+994},
    };
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        double result = known[i].function(known[i].x);
        if (!near(result, known[i].result)) {
            printf("number %u: %a is %a, not %a\n", i, known[i].x, result, known[i].result);
        }
        CHECK(near(result, known[i].result));
    }
    for (unsigned i = 0; i < sizeof(powers) / sizeof(powers[0]); i++) {
        CHECK(near(pow(powers[i].x, powers[i].y), powers[i].result));
    }
}

TEST(texts, "17 digits of any double are that number again, in a file as in memory")
{
    char text[64];
    FILE *file = tmpfile();
    uint64_t state = 1;
    double number, again;
    for (unsigned i = 0; i < 2000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        memcpy(&number, &state, sizeof(number));
        if (isfinite(number)) {
            CHECK(snprintf(text, sizeof(text), "%.16e", number) > 20);
            CHECK(bits_of(strtod(text, NULL)) == bits_of(number));
            rewind(file);
            fprintf(file, "%.17g %a\n", number, number);
            rewind(file);
            CHECK(fscanf(file, "%lf", &again) == 1 && bits_of(again) == bits_of(number));
            CHECK(fscanf(file, "%lf", &again) == 1 && bits_of(again) == bits_of(number));
        }
    }
    CHECK(fclose(file) == 0);
}

TEST(first_byte, "a byte can be put back before any was read, and is read first")
{
    char path[] = "/tmp/floats-XXXXXX";
    CHECK(write(mkstemp(path), "bcd", 3) == 3);
    FILE *file = fopen(path, "r");
    CHECK(ungetc('a', file) == 'a' && fgetc(file) == 'a' && fgetc(file) == 'b');
    CHECK(fclose(file) == 0 && unlink(path) == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        ENTRY(precision), ENTRY(functions), ENTRY(texts), ENTRY(first_byte), {NULL, NULL}};
    return check_run(tests, argc, argv);
}
