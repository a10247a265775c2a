// A generator with fast key erasure (Bernstein, blog.cr.yp.to, 2017-07-23): each block of ChaCha8
// gives the key of the next one and some output, so that what was given out before can't be found
// from what is in memory now.
#include "kernel/dev/random.h"

#include "kernel/cpu/cpu.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"

#define KEY_WORDS 8
#define BLOCK_WORDS 16
#define ROUND_PAIRS 4
#define CPUID_FEATURES 1
#define CPUID_RDRAND (1u << 30) // ECX

static uint32_t key[KEY_WORDS];
static uint32_t output[BLOCK_WORDS - KEY_WORDS];
static size_t left; // bytes of the output, at its end
static struct spinlock lock = SPINLOCK("random");

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[d] = rotate(x[d] ^ (x[a] += x[b]), 16);
    x[b] = rotate(x[b] ^ (x[c] += x[d]), 12);
    x[d] = rotate(x[d] ^ (x[a] += x[b]), 8);
    x[b] = rotate(x[b] ^ (x[c] += x[d]), 7);
}

// The block function (RFC 8439, 2.3) with fewer rounds.
static void chacha(uint32_t *block)
{
    uint32_t start[BLOCK_WORDS];
    memcpy(start, block, sizeof(start));
    for (unsigned i = 0; i < ROUND_PAIRS; i++) {
        for (unsigned column = 0; column < 4; column++) {
            quarter_round(block, column, 4 + column, 8 + column, 12 + column);
        }
        for (unsigned column = 0; column < 4; column++) {
            quarter_round(block, column, 4 + (column + 1) % 4, 8 + (column + 2) % 4,
                          12 + (column + 3) % 4);
        }
    }
    for (unsigned i = 0; i < BLOCK_WORDS; i++) {
        block[i] += start[i];
    }
}

// 64 bits from the processor; 0: it has none.
static uint64_t hardware_random(void)
{
    uint32_t a = CPUID_FEATURES, b, c = 0, d;
    uint64_t value = 0;
    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if (c & CPUID_RDRAND) {
        __asm__ volatile("rdrand %0" : "+r"(value) : : "cc"); // 0 when it has run dry
    }
    return value;
}

static void next_block(void)
{
    uint64_t time = cpu_read_tsc(), hardware = hardware_random();
    uint32_t block[BLOCK_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(block + 4, key, sizeof(key));
    memcpy(block + 4 + KEY_WORDS, &time, sizeof(time));
    memcpy(block + 6 + KEY_WORDS, &hardware, sizeof(hardware));
    chacha(block);
    memcpy(key, block, sizeof(key));
    memcpy(output, block + KEY_WORDS, sizeof(output));
    left = sizeof(output);
}

void random_bytes(void *to, size_t size)
{
    spinlock_acquire(&lock);
    for (char *next = to; size > 0;) {
        if (left == 0) {
            next_block();
        }
        size_t count = size < left ? size : left;
        char *from = (char *)output + sizeof(output) - left;
        memcpy(next, from, count);
        memset(from, 0, count);
        left -= count;
        next += count;
        size -= count;
    }
    spinlock_release(&lock);
}
