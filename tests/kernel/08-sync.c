// Waiting for each other: kernel/sync/, once there are processes.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/sync/condition.h"
#include "kernel/sync/mutex.h"
#include "kernel/sync/spinlock.h"
#include "lib/string.h"
#include "tests/kernel/test.h"

static struct mutex mutex = MUTEX("counter");
static struct wait_queue gate = WAIT_QUEUE;
static bool gate_open;

static void open_gate(void)
{
    gate_open = true;
    wait_wake_all(&gate);
}

// Waits until the process sleeps: it has gone as far as it comes alone.
static void until_asleep(int pid)
{
    struct process_info info;
    for (unsigned i = 0; i < 1000; i++) {
        CHECK_EQUAL(process_next(pid - 1, &info), pid);
        if (info.state == PROCESS_SLEEPING) {
            return;
        }
        sched_yield();
    }
    CHECK(false);
}

static void wait_for(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK(process_wait(-1, NULL) > 0);
    }
}

// ---- Wait queues ----

static char woken[8];
static struct wait_queue line = WAIT_QUEUE;
static unsigned tickets;

static int stand_in_line(void *argument)
{
    wait_until(&line, tickets > 0);
    tickets--;
    woken[strlen(woken)] = *(const char *)argument;
    return 0;
}

TEST(wait_one, "one wake-up wakes one, in the order of arrival")
{
    memset(woken, 0, sizeof(woken));
    tickets = 0;
    CHECK(wait_wake_one(&line) == NULL);
    for (const char *name = "abc"; *name != '\0'; name++) {
        until_asleep(process_create("waits", stand_in_line, (void *)(virt_t)name));
    }
    for (unsigned i = 1; i <= 3; i++) {
        tickets = 1;
        CHECK(wait_wake_one(&line) != NULL);
        wait_for(1);
        CHECK_EQUAL(strlen(woken), i);
    }
    CHECK_STRING(woken, "abc");
    CHECK(wait_wake_one(&line) == NULL);
}

TEST(wait_spurious, "a wake-up without a reason changes nothing")
{
    memset(woken, 0, sizeof(woken));
    tickets = 0;
    int pid = process_create("waits", stand_in_line, "x");
    for (unsigned i = 0; i < 10; i++) {
        until_asleep(pid);
        wait_wake_all(&line);
    }
    until_asleep(pid);
    CHECK_STRING(woken, "");
    tickets = 1;
    wait_wake_all(&line);
    wait_for(1);
    CHECK_STRING(woken, "x");
}

static uint64_t woken_at[2];

static int wait_with_deadline(void *argument)
{
    static struct wait_queue queue = WAIT_QUEUE;
    const uint64_t *deadline = argument;
    bool open = wait_until_deadline(&queue, gate_open, *deadline);
    woken_at[0] = clock_now_ns();
    return open;
}

TEST(wait_deadline_others, "a deadline ends a sleep while others compute, within a tick or two")
{
    unsigned good = 0; // the others: the host has stopped us
    for (unsigned i = 0; i < 10; i++) {
        int status;
        uint64_t deadline = clock_now_ns() + 3 * CLOCK_NS_PER_MS;
        gate_open = false;
        int pid = process_create("waits", wait_with_deadline, &deadline);
        while (clock_now_ns() < deadline + 4 * CLOCK_NS_PER_MS) {
        }
        CHECK_EQUAL(process_wait(pid, &status), pid);
        CHECK_EQUAL(status, false);
        CHECK(woken_at[0] >= deadline);
        good += woken_at[0] < deadline + 3 * CLOCK_NS_PER_MS;
    }
    test_note("in_time %u", good);
    CHECK(good >= 1);
}

// ---- Mutexes ----

static uint64_t shared;

static int add_often(void *argument)
{
    const unsigned *count = argument;
    for (unsigned i = 0; i < *count; i++) {
        mutex_lock(&mutex);
        uint64_t value = shared;
        if (i % 8 == 0) {
            sched_yield(); // in the worst place
        }
        shared = value + 1;
        mutex_unlock(&mutex);
    }
    return 0;
}

TEST(mutex_excludes, "what a mutex guards is changed by one at a time")
{
    const unsigned count = 500;
    shared = 0;
    for (unsigned i = 0; i < 8; i++) {
        process_create("adds", add_often, (void *)(virt_t)&count);
    }
    wait_for(8);
    CHECK_EQUAL(shared, 8 * count);
    CHECK(!mutex_held(&mutex));
}

static int take_in_turn(void *argument)
{
    mutex_lock(&mutex);
    woken[strlen(woken)] = *(const char *)argument;
    mutex_unlock(&mutex);
    return 0;
}

TEST(mutex_order, "who waits longest for a mutex gets it next, even if its owner wants it again")
{
    struct process_info info;
    memset(woken, 0, sizeof(woken));
    mutex_lock(&mutex);
    for (const char *name = "abc"; *name != '\0'; name++) {
        int pid = process_create("waits", take_in_turn, (void *)(virt_t)name);
        until_asleep(pid);
        CHECK_EQUAL(process_next(pid - 1, &info), pid);
        CHECK_STRING(info.waits_for, "counter");
    }
    for (unsigned i = 0; i < 3; i++) {
        mutex_unlock(&mutex);
        CHECK(!mutex_held(&mutex)); // it is the next one's already
        mutex_lock(&mutex);
    }
    CHECK_STRING(woken, "abc");
    mutex_unlock(&mutex);
    wait_for(3);
}

TEST(mutex_interrupts, "a mutex leaves the interrupt flag as it was")
{
    mutex_lock(&mutex);
    CHECK(cpu_interrupts_enabled());
    mutex_unlock(&mutex);
    CHECK(cpu_interrupts_enabled());
    cpu_disable_interrupts();
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
    CHECK(!cpu_interrupts_enabled());
    cpu_enable_interrupts();
}

// ---- Conditions ----

#define SLOTS 3
#define PRODUCERS 3
#define CONSUMERS 4
#define ITEMS 400u // of each producer

static struct mutex belt = MUTEX("belt");
static struct condition not_full = CONDITION("room"), not_empty = CONDITION("goods");
static unsigned items[SLOTS], item_count, first_item, taken, most_items;
static uint64_t sum_taken;

static int produce(void *argument)
{
    for (unsigned i = 1; i <= ITEMS; i++) {
        mutex_lock(&belt);
        while (item_count == SLOTS) {
            condition_wait(&not_full, &belt);
        }
        items[(first_item + item_count++) % SLOTS] = i;
        most_items = item_count > most_items ? item_count : most_items;
        condition_signal(&not_empty);
        mutex_unlock(&belt);
    }
    return argument != NULL;
}

static int consume(void *argument)
{
    while (true) {
        mutex_lock(&belt);
        while (item_count == 0 && taken < PRODUCERS * ITEMS) {
            condition_wait(&not_empty, &belt);
        }
        if (item_count == 0) {
            mutex_unlock(&belt);
            return argument != NULL;
        }
        sum_taken += items[first_item];
        first_item = (first_item + 1) % SLOTS;
        item_count--;
        if (++taken == PRODUCERS * ITEMS) {
            condition_broadcast(&not_empty); // nothing more will come
        }
        condition_signal(&not_full);
        mutex_unlock(&belt);
    }
}

TEST(condition_belt, "producers and consumers hand over everything, once, through a small buffer")
{
    item_count = taken = most_items = 0;
    sum_taken = 0;
    for (unsigned i = 0; i < PRODUCERS; i++) {
        process_create("produces", produce, NULL);
    }
    for (unsigned i = 0; i < CONSUMERS; i++) {
        process_create("consumes", consume, NULL);
    }
    wait_for(PRODUCERS + CONSUMERS);
    CHECK_EQUAL(taken, PRODUCERS * ITEMS);
    CHECK_EQUAL(sum_taken, PRODUCERS * (uint64_t)ITEMS * (ITEMS + 1) / 2);
    CHECK_EQUAL(most_items, SLOTS);
    CHECK_EQUAL(item_count, 0);
}

static struct condition bell = CONDITION("bell");
static unsigned rings, heard;

static int listen(void *argument)
{
    mutex_lock(&belt);
    while (rings == 0) {
        condition_wait(&bell, &belt);
    }
    heard += mutex_held(&belt);
    mutex_unlock(&belt);
    return argument != NULL;
}

TEST(condition_names, "who waits for a condition has its mutex again afterwards, and ps its name")
{
    struct process_info info;
    int pids[3];
    rings = heard = 0;
    for (unsigned i = 0; i < 3; i++) {
        pids[i] = process_create("listens", listen, NULL);
        until_asleep(pids[i]);
        CHECK_EQUAL(process_next(pids[i] - 1, &info), pids[i]);
        CHECK_STRING(info.waits_for, "bell");
    }
    condition_broadcast(&bell); // no ring: they sleep on
    for (unsigned i = 0; i < 3; i++) {
        until_asleep(pids[i]);
    }
    CHECK_EQUAL(heard, 0);
    mutex_lock(&belt);
    rings = 1;
    condition_broadcast(&bell);
    CHECK_EQUAL(heard, 0); // not before the mutex is given back
    mutex_unlock(&belt);
    wait_for(3);
    CHECK_EQUAL(heard, 3);
}

// ---- Misuse: the report names the process, the lock and the places ----

static void run_culprit(int (*entry)(void *argument))
{
    process_wait(process_create("culprit", entry, NULL), NULL);
}

static struct spinlock spinlock = SPINLOCK("ledger");

static int sleep_with_spinlock(void *argument)
{
    spinlock_acquire(&spinlock);
    wait_until(&gate, gate_open);
    return argument != NULL;
}

TEST_PANIC(sync_sleep_with_spinlock, "sleeping with a spinlock held names lock, places and process",
           "panic: spinlock ledger: kept over a sleep at sleep_with_spinlock\\+0x[0-9a-f]+, "
           "held by sleep_with_spinlock\\+0x[0-9a-f]+"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(sleep_with_spinlock);
}

static int end_with_spinlock(void *argument)
{
    spinlock_acquire(&spinlock);
    return argument != NULL;
}

TEST_PANIC(sync_end_with_spinlock, "so does ending with one",
           "panic: spinlock ledger: kept over a sleep at process_begin\\+0x[0-9a-f]+, "
           "held by end_with_spinlock\\+0x[0-9a-f]+"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(end_with_spinlock);
}

static int unlock_spinlock_twice(void *argument)
{
    spinlock_acquire(&spinlock);
    spinlock_release(&spinlock);
    spinlock_release(&spinlock);
    return argument != NULL;
}

TEST_PANIC(sync_spinlock_twice, "giving a spinlock back twice names lock, place and process",
           "panic: spinlock ledger: released at unlock_spinlock_twice\\+0x[0-9a-f]+, held by "
           "nobody"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(unlock_spinlock_twice);
}

static int unlock_twice(void *argument)
{
    mutex_lock(&mutex);
    mutex_unlock(&mutex);
    mutex_unlock(&mutex);
    return argument != NULL;
}

TEST_PANIC(sync_double_unlock, "giving a mutex back twice names mutex, place and process",
           "panic: mutex counter: released at unlock_twice\\+0x[0-9a-f]+, held by nobody"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(unlock_twice);
}

static int unlock_other(void *argument)
{
    mutex_unlock(&mutex);
    return argument != NULL;
}

TEST_PANIC(sync_unlock_other, "giving another's mutex back names both processes",
           "panic: mutex counter: released at unlock_other\\+0x[0-9a-f]+, "
           "held by test_run_sync_unlock_other\\+0x[0-9a-f]+ in process 1 \\(kernel\\)"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    mutex_lock(&mutex);
    run_culprit(unlock_other);
}

static int lock_twice(void *argument)
{
    mutex_lock(&mutex);
    mutex_lock(&mutex);
    return argument != NULL;
}

TEST_PANIC(sync_lock_twice, "taking a mutex again names it, both places and the process",
           "panic: mutex counter: taken again at lock_twice\\+0x[0-9a-f]+, "
           "held by lock_twice\\+0x[0-9a-f]+ in process [0-9]+ \\(culprit\\)"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(lock_twice);
}

static int lock_under_spinlock(void *argument)
{
    spinlock_acquire(&spinlock);
    mutex_lock(&mutex);
    return argument != NULL;
}

TEST_PANIC(sync_lock_under_spinlock, "taking a mutex under a spinlock is caught even if it is free",
           "panic: mutex counter: taken with a spinlock held at lock_under_spinlock\\+0x[0-9a-f]+, "
           "held by nobody"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(lock_under_spinlock);
}

static void lock_in_handler(struct clock_timer *timer)
{
    (void)timer;
    mutex_lock(&mutex);
}

static int wait_long(void *argument)
{
    static struct clock_timer timer;
    clock_start_timer(&timer, 0, lock_in_handler);
    for (uint64_t end = clock_now_ns() + CLOCK_NS_PER_SECOND; clock_now_ns() < end;) {
    }
    return argument != NULL;
}

TEST_PANIC(sync_lock_in_handler, "taking a mutex in an interrupt handler names it and the place",
           "panic: mutex counter: taken by an interrupt handler at lock_in_handler\\+0x[0-9a-f]+, "
           "held by nobody(.*\n)+  in an interrupt of process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(wait_long);
}

static int wait_unlocked(void *argument)
{
    condition_wait(&bell, &mutex);
    return argument != NULL;
}

TEST_PANIC(sync_wait_unlocked, "waiting for a condition without its mutex is caught",
           "panic: mutex counter: released at condition_wait\\+0x[0-9a-f]+, held by nobody"
           "(.*\n)+  in process [0-9]+ \\(culprit\\)\n")
{
    run_culprit(wait_unlocked);
}

static struct mutex forks[3] = {MUTEX("fork 1"), MUTEX("fork 2"), MUTEX("fork 3")};
static unsigned holders;

static int take_two(void *argument)
{
    size_t first = (size_t)argument;
    mutex_lock(&forks[first]);
    holders++;
    wait_wake_all(&gate);
    wait_until(&gate, holders == ARRAY_LENGTH(forks));
    mutex_lock(&forks[(first + 1) % 3]);
    return 0;
}

TEST_PANIC(sync_deadlock, "a deadlock of three names processes and mutexes in their order",
           "panic: deadlock: process [0-9]+ \\(philosopher (\\d)\\) wants fork \\d, "
           "held by process [0-9]+ \\(philosopher \\d\\), who wants fork \\d, "
           "held by process [0-9]+ \\(philosopher \\d\\), who wants fork (\\d), "
           "held by process [0-9]+ \\(philosopher \\1\\)(.*\n)+"
           "  in process [0-9]+ \\(philosopher \\1\\)\n")
{
    holders = 0;
    process_create("philosopher 1", take_two, (void *)0);
    process_create("philosopher 2", take_two, (void *)1);
    process_create("philosopher 3", take_two, (void *)2);
    process_wait(-1, NULL);
}

static int take_first_then_second(void *argument)
{
    mutex_lock(&forks[0]);
    sched_yield();
    mutex_lock(&forks[1]);
    sched_yield();
    mutex_unlock(&forks[1]);
    mutex_unlock(&forks[0]);
    return argument != NULL;
}

TEST(sync_no_deadlock, "a queue of processes for two mutexes in the same order is no deadlock")
{
    for (unsigned i = 0; i < 20; i++) {
        CHECK(process_create("orderly", take_first_then_second, NULL) > 0);
    }
    wait_for(20);
    open_gate();
}
