// The time of day: kernel/dev/rtc.c and lib/calendar.c. QEMU's clock takes what is written to it, in
// all its modes.
#include "boot/cmos.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/rtc.h"
#include "lib/calendar.h"
#include "tests/kernel/test.h"

#define SECOND 0x00
#define MINUTE 0x02
#define HOUR 0x04
#define DAY 0x07
#define MONTH 0x08
#define YEAR 0x09
#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define CENTURY 0x32
#define PM 0x80

static uint8_t read_register(uint8_t index)
{
    out8(CMOS_INDEX, index);
    return in8(CMOS_DATA);
}

static void write_register(uint8_t index, uint8_t value)
{
    out8(CMOS_INDEX, index);
    out8(CMOS_DATA, value);
}

static const uint8_t places[] = {SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, CENTURY, REGISTER_B};
_Static_assert(sizeof(places) == sizeof(struct rtc_registers), "in the same order");

static struct rtc_registers read_all(void)
{
    struct rtc_registers registers;
    for (size_t i = 0; i < sizeof(places); i++) {
        ((uint8_t *)&registers)[i] = read_register(places[i]);
    }
    return registers;
}

// Sets the clock: while bit 7 of register B is set, it stands still.
static void write_all(struct rtc_registers registers)
{
    write_register(REGISTER_B, registers.mode | RTC_MODE_STOPPED);
    for (size_t i = 0; i < sizeof(places); i++) {
        write_register(places[i], ((const uint8_t *)&registers)[i]);
    }
}

static uint64_t now_s(void)
{
    return rtc_now_ns() / CLOCK_NS_PER_SECOND;
}

// 2024-02-29 in all ways to write it: a quarter past midnight, noon, one o'clock at night and in the
// afternoon, a second before midnight.
static const struct {
    struct rtc_registers registers;
    int64_t seconds;
} moments[] = {
    {{0x07, 0x15, 0x00, 0x29, 0x02, 0x24, 0x20, 0x02}, 1709165707},
    {{0x07, 0x15, 0x12, 0x29, 0x02, 0x24, 0x20, 0x00}, 1709165707},
    {{7, 15, 0, 29, 2, 24, 20, 0x06}, 1709165707},
    {{7, 15, 12, 29, 2, 24, 20, 0x04}, 1709165707},
    {{0x07, 0x15, 0x12, 0x29, 0x02, 0x24, 0x20, 0x02}, 1709208907},
    {{0x07, 0x15, 0x12 | PM, 0x29, 0x02, 0x24, 0x20, 0x00}, 1709208907},
    {{7, 15, 12 | PM, 29, 2, 24, 20, 0x04}, 1709208907},
    {{0x07, 0x15, 0x01, 0x29, 0x02, 0x24, 0x20, 0x00}, 1709169307},
    {{0x07, 0x15, 0x01 | PM, 0x29, 0x02, 0x24, 0x20, 0x00}, 1709212507},
    {{0x59, 0x59, 0x23, 0x29, 0x02, 0x24, 0x20, 0x02}, 1709251199},
    {{0x59, 0x59, 0x11 | PM, 0x29, 0x02, 0x24, 0x20, 0x00}, 1709251199},
    // Years: the first of 1970, the last of 1999 and of 2099; without a century 1999 and 2026.
    {{0x00, 0x00, 0x00, 0x01, 0x01, 0x70, 0x19, 0x02}, 0},
    {{0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x19, 0x02}, 946684799},
    {{0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x20, 0x02}, 4102444799},
    {{0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x00, 0x02}, 946684799},
    {{0x00, 0x00, 0x00, 0x01, 0x01, 0x26, 0xff, 0x02}, 1767225600},
};

TEST(rtc_decode, "all ways to write a time mean what the data sheet says")
{
    for (size_t i = 0; i < ARRAY_LENGTH(moments); i++) {
        int64_t seconds = -1;
        CHECK(rtc_decode(&moments[i].registers, &seconds));
        CHECK_EQUAL(seconds, moments[i].seconds);
    }
}

TEST(rtc_nonsense, "what is no date or no time of day is refused, field by field")
{
    static const struct rtc_registers wrong[] = {
        {0x60, 0x00, 0x00, 0x01, 0x01, 0x26, 0x20, 0x02}, // second
        {0x0a, 0x00, 0x00, 0x01, 0x01, 0x26, 0x20, 0x02}, // no decimal
        {0x00, 0x60, 0x00, 0x01, 0x01, 0x26, 0x20, 0x02}, // minute
        {0x00, 0x00, 0x24, 0x01, 0x01, 0x26, 0x20, 0x02}, // hour
        {0x00, 0x00, 0x00, 0x01, 0x01, 0x26, 0x20, 0x00}, // no hour 0 of 12
        {0x00, 0x00, 0x13, 0x01, 0x01, 0x26, 0x20, 0x00}, // nor 13
        {0x00, 0x00, 0x13 | PM, 0x01, 0x01, 0x26, 0x20, 0x00},
        {0x00, 0x00, 0x00, 0x00, 0x01, 0x26, 0x20, 0x02}, // day
        {0x00, 0x00, 0x00, 0x32, 0x01, 0x26, 0x20, 0x02},
        {0x00, 0x00, 0x00, 0x29, 0x02, 0x26, 0x20, 0x02}, // no leap year
        {0x00, 0x00, 0x00, 0x29, 0x02, 0x00, 0x21, 0x02}, // nor is 2100
        {0x00, 0x00, 0x00, 0x31, 0x04, 0x26, 0x20, 0x02}, // a short month
        {0x00, 0x00, 0x00, 0x01, 0x00, 0x26, 0x20, 0x02}, // month
        {0x00, 0x00, 0x00, 0x01, 0x13, 0x26, 0x20, 0x02},
        {0x00, 0x00, 0x00, 0x01, 0x01, 0xa0, 0x20, 0x02}, // year
        {0, 0, 0, 1, 1, 100, 20, 0x06},
        {0x00, 0x00, 0x00, 0x01, 0x01, 0x69, 0x19, 0x02}, // before 1970
        {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, // an empty bus
    };
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        int64_t seconds;
        CHECK(!rtc_decode(&wrong[i], &seconds));
    }
}

TEST(rtc_read, "the clock is read in each of its modes, and time goes on from there")
{
    struct rtc_registers before = read_all();
    for (size_t i = 0; i < ARRAY_LENGTH(moments); i++) {
        if (moments[i].registers.century != 0 && moments[i].registers.century != 0xff) {
            uint64_t start_ns = clock_now_ns();
            write_all(moments[i].registers);
            rtc_init();
            uint64_t passed_s = now_s() - (uint64_t)moments[i].seconds;
            CHECK(passed_s <= 1 + (clock_now_ns() - start_ns) / CLOCK_NS_PER_SECOND);
        }
    }
    uint64_t first_clock_ns = clock_now_ns();
    uint64_t first_ns = rtc_now_ns();
    clock_sleep_ms(3);
    uint64_t passed_ns = rtc_now_ns() - first_ns;
    CHECK(passed_ns >= 3 * CLOCK_NS_PER_MS);
    CHECK(passed_ns <= clock_now_ns() - first_clock_ns);
    write_all(before);
    rtc_init();
}

TEST(rtc_update, "a clock that is read while it counts is never half a step behind")
{
    struct rtc_registers before = read_all();
    // A second before all fields change; reads follow each other until it has happened.
    uint64_t start_ns = clock_now_ns();
    write_all((struct rtc_registers){0x59, 0x59, 0x23, 0x31, 0x12, 0x99, 0x19, 0x02});
    uint64_t end = 946684800, last = 0;
    for (unsigned reads = 0; last < end && reads < 3000; reads++) {
        rtc_init();
        last = now_s();
        uint64_t passed_s = (clock_now_ns() - start_ns) / CLOCK_NS_PER_SECOND;
        CHECK(last >= end - 1 && last <= end + passed_s); // a busy host may stop us for longer
        clock_sleep_ms(1);
    }
    CHECK(last >= end);
    write_all(before);
    rtc_init();
}

TEST(rtc_stopped, "a clock that stands still costs no time: 1970")
{
    uint8_t mode = read_register(REGISTER_B), divider = read_register(REGISTER_A);
    uint64_t start_ns = clock_now_ns();
    write_register(REGISTER_B, mode | RTC_MODE_STOPPED);
    rtc_init();
    CHECK(rtc_now_ns() - start_ns < CLOCK_NS_PER_SECOND);
    write_register(REGISTER_B, mode);
    write_register(REGISTER_A, (divider & 0x0f) | 0x70); // the divider is held in its reset
    start_ns = clock_now_ns();
    rtc_init();
    CHECK(rtc_now_ns() - start_ns < CLOCK_NS_PER_SECOND);
    write_register(REGISTER_A, divider);
    rtc_init();
    CHECK(now_s() >= 946684800);
}

TEST(rtc_century, "the century is read where it is, so this is not 1926")
{
    // QEMU's clock is the host's, or begins in 2000.
    CHECK(now_s() >= 946684800 && now_s() < 4102444800);
}

TEST(calendar_known, "known moments are known dates")
{
    static const struct {
        int64_t seconds;
        struct calendar date;
    } known[] = {
        {0, {1970, 1, 1, 0, 0, 0}},
        {-1, {1969, 12, 31, 23, 59, 59}},
        {-2147483648, {1901, 12, 13, 20, 45, 52}},
        {2147483647, {2038, 1, 19, 3, 14, 7}},
        {951782399, {2000, 2, 28, 23, 59, 59}},
        {951782400, {2000, 2, 29, 0, 0, 0}},
        {951868800, {2000, 3, 1, 0, 0, 0}},
        {4107542400, {2100, 3, 1, 0, 0, 0}},
        {4107542399, {2100, 2, 28, 23, 59, 59}},
        {15032385535, {2446, 5, 10, 22, 38, 55}}, // the last that ext2 can note
    };
    for (size_t i = 0; i < ARRAY_LENGTH(known); i++) {
        struct calendar date = calendar_date(known[i].seconds);
        CHECK_EQUAL(date.year, known[i].date.year);
        CHECK_EQUAL(date.month, known[i].date.month);
        CHECK_EQUAL(date.day, known[i].date.day);
        CHECK_EQUAL(date.hour, known[i].date.hour);
        CHECK_EQUAL(date.minute, known[i].date.minute);
        CHECK_EQUAL(date.second, known[i].date.second);
    }
}

TEST(calendar_round_trip, "a date's seconds are that date's, over 830 years")
{
    for (int64_t day = 0; day < 830 * 365; day += 1 + test_random_below(3)) {
        int64_t seconds = day * 86400 + test_random_below(86400), again = -1;
        struct calendar date = calendar_date(seconds);
        if (!calendar_seconds(&date, &again) || again != seconds) {
            CHECK_EQUAL(again, seconds);
        }
    }
}
