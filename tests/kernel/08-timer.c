// Timers: kernel/cpu/clock.c.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define COUNT 200

static struct clock_timer timers[COUNT];
static uint64_t expired_ns[COUNT], expired_tick[COUNT];
static unsigned order[COUNT], expired, early, in_handler;

static void note_expired(struct clock_timer *timer)
{
    unsigned number = (unsigned)(timer - timers);
    expired_ns[number] = clock_now_ns();
    expired_tick[number] = clock_ticks();
    early += expired_ns[number] < timer->deadline_ns;
    in_handler += irq_in_handler() && !cpu_interrupts_enabled();
    order[expired++] = number;
}

static void start_over(void)
{
    for (unsigned i = 0; i < COUNT; i++) {
        clock_stop_timer(&timers[i]);
    }
    memset(timers, 0, sizeof(timers));
    expired = early = in_handler = 0;
}

// Waits until so many have expired, and long enough to see one too many.
static void wait_for_expired(unsigned count)
{
    for (unsigned i = 0; i < 1000 && expired < count; i++) {
        clock_sleep_ms(1);
    }
    clock_sleep_ms(5);
    CHECK_EQUAL(expired, count);
}

TEST(timer_order, "timers expire in the order of their deadlines, none too early, each once")
{
    start_over();
    cpu_disable_interrupts(); // none expires before all are there
    uint64_t now = clock_now_ns();
    for (unsigned i = 0; i < COUNT; i++) { // some more than a turn of the wheel away
        clock_start_timer(&timers[i], now + test_random_below(700 * 1000 * 1000), note_expired);
    }
    cpu_enable_interrupts();
    wait_for_expired(COUNT);
    CHECK_EQUAL(early, 0);
    CHECK_EQUAL(in_handler, COUNT);
    uint64_t latest_ns = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        if (i > 0 && expired_tick[order[i]] > expired_tick[order[i - 1]]) {
            CHECK(timers[order[i]].deadline_ns > timers[order[i - 1]].deadline_ns);
        }
        uint64_t late_ns = expired_ns[i] - timers[i].deadline_ns;
        latest_ns = late_ns > latest_ns ? late_ns : latest_ns;
    }
    test_note("timer_latest_us %lu", latest_ns / CLOCK_NS_PER_US);
}

TEST(timer_stop,
     "a timer that was stopped does not expire; stopping one that does not run is allowed")
{
    start_over();
    clock_stop_timer(&timers[0]); // never started
    cpu_disable_interrupts();
    uint64_t now = clock_now_ns();
    for (unsigned i = 0; i < 20; i++) {
        clock_start_timer(&timers[i], now + 3 * CLOCK_NS_PER_MS, note_expired);
    }
    for (unsigned i = 0; i < 20; i += 2) {
        clock_stop_timer(&timers[i]);
        clock_stop_timer(&timers[i]);
    }
    cpu_enable_interrupts();
    wait_for_expired(10);
    for (unsigned i = 0; i < 20; i++) {
        clock_stop_timer(&timers[i]);
    }
    clock_start_timer(&timers[0], clock_now_ns(), note_expired); // again
    wait_for_expired(11);
}

TEST(timer_late, "a deadline that is over counts at the next tick")
{
    start_over();
    cpu_disable_interrupts();
    clock_start_timer(&timers[0], 0, note_expired);
    clock_start_timer(&timers[1], clock_now_ns() - 1, note_expired);
    CHECK_EQUAL(expired, 0);
    cpu_enable_interrupts();
    wait_for_expired(2);
}

TEST(timer_far, "a deadline at the end of time does not come")
{
    start_over();
    clock_start_timer(&timers[0], UINT64_MAX, note_expired);
    clock_start_timer(&timers[1], clock_now_ns() + 3600 * CLOCK_NS_PER_SECOND, note_expired);
    clock_sleep_ms(300); // more than a turn of the wheel
    CHECK_EQUAL(expired, 0);
    clock_stop_timer(&timers[0]);
    clock_stop_timer(&timers[1]);
}

static void stop_the_next(struct clock_timer *timer)
{
    note_expired(timer);
    clock_stop_timer(timer + 1);
    if (timer == timers) {
        clock_start_timer(timer + 5, 0, note_expired);
    }
}

TEST(timer_in_timer, "a timer's function may stop those that are due with it, and start others")
{
    start_over();
    cpu_disable_interrupts();
    uint64_t deadline = clock_now_ns() + 2 * CLOCK_NS_PER_MS;
    for (unsigned i = 0; i < 4; i++) {
        clock_start_timer(&timers[i], deadline, stop_the_next);
    }
    cpu_enable_interrupts();
    wait_for_expired(3);
    CHECK_EQUAL(order[0], 0);
    CHECK_EQUAL(order[1], 2);
    CHECK_EQUAL(order[2], 5);
}

TEST(timer_lost_ticks, "timers of a time without interrupts expire when there are some again")
{
    start_over();
    cpu_disable_interrupts();
    uint64_t now = clock_now_ns();
    for (unsigned i = 0; i < 10; i++) {
        clock_start_timer(&timers[i], now + i * CLOCK_NS_PER_MS, note_expired);
    }
    while (clock_now_ns() < now + 400 * CLOCK_NS_PER_MS) { // more than a turn
    }
    cpu_enable_interrupts();
    wait_for_expired(10);
    for (unsigned i = 0; i < 10; i++) {
        CHECK_EQUAL(order[i], i);
    }
}

static unsigned wakeups;

static unsigned count_sleeping(void)
{
    struct process_info info;
    unsigned count = 0;
    for (int pid = 0; (pid = process_next(pid, &info)) != 0;) {
        count += strcmp(info.name, "sleeps") == 0 && info.state == PROCESS_SLEEPING;
    }
    return count;
}

static int sleep_once(void *argument)
{
    clock_sleep_ms((uint64_t)argument);
    wakeups++;
    return 0;
}

TEST(timer_no_polling, "a hundred that sleep are not looked after: each runs once, at its time")
{
    uint64_t switches = this_cpu()->switches, start = clock_now_ns();
    wakeups = 0;
    for (uint64_t i = 0; i < 100; i++) {
        CHECK(process_create("sleeps", sleep_once, (void *)(300 + i)) > 0);
    }
    while (count_sleeping() < 100 && clock_now_ns() - start < 200 * CLOCK_NS_PER_MS) {
        sched_yield();
    }
    bool asleep = count_sleeping() == 100;
    uint64_t before = this_cpu()->switches;
    clock_sleep_ms(40);
    uint64_t while_asleep = this_cpu()->switches - before;
    if (asleep && clock_now_ns() - start < 280 * CLOCK_NS_PER_MS) { // else a busy host stopped us
        CHECK(while_asleep <= 4);
    }
    for (unsigned i = 0; i < 100; i++) {
        CHECK(process_wait(-1, NULL) > 0);
    }
    CHECK_EQUAL(wakeups, 100);
    CHECK(this_cpu()->switches - switches < 1000);
}
