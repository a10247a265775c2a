// Numbers that look random: rand and its like.
#include <stdlib.h>

// Numbers for games, not for secrets (those: getrandom). A linear congruential generator modulo
// 2^32 whose upper bits are mixed (permuted congruential generator, O'Neill).
int rand_r(unsigned *seed)
{
    unsigned old = *seed;
    *seed = old * 747796405u + 2891336453u;
    unsigned mixed = (old >> ((old >> 28) + 4) ^ old) * 277803737u;
    return (int)((mixed >> 22 ^ mixed) & RAND_MAX);
}

static unsigned state = 1;

int rand(void)
{
    return rand_r(&state);
}

void srand(unsigned seed)
{
    state = seed;
}

long random(void)
{
    return rand();
}

void srandom(unsigned seed)
{
    srand(seed);
}

static uint64_t state_48 = 0x330e;

void srand48(long seed)
{
    state_48 = (uint64_t)(uint32_t)seed << 16 | 0x330e;
}

double drand48(void)
{
    state_48 = (state_48 * 0x5deece66d + 11) & 0xffffffffffff; // the numbers that POSIX has
    return (double)state_48 * 0x1p-48;
}
