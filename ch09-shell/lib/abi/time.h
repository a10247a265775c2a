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

#endif
