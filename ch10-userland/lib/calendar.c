#include "lib/calendar.h"

#define DAY_SECONDS 86400
#define CYCLE_YEARS 400 // after these the calendar repeats itself
#define CYCLE_DAYS 146097

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned year_days(int64_t year)
{
    return is_leap(year) ? 366 : 365;
}

static unsigned month_days(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

struct calendar calendar_date(int64_t seconds)
{
    int64_t second = seconds % DAY_SECONDS, day = seconds / DAY_SECONDS;
    if (second < 0) {
        second += DAY_SECONDS;
        day--;
    }
    int64_t cycle = day / CYCLE_DAYS - (day < 0); // rounded down, or one less: the loop makes up
    day -= cycle * CYCLE_DAYS;
    struct calendar date = {
        .year = 1970 + cycle * CYCLE_YEARS,
        .month = 1,
        .hour = (unsigned)(second / 3600),
        .minute = (unsigned)(second / 60 % 60),
        .second = (unsigned)(second % 60),
    };
    for (; day >= year_days(date.year); date.year++) {
        day -= year_days(date.year);
    }
    for (; day >= month_days(date.year, date.month); date.month++) {
        day -= month_days(date.year, date.month);
    }
    date.day = (unsigned)day + 1;
    return date;
}

bool calendar_seconds(const struct calendar *date, int64_t *seconds)
{
    if (date->year < 1970 || date->year > 9999 || date->month < 1 || date->month > 12 ||
        date->day < 1 || date->day > month_days(date->year, date->month) || date->hour > 23 ||
        date->minute > 59 || date->second > 59) {
        return false;
    }
    int64_t days = date->day - 1;
    for (int64_t year = 1970; year < date->year; year++) {
        days += year_days(year);
    }
    for (unsigned month = 1; month < date->month; month++) {
        days += month_days(date->year, month);
    }
    *seconds = ((days * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
    return true;
}
