// The time of day: read once from the battery-backed clock (MC146818), then kept by
// kernel/cpu/clock.
#ifndef RUNG_KERNEL_DEV_RTC_H
#define RUNG_KERNEL_DEV_RTC_H

#include "lib/types.h"

// The clock's registers as they are, the century (0: not known) and register B, which tells how to
// read the others.
struct rtc_registers {
    uint8_t second, minute, hour, day, month, year, century, mode;
};

#define RTC_MODE_24_HOURS 0x02 // else bit 7 of the hour says p.m.
#define RTC_MODE_BINARY 0x04 // else binary-coded decimal, also in the hour below bit 7
#define RTC_MODE_STOPPED 0x80 // somebody sets the clock

// Reads the clock. Called once by kmain, after tsc_finish and acpi_init. A clock that stands still
// or holds nonsense is said on the console; time starts in 1970 then. Interrupts on; sleeps for
// some milliseconds at most.
void rtc_init(void);

// Nanoseconds since 1970-01-01 00:00 UTC (the clock is taken to run in UTC). Any context.
uint64_t rtc_now_ns(void);

// Seconds since 1970-01-01 00:00 of what the registers hold; false when that is no date. Any
// context.
bool rtc_decode(const struct rtc_registers *registers, int64_t *seconds);

#endif
