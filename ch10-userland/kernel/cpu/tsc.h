// How fast the time stamp counter runs, measured against the PIT while the kernel boots.
#ifndef RUNG_KERNEL_CPU_TSC_H
#define RUNG_KERNEL_CPU_TSC_H

#include "lib/types.h"

// Starts the measurement, and the kernel's time. Called early by kmain; the work between this call
// and tsc_finish is the measured interval.
void tsc_start(void);

// Ends it. If boot took less than 1 ms, or more than counter 2 of the PIT can count (55 ms), halts
// for the rest of 1 ms or a new one: at most 2 ms, and as much again whenever a host that runs this
// machine makes it stand still for 55 ms meanwhile. Needs clock_init and interrupts on.
void tsc_finish(void);

// Counts per second, 0 before tsc_finish. Any context.
uint64_t tsc_hz(void);

// Counts since tsc_start. Any context.
uint64_t tsc_elapsed(void);

// Converts counts to nanoseconds without overflow for centuries. ASSERTs that tsc_finish has run.
// Any context.
uint64_t tsc_to_ns(uint64_t count);

#endif
