#include "kernel/dev/rtc.h"

#include "boot/cmos.h"
#include "kernel/cpu/clock.h"
#include "kernel/cpu/io.h"
#include "kernel/dev/acpi.h"
#include "kernel/dev/console.h"
#include "lib/calendar.h"
#include "lib/string.h"

// Registers and their bits (MC146818A data sheet, "Address Map" and "Registers"). The century came
// with the PC/AT; ACPI tells where it is, and nearly always it is here.
#define SECOND 0x00
#define MINUTE 0x02
#define HOUR 0x04
#define DAY 0x07
#define MONTH 0x08
#define YEAR 0x09
#define REGISTER_A 0x0a
#define REGISTER_B 0x0b
#define REGISTER_D 0x0d
#define CENTURY 0x32

#define A_UPDATING 0x80 // or less than 244 microseconds before: the registers may be half changed
#define A_DIVIDER 0x70
#define A_DIVIDER_RUNS 0x20 // with the crystal of a PC, 32768 Hz
#define D_VALID 0x80 // there has been power since it was set
#define HOUR_PM 0x80

#define READ_TRIES 10 // an update takes 2 ms

static uint64_t start_ns; // of clock_now_ns, since 1970

// NMIs stay on: their gate is in the index's top bit.
static uint8_t read_register(uint8_t index)
{
    out8(CMOS_INDEX, index);
    return in8(CMOS_DATA);
}

static struct rtc_registers read_registers(void)
{
    uint8_t century = acpi_info()->century_register;
    return (struct rtc_registers){
        .second = read_register(SECOND),
        .minute = read_register(MINUTE),
        .hour = read_register(HOUR),
        .day = read_register(DAY),
        .month = read_register(MONTH),
        .year = read_register(YEAR),
        .century = read_register(century ? century : CENTURY),
        .mode = read_register(REGISTER_B),
    };
}

// Reads until no update came in between. Returns what is wrong, or NULL.
static const char *read_clock(struct rtc_registers *registers)
{
    uint8_t divider = read_register(REGISTER_A) & A_DIVIDER;
    if (divider != A_DIVIDER_RUNS || read_register(REGISTER_B) & RTC_MODE_STOPPED) {
        return "the clock stands still";
    }
    if (!(read_register(REGISTER_D) & D_VALID)) {
        return "the clock's battery is empty";
    }
    for (unsigned try = 0; try < READ_TRIES; try++) {
        if (read_register(REGISTER_A) & A_UPDATING) {
            clock_sleep_ms(1);
            continue;
        }
        *registers = read_registers();
        struct rtc_registers again = read_registers();
        if (memcmp(registers, &again, sizeof(again)) == 0 &&
            !(read_register(REGISTER_A) & A_UPDATING)) {
            return NULL;
        }
    }
    return "the clock does not stop changing";
}

// Turns a register's value into a number; one that is no binary-coded decimal into one that is too
// large for anything.
static unsigned decode(uint8_t value, bool binary)
{
    if (binary) {
        return value;
    }
    return (value & 0x0f) > 9 || value >> 4 > 9 ? UINT8_MAX : (value >> 4) * 10u + (value & 0x0f);
}

bool rtc_decode(const struct rtc_registers *registers, int64_t *seconds)
{
    bool binary = registers->mode & RTC_MODE_BINARY;
    unsigned century = decode(registers->century, binary), year = decode(registers->year, binary);
    unsigned hour = decode(registers->hour, binary);
    if (!(registers->mode & RTC_MODE_24_HOURS)) {
        hour = decode(registers->hour & (uint8_t)~HOUR_PM, binary);
        if (hour < 1 || hour > 12) {
            return false;
        }
        hour = hour % 12 + (registers->hour & HOUR_PM ? 12 : 0); // 12 a.m. is midnight
    }
    if (year > 99) {
        return false;
    }
    if (century < 19 || century > 21) { // there is none: the register holds something else
        century = year < 70 ? 20 : 19;
    }
    struct calendar date = {
        .year = century * 100 + year,
        .month = decode(registers->month, binary),
        .day = decode(registers->day, binary),
        .hour = hour,
        .minute = decode(registers->minute, binary),
        .second = decode(registers->second, binary),
    };
    return calendar_seconds(&date, seconds);
}

void rtc_init(void)
{
    struct rtc_registers registers;
    int64_t seconds = 0;
    const char *problem = read_clock(&registers);
    uint64_t now_ns = clock_now_ns();
    if (!problem && !rtc_decode(&registers, &seconds)) {
        problem = "the clock holds no date";
    }
    if (problem) {
        kprintf("rtc: %s, time starts in 1970\n", problem);
        start_ns = 0;
        return;
    }
    start_ns = (uint64_t)seconds * CLOCK_NS_PER_SECOND - now_ns;
    struct calendar date = calendar_date(seconds);
    kprintf("rtc: %ld-%02u-%02u %02u:%02u:%02u UTC\n", date.year, date.month, date.day, date.hour,
            date.minute, date.second);
}

uint64_t rtc_now_ns(void)
{
    return start_ns + clock_now_ns();
}
