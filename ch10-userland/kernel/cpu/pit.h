// The 8254 programmable interval timer (Intel 8254 data sheet): three counters at 1193182 Hz.
#ifndef RUNG_KERNEL_CPU_PIT_H
#define RUNG_KERNEL_CPU_PIT_H

#include "lib/types.h"

#define PIT_HZ 1193182
#define PIT_COUNT_MAX 65535

// Makes counter 0 interrupt (IRQ 0) `hz` times a second, 19 to 1000, as nearly as a whole divisor
// allows (rate generator, mode 2). Returns the period in counts of PIT_HZ.
unsigned pit_start_tick(unsigned hz);

// Counter 2, not connected to an interrupt: starts at PIT_COUNT_MAX and counts down once (about
// 55 ms). The speaker stays silent.
void pit_start_count(void);

// Counts since pit_start_count, PIT_COUNT_MAX for as many or more. Any context, but not by two at
// a time.
unsigned pit_read_count(void);

#endif
