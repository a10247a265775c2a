// Times as people write them: the Gregorian calendar, UTC, without leap seconds.
#ifndef RUNG_LIB_CALENDAR_H
#define RUNG_LIB_CALENDAR_H

#include "lib/types.h"

struct calendar {
    int64_t year;
    unsigned month, day; // from 1
    unsigned hour, minute, second;
};

// Seconds since 1970-01-01 00:00 as a date; before it they are negative. Any context.
struct calendar calendar_date(int64_t seconds);

// The reverse: returns false for what is no date, or one before 1970. Any context.
bool calendar_seconds(const struct calendar *date, int64_t *seconds);

#endif
