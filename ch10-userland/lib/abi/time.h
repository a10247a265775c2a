// Times and clocks: the structures and numbers of Linux on x86-64.
#ifndef RUNG_LIB_ABI_TIME_H
#define RUNG_LIB_ABI_TIME_H

#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1

struct timespec {
    long tv_sec, tv_nsec;
};

struct timeval {
    long tv_sec, tv_usec;
};

#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4
#define CLOCK_REALTIME_COARSE 5
#define CLOCK_MONOTONIC_COARSE 6
#define CLOCK_BOOTTIME 7

#define TIMER_ABSTIME 1 // clock_nanosleep: a time, not a span

#define ITIMER_REAL 0
#define ITIMER_VIRTUAL 1
#define ITIMER_PROF 2

struct itimerval {
    struct timeval it_interval, it_value;
};

#define TIMES_TICK_HZ 100 // of struct tms (AT_CLKTCK)

struct tms {
    long tms_utime, tms_stime, tms_cutime, tms_cstime;
};

#endif
