#include "kernel/cpu/tsc.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/pit.h"
#include "kernel/dev/console.h"
#include "lib/assert.h"

#define INTERVAL_MIN (PIT_HZ / 1000)
#define SAMPLE_TRIES 8

// One moment on both clocks.
struct sample {
    uint64_t tsc;
    unsigned periods; // of the PIT since pit_start_count
};

static struct sample start;
static uint64_t origin; // the counter at tsc_start
static uint64_t hz;
static uint64_t ns_per_count; // times 2^32

// Reading the PIT takes microseconds, and more where something comes between: the fastest of a few
// tries shows both clocks most nearly at the same moment.
static struct sample take_sample(void)
{
    struct sample best = {0};
    uint64_t shortest = UINT64_MAX;
    for (unsigned try = 0; try < SAMPLE_TRIES; try++) {
        uint64_t before = cpu_read_tsc();
        unsigned periods = pit_read_count();
        uint64_t duration = cpu_read_tsc() - before;
        if (duration < shortest) {
            shortest = duration;
            best = (struct sample){.tsc = before, .periods = periods};
        }
    }
    return best;
}

void tsc_start(void)
{
    origin = cpu_read_tsc();
    pit_start_count();
    start = take_sample();
}

void tsc_finish(void)
{
    cpu_disable_interrupts();
    struct sample end = take_sample();
    while (end.periods == PIT_COUNT_MAX || end.periods - start.periods < INTERVAL_MIN) {
        if (end.periods == PIT_COUNT_MAX) { // the counter has run out: nobody knows when
            pit_start_count();
            start = take_sample();
        }
        clock_idle(); // until the next tick, 1 ms at most
        end = take_sample();
    }
    cpu_enable_interrupts();
    uint64_t measured_hz = (end.tsc - start.tsc) * PIT_HZ / (end.periods - start.periods);
    ASSERT(measured_hz > 0);
    ns_per_count = (CLOCK_NS_PER_SECOND << 32) / measured_hz;
    hz = measured_hz; // last: it tells that the rest is there
    kprintf("tsc: %lu.%03lu MHz\n", hz / 1000000, hz / 1000 % 1000);
}

uint64_t tsc_hz(void)
{
    return hz;
}

uint64_t tsc_elapsed(void)
{
    return cpu_read_tsc() - origin;
}

uint64_t tsc_to_ns(uint64_t count)
{
    ASSERT(hz > 0);
    return (uint64_t)((unsigned __int128)count * ns_per_count >> 32);
}
