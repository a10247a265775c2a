// lib/string.c as it runs here, with words of 32 bits or of 64. All else: tests/host/lib_cases.c.
#include "lib/string.h"
#include "tests/kernel/test.h"

#define SIZE 320 // enough for words one by one, and for string instructions

static uint8_t block[SIZE], expected[SIZE], before[SIZE];

// memcpy and its like in the most obvious way.
static void expect_copy(size_t destination, size_t source, size_t size)
{
    for (size_t i = 0; i < SIZE; i++) {
        expected[i] = before[i];
    }
    for (size_t i = 0; i < size; i++) {
        expected[destination + i] = before[source + i];
    }
}

static size_t first_difference(void)
{
    size_t i = 0;
    while (i < SIZE && block[i] == expected[i]) {
        i++;
    }
    return i;
}

TEST(string_copy_words, "memcpy and memmove copy words and bytes right, at any address and overlap")
{
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = test_random_below(SIZE / 2);
        size_t source = test_random_below((uint32_t)(SIZE - size));
        size_t destination = test_random_below((uint32_t)(SIZE - size));
        for (size_t i = 0; i < SIZE; i++) {
            block[i] = before[i] = (uint8_t)test_random();
        }
        expect_copy(destination, source, size);
        bool apart = source + size <= destination || destination + size <= source;
        if (apart) {
            memcpy(block + destination, block + source, size);
        } else {
            memmove(block + destination, block + source, size);
        }
        CHECK_EQUAL(first_difference(), SIZE);
    }
}

TEST(string_set_words, "memset fills words and bytes right, at any address")
{
    for (unsigned round = 0; round < 5000; round++) {
        size_t size = test_random_below(SIZE), start = test_random_below((uint32_t)(SIZE - size));
        for (size_t i = 0; i < SIZE; i++) {
            block[i] = expected[i] = (uint8_t)i;
        }
        for (size_t i = 0; i < size; i++) {
            expected[start + i] = 0xa5;
        }
        memset(block + start, 0x7a5, size);
        CHECK_EQUAL(first_difference(), SIZE);
    }
}
