#include "kernel/cpu/pit.h"

#include "kernel/cpu/io.h"
#include "lib/assert.h"

#define COUNTER_0 0x40
#define COUNTER_2 0x42
#define CONTROL 0x43
#define PORT_B 0x61 // counter 2's gate and output, the speaker

// Control words: counter, access (0: latch the count, 3: low byte, then high byte), mode.
#define CONTROL_COUNTER(counter) ((counter) << 6)
#define CONTROL_LOW_HIGH (3 << 4)
#define CONTROL_MODE(mode) ((mode) << 1)

#define PORT_B_GATE_2 0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUTPUT_2 0x20

unsigned pit_start_tick(unsigned hz)
{
    ASSERT(hz >= 19 && hz <= 1000); // the divisor has 16 bits
    unsigned divisor = (PIT_HZ + hz / 2) / hz;
    out8(CONTROL, CONTROL_COUNTER(0) | CONTROL_LOW_HIGH | CONTROL_MODE(2));
    out8(COUNTER_0, (uint8_t)divisor);
    out8(COUNTER_0, (uint8_t)(divisor >> 8));
    return divisor;
}

void pit_start_count(void)
{
    out8(PORT_B, (in8(PORT_B) & ~PORT_B_SPEAKER) | PORT_B_GATE_2);
    // Mode 0: the output goes up when the count is done, and stays there.
    out8(CONTROL, CONTROL_COUNTER(2) | CONTROL_LOW_HIGH | CONTROL_MODE(0));
    out8(COUNTER_2, PIT_COUNT_MAX & 0xff);
    out8(COUNTER_2, PIT_COUNT_MAX >> 8);
}

unsigned pit_read_count(void)
{
    out8(CONTROL, CONTROL_COUNTER(2)); // latch: both bytes of one moment
    unsigned left = in8(COUNTER_2);
    left |= (unsigned)in8(COUNTER_2) << 8;
    if (in8(PORT_B) & PORT_B_OUTPUT_2) {
        return PIT_COUNT_MAX; // and the counter has begun again at its top
    }
    return PIT_COUNT_MAX - left;
}
