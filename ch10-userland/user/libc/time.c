// Dates and clocks.
#include "lib/calendar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char day_names[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
static const char month_names[12][10] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};

time_t time(time_t *seconds)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds != NULL) {
        *seconds = now.tv_sec;
    }
    return now.tv_sec;
}

unsigned sleep(unsigned seconds)
{
    struct timespec rest = {.tv_sec = seconds};
    return nanosleep(&rest, &rest) == 0 ? 0 : (unsigned)rest.tv_sec + (rest.tv_nsec > 0);
}

// Days from 1970-01-01 to the first of March of a year: after it the leap day is the last of all.
static int64_t march_days(int64_t year)
{
    int64_t cycle = (year >= 0 ? year : year - 399) / 400, rest = year - cycle * 400;
    return cycle * 146097 + rest * 365 + rest / 4 - rest / 100 - 719468;
}

// Days from 1970-01-01 to a day, whose number need not lie in that month; month: from 0.
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year += month / 12 - (month % 12 < 0);
    month = month % 12 + (month % 12 < 0 ? 12 : 0);
    int64_t from_march = (month + 10) % 12; // in a year that starts in March
    return march_days(year - (month < 2)) + (from_march * 153 + 2) / 5 + day - 1;
}

struct tm *gmtime_r(const time_t *seconds, struct tm *date)
{
    struct calendar calendar = calendar_date(*seconds);
    if (calendar.year - 1900 != (int)(calendar.year - 1900)) {
        errno = ERANGE;
        return NULL;
    }
    int64_t days = days_of(calendar.year, calendar.month - 1, calendar.day);
    *date = (struct tm){
        .tm_sec = (int)calendar.second,
        .tm_min = (int)calendar.minute,
        .tm_hour = (int)calendar.hour,
        .tm_mday = (int)calendar.day,
        .tm_mon = (int)calendar.month - 1,
        .tm_year = (int)(calendar.year - 1900),
        .tm_wday = (int)(((days + 4) % 7 + 7) % 7), // the first was a Thursday
        .tm_yday = (int)(days - days_of(calendar.year, 0, 1)),
    };
    return date;
}

struct tm *localtime_r(const time_t *seconds, struct tm *date)
{
    return gmtime_r(seconds, date);
}

time_t timegm(struct tm *date)
{
    int64_t days = days_of((int64_t)date->tm_year + 1900, date->tm_mon, date->tm_mday);
    time_t seconds = ((days * 24 + date->tm_hour) * 60 + date->tm_min) * 60 + date->tm_sec;
    return gmtime_r(&seconds, date) != NULL ? seconds : -1;
}

time_t mktime(struct tm *date)
{
    return timegm(date);
}

// The week of the year whose weeks start at a day (0: Sunday), the first such day being in week 1.
static int week(const struct tm *date, int first_day)
{
    return (date->tm_yday + 7 - (date->tm_wday - first_day + 7) % 7) / 7;
}

// The week of ISO 8601: from a Monday, and in the year that has its Thursday; *year gets that.
static int iso_week(const struct tm *date, int *year)
{
    struct tm thursday = *date;
    thursday.tm_mday += 3 - (date->tm_wday + 6) % 7;
    timegm(&thursday);
    *year = thursday.tm_year + 1900;
    return thursday.tm_yday / 7 + 1;
}

static const char *name_of(const char (*names)[10], int index, int count)
{
    return index >= 0 && index < count ? names[index] : "?";
}

// One conversion, into size bytes; returns the length that it has, 0 where one of several parts had
// no room, -1 for an unknown one.
static int convert(char *buffer, size_t size, char letter, const struct tm *date)
{
    const char *day = name_of(day_names, date->tm_wday, 7);
    const char *month = name_of(month_names, date->tm_mon, 12);
    int year = date->tm_year + 1900, hour = date->tm_hour % 12;
    struct tm copy = *date;
#define PUT(...) return snprintf(buffer, size, __VA_ARGS__)
#define PART(text) return (int)strftime(buffer, size, text, date)
    switch (letter) {
    case 'a':
        PUT("%.3s", day);
    case 'A':
        PUT("%s", day);
    case 'b':
    case 'h':
        PUT("%.3s", month);
    case 'B':
        PUT("%s", month);
    case 'c':
        PART("%a %b %e %H:%M:%S %Y");
    case 'C':
        PUT("%02d", year / 100);
    case 'd':
        PUT("%02d", date->tm_mday);
    case 'D':
    case 'x':
        PART("%m/%d/%y");
    case 'e':
        PUT("%2d", date->tm_mday);
    case 'F':
        PART("%Y-%m-%d");
    case 'g':
        iso_week(date, &year);
        PUT("%02d", (year % 100 + 100) % 100);
    case 'G':
        iso_week(date, &year);
        PUT("%d", year);
    case 'H':
        PUT("%02d", date->tm_hour);
    case 'I':
        PUT("%02d", hour == 0 ? 12 : hour);
    case 'j':
        PUT("%03d", date->tm_yday + 1);
    case 'm':
        PUT("%02d", date->tm_mon + 1);
    case 'M':
        PUT("%02d", date->tm_min);
    case 'n':
        PUT("\n");
    case 'p':
        PUT("%s", date->tm_hour < 12 ? "AM" : "PM");
    case 'r':
        PART("%I:%M:%S %p");
    case 'R':
        PART("%H:%M");
    case 's':
        PUT("%ld", timegm(&copy));
    case 'S':
        PUT("%02d", date->tm_sec);
    case 't':
        PUT("\t");
    case 'T':
    case 'X':
        PART("%H:%M:%S");
    case 'u':
        PUT("%d", date->tm_wday == 0 ? 7 : date->tm_wday);
    case 'U':
        PUT("%02d", week(date, 0));
    case 'V':
        PUT("%02d", iso_week(date, &year));
    case 'w':
        PUT("%d", date->tm_wday);
    case 'W':
        PUT("%02d", week(date, 1));
    case 'y':
        PUT("%02d", (year % 100 + 100) % 100);
    case 'Y':
        PUT("%d", year);
    case 'z':
        PUT("+0000");
    case 'Z':
        PUT("UTC");
    case '%':
        PUT("%%");
    default:
        return -1;
    }
}

// What is unknown stays as it is.
size_t strftime(char *buffer, size_t size, const char *format, const struct tm *date)
{
    size_t used = 0;
    for (; *format != '\0'; format++) {
        size_t room = size - used;
        int length = 0;
        if (*format == '%' && format[1] != '\0') {
            length = convert(buffer + used, room, *++format, date);
            if (length < 0) {
                length = snprintf(buffer + used, room, "%%%c", *format);
            }
        } else {
            length = snprintf(buffer + used, room, "%c", *format);
        }
        if (length == 0 || (size_t)length >= room) {
            return 0;
        }
        used += (size_t)length;
    }
    if (size == 0) {
        return 0;
    }
    buffer[used] = '\0';
    return used;
}

struct tm *gmtime(const time_t *seconds)
{
    static struct tm date;
    return gmtime_r(seconds, &date);
}

struct tm *localtime(const time_t *seconds)
{
    return gmtime(seconds);
}

char *asctime_r(const struct tm *date, char *text)
{
    return strftime(text, 26, "%a %b %e %H:%M:%S %Y\n", date) > 0 ? text : NULL;
}

char *asctime(const struct tm *date)
{
    static char text[26];
    return asctime_r(date, text);
}

char *ctime_r(const time_t *seconds, char *text)
{
    struct tm date;
    return gmtime_r(seconds, &date) != NULL ? asctime_r(&date, text) : NULL;
}

int timespec_get(struct timespec *time, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

char *ctime(const time_t *seconds)
{
    const struct tm *date = gmtime(seconds);
    return date != NULL ? asctime(date) : NULL;
}

clock_t clock(void)
{
    struct timespec used;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0
               ? used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / 1000
               : -1;
}
