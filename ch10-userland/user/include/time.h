// <time.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_TIME_H
#define RUNG_USER_INCLUDE_TIME_H

#include "lib/abi/time.h"

#include <sys/types.h>

struct tm {
    int tm_sec, tm_min, tm_hour;
    int tm_mday; // from 1
    int tm_mon; // from 0
    int tm_year; // since 1900
    int tm_wday; // 0: Sunday
    int tm_yday; // from 0
    int tm_isdst;
};

int clock_gettime(clockid_t clock, struct timespec *time);
int nanosleep(const struct timespec *span, struct timespec *rest);
time_t time(time_t *seconds);

// There is one time zone, UTC: local times are the same.
struct tm *gmtime_r(const time_t *seconds, struct tm *date);
struct tm *localtime_r(const time_t *seconds, struct tm *date);
size_t strftime(char *buffer, size_t size, const char *format, const struct tm *date);
time_t timegm(struct tm *date);
time_t mktime(struct tm *date);

#define CLOCKS_PER_SEC 1000000l
clock_t clock(void);
int clock_settime(clockid_t clock, const struct timespec *time);
int clock_getres(clockid_t clock, struct timespec *resolution);
struct tm *gmtime(const time_t *seconds);
struct tm *localtime(const time_t *seconds);
char *asctime(const struct tm *date);
char *ctime(const time_t *seconds);
char *asctime_r(const struct tm *date, char *text);
char *ctime_r(const time_t *seconds, char *text);
#define TIME_UTC 1
int timespec_get(struct timespec *time, int base);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest);
static inline void tzset(void)
{
}
static inline double difftime(time_t end, time_t start)
{
    return (double)(end - start);
}

#endif
