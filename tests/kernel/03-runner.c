// The tests' own tools.
#include "kernel/panic.h"
#include "test.h"

TEST(runner_glob, "tests= takes names and globs, separated by commas")
{
    CHECK(test_matches("*", "buddy"));
    CHECK(test_matches("*", ""));
    CHECK(test_matches("buddy", "buddy"));
    CHECK(test_matches("b*y", "buddy"));
    CHECK(test_matches("b*d*", "buddy"));
    CHECK(test_matches("b?ddy", "buddy"));
    CHECK(test_matches("slab,buddy", "buddy"));
    CHECK(test_matches("slab*,b*", "buddy"));
    CHECK(!test_matches("budd", "buddy"));
    CHECK(!test_matches("buddy?", "buddy"));
    CHECK(!test_matches("slab,uddy", "buddy"));
    CHECK(!test_matches("", "buddy"));
}

TEST(runner_random, "random numbers cover their range and do not repeat at once")
{
    uint32_t seen = 0;
    uint64_t last = test_random();

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t next = test_random();
        CHECK(next != last);
        last = next;
        uint32_t small = test_random_below(32);
        CHECK(small < 32);
        seen |= 1u << small;
    }
    CHECK_EQUAL(seen, 0xffffffffu);
}

TEST_PANIC(runner_panic, "a panic prints its message, its values and its place",
           "a test asked for it: 42(?s:.*)03-runner\\.c:\\d+")
{
    panic("a test asked for it: %d", 42);
}
