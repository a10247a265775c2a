// The scheduler: kernel/proc/sched.c. A busy host stops this machine for a while now and then, so
// limits are wide here; tests/proc/test_sched.py knows the narrow ones, for a machine that counts
// instructions.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/irq.h"
#include "kernel/cpu/tsc.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define PROCESSES_MAX 32

static bool stop;

static bool stopped(void)
{
    return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static int pids[PROCESSES_MAX];
static unsigned pid_count;

static void start(const char *name, int (*entry)(void *argument), void *argument)
{
    int pid = process_create(name, entry, argument);
    CHECK(pid > 0);
    pids[pid_count++] = pid;
}

static uint64_t cpu_ns(int pid)
{
    struct process_info info;
    return process_next(pid - 1, &info) == pid ? info.cpu_ns : 0;
}

static void stop_all(void)
{
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    while (pid_count > 0) {
        CHECK_EQUAL(process_wait(pids[pid_count - 1], NULL), pids[pid_count - 1]);
        pid_count--;
    }
    stop = false;
}

// Sleeps in pieces: when a busy host stops the machine, that costs one of them and not the rest.
static void sleep_in_pieces(unsigned time_ms)
{
    const unsigned piece_ms = 10;
    for (unsigned slept_ms = 0; slept_ms < time_ms; slept_ms += piece_ms) {
        clock_sleep_ms(piece_ms);
    }
}

static int compute(void *argument)
{
    uint64_t *rounds = argument;
    while (!stopped()) {
        ++*rounds;
    }
    return 0;
}

static char turns[64];
static size_t turn_count;

static int take_turns(void *argument)
{
    for (unsigned i = 0; i < 10; i++) {
        turns[turn_count++] = *(const char *)argument;
        sched_yield();
    }
    return 0;
}

TEST(sched_yield_turns, "who yields lets all others go first")
{
    memset(turns, 0, sizeof(turns));
    turn_count = 0;
    start("a", take_turns, "a");
    start("b", take_turns, "b");
    start("c", take_turns, "c");
    stop_all();
    // The first turn may be cut by a tick; then they go round.
    CHECK_EQUAL(turn_count, 30);
    unsigned regular = 0;
    for (size_t i = 3; i < 30; i++) {
        regular += turns[i] == turns[i - 3];
    }
    test_note("turns %s", turns);
    CHECK(regular >= 20);
}

TEST(sched_yield_alone, "who yields to nobody goes on at once, with interrupts as they were")
{
    uint64_t switches = this_cpu()->switches;
    for (unsigned i = 0; i < 100; i++) {
        sched_yield();
    }
    CHECK(cpu_interrupts_enabled());
    CHECK(this_cpu()->switches - switches < 10);
    cpu_disable_interrupts();
    sched_yield();
    CHECK(!cpu_interrupts_enabled());
    cpu_enable_interrupts();
}

TEST(sched_preempts, "who computes for ever does not keep others from running")
{
    uint64_t rounds[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        start("computes", compute, &rounds[i]);
    }
    for (unsigned i = 0; i < 100; i++) {
        clock_sleep_ms(1);
    }
    stop_all();
    for (unsigned i = 0; i < 3; i++) {
        CHECK(rounds[i] > 0);
    }
}

TEST(sched_fair, "three that compute get a third of the time each")
{
    uint64_t rounds[3] = {0}, time[3], all = 0;
    for (unsigned i = 0; i < 3; i++) {
        start("computes", compute, &rounds[i]);
    }
    sleep_in_pieces(600);
    for (unsigned i = 0; i < 3; i++) {
        all += time[i] = cpu_ns(pids[i]);
    }
    stop_all();
    for (unsigned i = 0; i < 3; i++) {
        test_note("share_%u %lu", i, time[i] * 100 / all);
        CHECK(time[i] * 100 / all >= 5 && time[i] * 100 / all <= 85);
    }
}

// A sleeper works for a while every few milliseconds, and notes how late it comes to it.
struct sleeper {
    unsigned period_ms, work_us;
    unsigned count, late; // times; times that it was more than a tick late
    uint64_t latest_ns;
};

static void spin_us(uint64_t time_us)
{
    uint64_t start = tsc_elapsed();
    while (tsc_to_ns(tsc_elapsed() - start) < time_us * CLOCK_NS_PER_US && !stopped()) {
    }
}

static int sleep_and_work(void *argument)
{
    struct sleeper *sleeper = argument;
    static struct wait_queue nobody = WAIT_QUEUE;
    while (!stopped()) {
        uint64_t time = clock_now_ns() + sleeper->period_ms * CLOCK_NS_PER_MS;
        wait_until_deadline(&nobody, false, time);
        uint64_t latency = clock_now_ns() - time;
        sleeper->late += latency > 2 * CLOCK_NS_PER_MS; // the tick comes up to one later
        sleeper->latest_ns = latency > sleeper->latest_ns ? latency : sleeper->latest_ns;
        sleeper->count++;
        spin_us(sleeper->work_us);
    }
    return 0;
}

static struct sleeper sleepers[20];

static void start_sleepers(unsigned count, unsigned period_ms, unsigned work_us)
{
    memset(sleepers, 0, sizeof(sleepers));
    for (unsigned i = 0; i < count; i++) {
        sleepers[i].period_ms = period_ms;
        sleepers[i].work_us = work_us;
        start("sleeps", sleep_and_work, &sleepers[i]);
    }
}

TEST(sched_sleepers_due, "one that computes and 20 that sleep each get their due")
{
    uint64_t rounds = 0;
    start("computes", compute, &rounds);
    start_sleepers(20, 10, 100);
    clock_sleep_ms(300); // until the credit that they began with has no influence
    unsigned before[20], late = 0, count = 0, least = UINT32_MAX;
    for (unsigned i = 0; i < 20; i++) {
        before[i] = sleepers[i].count;
        sleepers[i].late = 0;
    }
    uint64_t start_ns = clock_now_ns(), start_cpu = cpu_ns(pids[0]);
    sleep_in_pieces(400);
    uint64_t share = (cpu_ns(pids[0]) - start_cpu) * 100 / (clock_now_ns() - start_ns);
    for (unsigned i = 0; i < 20; i++) {
        // Every 10 ms, up to a tick later, and 0.1 ms of work: 35 times or more.
        unsigned times = sleepers[i].count - before[i];
        CHECK(times >= 5);
        count += times;
        least = times < least ? times : least;
        late += sleepers[i].late;
    }
    stop_all();
    test_note("compute_percent %lu", share); // 20 times 0.1 ms in each 10 to 11 ms are a fifth
    test_note("woken_least %u", least);
    test_note("woken %u", count);
    test_note("woken_late %u", late);
    CHECK(share >= 40 && share <= 98);
}

static struct wait_queue hit_queue = WAIT_QUEUE;
static uint64_t hits, hit_tsc, best_latency, good_latencies;

static void hit(struct clock_timer *timer)
{
    hits++;
    hit_tsc = cpu_read_tsc();
    wait_wake_all(&hit_queue);
    clock_start_timer(timer, clock_now_ns() + CLOCK_NS_PER_MS, hit);
}

static int wait_for_hits(void *argument)
{
    (void)argument;
    // A newcomer has no more credit than those that compute: that takes an epoch or two.
    for (uint64_t seen = 0; seen < 300;) {
        wait_until(&hit_queue, hits > seen);
        uint64_t latency = cpu_read_tsc() - hit_tsc;
        seen = hits;
        if (seen <= 200) {
            continue;
        }
        best_latency = latency < best_latency ? latency : best_latency;
        good_latencies += tsc_to_ns(latency) < CLOCK_NS_PER_MS / 2;
    }
    return 0;
}

TEST(sched_latency,
     "a sleeper that an interrupt wakes runs when the interrupt ends, not a tick later")
{
    static struct clock_timer timer;
    uint64_t rounds[3] = {0};
    for (unsigned i = 0; i < 3; i++) {
        start("computes", compute, &rounds[i]);
    }
    clock_sleep_ms(50); // so that they have used some of their credit
    hits = good_latencies = 0;
    best_latency = UINT64_MAX;
    clock_start_timer(&timer, clock_now_ns(), hit);
    int pid = process_create("waits", wait_for_hits, NULL);
    CHECK_EQUAL(process_wait(pid, NULL), pid);
    clock_stop_timer(&timer);
    stop_all();
    test_note("wake_latency %lu", best_latency);
    test_note("wake_soon %lu", good_latencies);
    CHECK(good_latencies >= 50);
}

// What would starve others if it could: wakes all the time, and works nearly all the time.
static int greedy(void *argument)
{
    (void)argument;
    while (!stopped()) {
        clock_sleep_ms(1);
        spin_us(5000);
    }
    return 0;
}

// Has a fresh child compute in its place, again and again.
static int compute_a_while(void *argument)
{
    (void)argument;
    spin_us(3000);
    return 0;
}

static int breed(void *argument)
{
    (void)argument;
    while (!stopped()) {
        int pid = process_create("child", compute_a_while, NULL);
        if (pid > 0) {
            process_wait(pid, NULL);
        }
    }
    return 0;
}

TEST(sched_nobody_starves, "many that wake all the time, or breed, do not starve one that computes")
{
    uint64_t rounds = 0;
    start("computes", compute, &rounds);
    for (unsigned i = 0; i < 4; i++) {
        start("greedy", greedy, NULL);
        start("breeds", breed, NULL);
    }
    clock_sleep_ms(200);
    uint64_t start_cpu = cpu_ns(pids[0]), start_ns = clock_now_ns();
    sleep_in_pieces(1500);
    uint64_t share = (cpu_ns(pids[0]) - start_cpu) * 1000 / (clock_now_ns() - start_ns);
    stop_all();
    test_note("computing_permille %lu", share); // one of nine: 111, if all had work all the time
    CHECK(share >= 30);
}

TEST(sched_idle, "with 20 that sleep most of the time the processor halts most of the time")
{
    start_sleepers(20, 20, 0);
    clock_sleep_ms(50);
    uint64_t idle = clock_idle_tsc(), start_tsc = cpu_read_tsc();
    clock_sleep_ms(400);
    uint64_t share = (clock_idle_tsc() - idle) * 100 / (cpu_read_tsc() - start_tsc);
    stop_all();
    test_note("idle_percent %lu", share);
    CHECK(share >= 50);
}

static int yield_often(void *argument)
{
    const unsigned *count = argument;
    for (unsigned i = 0; i < *count; i++) {
        sched_yield();
    }
    return 0;
}

TEST(sched_switch_cost, "two that yield to each other switch in a few instructions")
{
    const unsigned count = 10000;
    start("yields", yield_often, (void *)(virt_t)&count);
    start("yields too", yield_often, (void *)(virt_t)&count);
    uint64_t before = cpu_read_tsc() - clock_idle_tsc(), switches = this_cpu()->switches;
    stop_all();
    uint64_t used = cpu_read_tsc() - clock_idle_tsc() - before;
    switches = this_cpu()->switches - switches;
    test_note("switch %lu", used / switches);
    CHECK(switches >= 2 * count);
}

TEST_PANIC(sched_yield_with_spinlock, "who yields with a spinlock is caught",
           "panic: spinlock greed: kept over a sleep at test_run_sched_yield_with_spinlock.*, "
           "held by test_run_sched_yield_with_spinlock(.*\n)+  in process 1 \\(kernel\\)\n")
{
    static struct spinlock lock = SPINLOCK("greed");
    spinlock_acquire(&lock);
    sched_yield();
    spinlock_release(&lock);
}
