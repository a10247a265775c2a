// Everything that waits and wakes, at once, with switches where nobody expects them: at the locks,
// and by interrupts that come at random times. seed= makes other runs, switches= longer ones.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/pit.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/options.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/condition.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

#define WORKERS 12
#define LOCKS 4
#define SLOTS 3
#define SWITCHES 100000
#define PATIENCE (10 * CLOCK_NS_PER_SECOND) // a lost wake-up stops everything for longer

// PIT: counter 0, low and high byte, mode 0: one interrupt when the count is over.
#define PIT_CONTROL 0x43
#define PIT_COUNTER_0 0x40
#define PIT_ONCE 0x30

struct worker {
    uint64_t random;
    int pid;
    bool ended;
    uint64_t added[LOCKS], put, got;
};

static struct worker workers[WORKERS];
static bool stop;
static uint64_t interrupts, operations, spins, ping, pong, passes;
static struct mutex locks[LOCKS] = {MUTEX("lock 0"), MUTEX("lock 1"), MUTEX("lock 2"),
                                    MUTEX("lock 3")};
static uint64_t counters[LOCKS];
static struct mutex belt = MUTEX("belt");
static struct condition room = CONDITION("room"), goods = CONDITION("goods");
static unsigned slots[SLOTS], slot_count, first_slot;
static struct mutex net = MUTEX("net");
static struct condition turns = CONDITION("turn");
static unsigned turn;
static struct spinlock spinlock = SPINLOCK("spins");
static struct wait_queue table = {.name = "table tennis"}, bell = {.name = "bell"};

static uint32_t below(struct worker *worker, uint32_t limit)
{
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 7;
    worker->random ^= worker->random << 17;
    return (uint32_t)((worker->random >> 32) * limit >> 32);
}

// A place where a switch could hurt.
static void perhaps_yield(struct worker *worker)
{
    if (below(worker, 4) == 0) {
        sched_yield();
    }
}

// At the end of the interrupt who runs has no credit, or any; the next interrupt comes some 3 to 200
// microseconds from now, as far as the host keeps up: it does where instructions are counted.
static void interrupt_at_random(struct clock_timer *timer)
{
    static struct worker chance = {.random = 88172645463325252};
    unsigned count = 4 + below(&chance, below(&chance, 4) ? 20 : 240);
    interrupts++;
    if (this_cpu()->thread != this_cpu()->idle) {
        process_current()->credit = below(&chance, 2) ? 0 : chance.random & 0xffffff;
    }
    clock_start_timer(timer, 0, interrupt_at_random);
    out8(PIT_CONTROL, PIT_ONCE);
    out8(PIT_COUNTER_0, (uint8_t)count);
    out8(PIT_COUNTER_0, (uint8_t)(count >> 8));
}

// Two mutexes in their order; what they guard is changed in two steps.
static void add(struct worker *worker)
{
    unsigned first = below(worker, LOCKS), second = below(worker, LOCKS);
    if (first > second) {
        unsigned other = first;
        first = second;
        second = other;
    }
    mutex_lock(&locks[first]);
    uint64_t value = counters[first];
    perhaps_yield(worker);
    if (second != first) {
        mutex_lock(&locks[second]);
        uint64_t other_value = counters[second];
        perhaps_yield(worker);
        counters[second] = other_value + 1;
        worker->added[second]++;
        mutex_unlock(&locks[second]);
    }
    counters[first] = value + 1;
    worker->added[first]++;
    mutex_unlock(&locks[first]);
}

static void put_and_get(struct worker *worker)
{
    unsigned item = below(worker, 1000);
    mutex_lock(&belt);
    while (slot_count == SLOTS) {
        condition_wait(&room, &belt);
    }
    slots[(first_slot + slot_count++) % SLOTS] = item;
    worker->put += item;
    condition_signal(&goods);
    perhaps_yield(worker);
    mutex_unlock(&belt);
    perhaps_yield(worker);
    mutex_lock(&belt);
    while (slot_count == 0) {
        condition_wait(&goods, &belt);
    }
    worker->got += slots[first_slot];
    first_slot = (first_slot + 1) % SLOTS;
    slot_count--;
    perhaps_yield(worker);
    condition_signal(&room);
    mutex_unlock(&belt);
}

static void spin(struct worker *worker)
{
    spinlock_acquire(&spinlock);
    uint64_t value = spins;
    void *block = kmalloc(below(worker, 3000));
    spins = value + 1;
    spinlock_release(&spinlock);
    kfree(block);
    wait_wake_all(&bell);
}

static void wait_for_bell(struct worker *worker)
{
    uint64_t deadline = clock_now_ns() + below(worker, 500) * CLOCK_NS_PER_US, before = spins;
    wait_until_deadline(&bell, spins != before, deadline);
}

static int end_at_once(void *argument)
{
    return (int)(virt_t)argument;
}

static bool have_child(struct worker *worker)
{
    int number = (int)below(worker, 1000), status = -1;
    int pid = process_create("child", end_at_once, (void *)(virt_t)number);
    perhaps_yield(worker);
    return pid > 0 && process_wait(below(worker, 2) ? pid : -1, &status) == pid && status == number;
}

static int work(void *argument)
{
    struct worker *worker = argument;
    bool fine = true;
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        switch (below(worker, 12)) {
        case 0 ... 3:
            add(worker);
            break;
        case 4 ... 6:
            put_and_get(worker);
            break;
        case 7 ... 8:
            spin(worker);
            break;
        case 9:
            wait_for_bell(worker);
            break;
        case 10:
            fine = have_child(worker) && fine;
            break;
        default:
            clock_sleep_ms(below(worker, 2));
            break;
        }
        __atomic_add_fetch(&operations, 1, __ATOMIC_RELAXED);
    }
    worker->ended = true;
    return fine;
}

// Two who wait for nobody but each other, with wake-ups that must never be lost.
static int play_ping(void *argument)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        ping++;
        if (ping % 32 == 0) {
            clock_sleep_ms(1); // or nobody else would be switched to
        }
        wait_wake_one(&table);
        wait_until(&table, pong == ping);
    }
    return argument != NULL;
}

static int play_pong(void *argument)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        wait_until(&table, ping > pong);
        pong = ping;
        wait_wake_one(&table);
    }
    return argument != NULL;
}

// The same with a mutex and a condition: a signal that is lost ends the game.
static int pass(void *argument)
{
    unsigned side = (unsigned)(virt_t)argument;
    mutex_lock(&net);
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        if (turn != side) {
            condition_wait(&turns, &net);
            continue;
        }
        turn = !side;
        if (++passes % 32 == 0) {
            clock_sleep_ms(1);
        }
        condition_signal(&turns);
    }
    mutex_unlock(&net);
    return 0;
}

static void note_processes(void)
{
    struct process_info info;
    for (int pid = 0; (pid = process_next(pid, &info)) != 0;) {
        test_note("process %d (%s) state %d waits for \"%s\"", pid, info.name, info.state,
                  info.waits_for);
    }
}

// Waits until all have got on since it was called. False if one of them does not any more.
static bool all_get_on(void)
{
    uint64_t first_operations = operations, first_ping = ping, first_passes = passes;
    for (uint64_t since = clock_now_ns(); clock_now_ns() - since < PATIENCE;) {
        clock_sleep_ms(5);
        if (operations != first_operations && ping != first_ping && passes != first_passes) {
            return true;
        }
    }
    return false;
}

// Whether all workers end, which have been asked to.
static bool all_end(void)
{
    unsigned ended = 0;
    for (uint64_t since = clock_now_ns(); clock_now_ns() - since < PATIENCE && ended < WORKERS;) {
        clock_sleep_ms(10);
        ended = 0;
        for (unsigned i = 0; i < WORKERS; i++) {
            ended += workers[i].ended;
        }
    }
    return ended == WORKERS;
}

TEST(stress, "at 100,000 switches in random places no wake-up is lost, and nothing is mixed up")
{
    static struct clock_timer timer;
    uint64_t before = this_cpu()->switches, put = 0, got = 0;
    stop = false;
    clock_start_timer(&timer, 0, interrupt_at_random);
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.random = test_random() | 1};
        workers[i].pid = process_create("worker", work, &workers[i]);
        REQUIRE(workers[i].pid > 0);
    }
    int ping_pid = process_create("ping", play_ping, NULL);
    int pong_pid = process_create("pong", play_pong, NULL);
    int pass_pid[] = {process_create("left", pass, (void *)0),
                      process_create("right", pass, (void *)1)};
    uint64_t switches = before + options_number("switches", SWITCHES);
    bool alive = true;
    while (alive && this_cpu()->switches < switches) {
        alive = all_get_on();
    }
    alive = alive && all_get_on();
    stop = true;
    alive = alive && all_end();
    if (!alive) {
        note_processes();
    }
    REQUIRE(alive);
    for (unsigned i = 0; i < WORKERS; i++) {
        int status = 0;
        CHECK_EQUAL(process_wait(workers[i].pid, &status), workers[i].pid);
        CHECK(status == true);
        put += workers[i].put;
        got += workers[i].got;
    }
    condition_broadcast(&turns);
    for (unsigned i = 0; i < ARRAY_LENGTH(pass_pid); i++) {
        CHECK_EQUAL(process_wait(pass_pid[i], NULL), pass_pid[i]);
    }
    ping = pong + 1; // whoever waits for the other goes on
    wait_wake_all(&table);
    CHECK_EQUAL(process_wait(pong_pid, NULL), pong_pid);
    pong = ping;
    wait_wake_all(&table);
    CHECK_EQUAL(process_wait(ping_pid, NULL), ping_pid);
    clock_stop_timer(&timer);
    pit_start_tick(CLOCK_TICK_HZ);
    for (unsigned lock = 0; lock < LOCKS; lock++) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < WORKERS; i++) {
            sum += workers[i].added[lock];
        }
        CHECK_EQUAL(counters[lock], sum);
    }
    CHECK_EQUAL(put, got);
    CHECK_EQUAL(slot_count, 0);
    test_note("switches %lu", this_cpu()->switches - before);
    test_note("interrupts %lu", interrupts);
    test_note("operations %lu", operations);
    test_note("rounds %lu", ping + passes);
}
