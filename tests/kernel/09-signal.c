// Signals between processes of the kernel, and the sleeps that they end: kernel/proc/signal.c,
// kernel/sync/wait.c. A process of the kernel's own (group 0) gets none, so these make themselves
// groups.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/proc/signal.h"
#include "kernel/sync/mutex.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "tests/kernel/test.h"

#define PATIENCE (10 * CLOCK_NS_PER_SECOND) // a lost wake-up lasts longer

static struct wait_queue gate = {.name = "gate"}, back = {.name = "back"};
static bool gate_open, there;
static struct mutex door = MUTEX("door");

static void tell(void)
{
    there = true;
    wait_wake_all(&back);
}

// Waits until a child has told that it is there, and then sleeps.
static bool wait_asleep(int pid)
{
    bool told = wait_until_deadline(&back, there, clock_now_ns() + PATIENCE);
    for (unsigned i = 0; told && i < 100 && !process_find(pid)->thread.queue; i++) {
        sched_yield();
    }
    there = false;
    return told && process_find(pid)->thread.queue;
}

// What a test would otherwise end with: the caller has no signals any more.
static void forget_signals(void)
{
    bool interrupts = cpu_save_interrupts();
    process_current()->signals.pending = 0;
    process_current()->thread.interrupted = false;
    cpu_restore_interrupts(interrupts);
}

static int start(int (*entry)(void *argument))
{
    gate_open = there = false;
    int pid = process_create("signalled", entry, NULL);
    CHECK(group_set(pid, pid) == 0);
    return pid;
}

// Its status says with which signal it ended; 0: the gate was open, 1: something else was wrong.
static int wait_at_gate(void *argument)
{
    (void)argument;
    tell();
    int result = wait_until_interrupted(&gate, gate_open);
    if (result == 0) {
        return WAIT_EXITED(0);
    }
    return result == -EINTR && signal_due() != 0 ? WAIT_SIGNALED(signal_due()) : WAIT_EXITED(1);
}

static int status_of(int pid)
{
    int status = -1;
    CHECK_EQUAL(process_wait(pid, &status), pid);
    return status;
}

TEST(signal_ends_wait, "a signal ends a sleep that can be interrupted, and stays until it is taken")
{
    int pid = start(wait_at_gate);
    CHECK(wait_asleep(pid));
    CHECK_EQUAL(signal_send(pid, SIGTERM), 0);
    CHECK_EQUAL(status_of(pid), WAIT_SIGNALED(SIGTERM));
}

TEST(signal_before_wait, "a signal that came before ends a sleep at once")
{
    int pid = start(wait_at_gate); // it has not run yet
    CHECK_EQUAL(signal_send(pid, SIGKILL), 0);
    CHECK_EQUAL(status_of(pid), WAIT_SIGNALED(SIGKILL));
}

TEST(signal_condition_first, "what is true already is not interrupted")
{
    int pid = start(wait_at_gate);
    gate_open = true;
    CHECK_EQUAL(signal_send(pid, SIGTERM), 0);
    CHECK_EQUAL(status_of(pid), WAIT_EXITED(0));
}

TEST(signal_lowest, "of several signals the lowest comes first")
{
    int pid = start(wait_at_gate);
    bool interrupts = cpu_save_interrupts(); // it sees all of them or none
    CHECK_EQUAL(signal_send(pid, SIGTERM), 0);
    CHECK_EQUAL(signal_send(pid, SIGINT), 0);
    CHECK_EQUAL(signal_send(pid, SIGNAL_COUNT), 0);
    cpu_restore_interrupts(interrupts);
    CHECK_EQUAL(status_of(pid), WAIT_SIGNALED(SIGINT));
}

TEST(signal_nothing, "signals that mean nothing to a process wake nobody")
{
    static const int nothing[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
    int pid = start(wait_at_gate);
    CHECK(wait_asleep(pid));
    for (size_t i = 0; i < ARRAY_LENGTH(nothing); i++) {
        CHECK_EQUAL(signal_send(pid, nothing[i]), 0);
        CHECK(process_find(pid)->thread.queue == &gate);
    }
    gate_open = true;
    wait_wake_all(&gate);
    CHECK_EQUAL(status_of(pid), WAIT_EXITED(0));
}

static int wait_at_door(void *argument)
{
    (void)argument;
    tell();
    mutex_lock(&door);
    mutex_unlock(&door);
    wait_until(&gate, gate_open);
    return signal_due();
}

TEST(signal_not_everywhere,
     "a sleep that cannot be interrupted goes on: for a mutex, in wait_until")
{
    mutex_lock(&door);
    int pid = start(wait_at_door);
    CHECK(wait_asleep(pid));
    CHECK_EQUAL(signal_send(pid, SIGTERM), 0);
    CHECK(process_find(pid)->thread.queue == &door.queue);
    mutex_unlock(&door);
    for (unsigned i = 0; i < 100 && process_find(pid)->thread.queue != &gate; i++) {
        sched_yield();
    }
    CHECK_EQUAL(signal_send(pid, SIGINT), 0);
    CHECK(process_find(pid)->thread.queue == &gate);
    gate_open = true;
    wait_wake_all(&gate);
    CHECK_EQUAL(status_of(pid), SIGINT);
}

TEST(signal_kernel, "processes of the kernel's own get no signals, nor does process 1")
{
    gate_open = there = false;
    int pid = process_create("own", wait_at_gate, NULL);
    CHECK(wait_asleep(pid));
    CHECK_EQUAL(signal_send(pid, SIGKILL), 0);
    CHECK_EQUAL(signal_send(1, SIGKILL), 0);
    CHECK_EQUAL(signal_send_group(0, SIGKILL), -ESRCH);
    CHECK_EQUAL(signal_send(-1, SIGKILL), -ESRCH);
    CHECK_EQUAL(signal_due(), 0);
    gate_open = true;
    wait_wake_all(&gate);
    CHECK_EQUAL(status_of(pid), WAIT_EXITED(0));
}

TEST(signal_wrong, "what is no signal, and who is no process, is refused")
{
    int pid = start(wait_at_gate);
    CHECK_EQUAL(signal_send(pid, -1), -EINVAL);
    CHECK_EQUAL(signal_send(pid, SIGNAL_COUNT + 1), -EINVAL);
    CHECK_EQUAL(signal_send_group(pid, SIGNAL_COUNT + 1), -EINVAL);
    CHECK_EQUAL(signal_send(pid, 0), 0);
    CHECK_EQUAL(signal_send(-pid, 0), 0);
    CHECK_EQUAL(signal_send(PROCESS_PID_MAX + 1, SIGTERM), -ESRCH);
    CHECK_EQUAL(signal_send(-PROCESS_PID_MAX, SIGTERM), -ESRCH);
    CHECK_EQUAL(signal_send(INT32_MIN, SIGTERM), -ESRCH);
    CHECK_EQUAL(signal_send(INT32_MAX, SIGTERM), -ESRCH);
    gate_open = true;
    wait_wake_all(&gate);
    CHECK_EQUAL(status_of(pid), WAIT_EXITED(0));
    CHECK_EQUAL(signal_send(pid, 0), -ESRCH);
    CHECK_EQUAL(signal_send(-pid, 0), -ESRCH);
}

TEST(signal_group, "a signal to a group reaches all of it and nobody else")
{
    int first = start(wait_at_gate), second = start(wait_at_gate), other = start(wait_at_gate);
    CHECK_EQUAL(group_set(second, first), 0);
    CHECK_EQUAL(signal_send(-first, SIGHUP), 0);
    CHECK_EQUAL(status_of(first), WAIT_SIGNALED(SIGHUP));
    CHECK_EQUAL(status_of(second), WAIT_SIGNALED(SIGHUP));
    CHECK_EQUAL(signal_send(-1, SIGQUIT), 0);
    CHECK_EQUAL(status_of(other), WAIT_SIGNALED(SIGQUIT));
}

TEST(signal_time, "a sleep with a deadline ends by a signal, or when the time is over")
{
    uint64_t before = clock_now_ns(), deadline = before + 5 * CLOCK_NS_PER_MS;
    CHECK_EQUAL(wait_until_interrupted_or(&gate, false, deadline), -ETIMEDOUT);
    CHECK(clock_now_ns() >= deadline);
    CHECK_EQUAL(wait_until_interrupted_or(&gate, true, before), 0);
    process_current()->thread.interrupted = true;
    CHECK_EQUAL(wait_until_interrupted_or(&gate, false, clock_now_ns() + PATIENCE), -EINTR);
    CHECK_EQUAL(wait_until_interrupted_or(&gate, true, WAIT_FOREVER), 0);
    forget_signals();
}

// ---- All at once ----

#define TAKERS 6
#define ROUNDS 20000

static struct wait_queue tokens_there = {.name = "tokens"};
static unsigned tokens, taken, interrupted, finished;
static bool over;

static int take_tokens(void *argument)
{
    (void)argument;
    while (true) {
        bool interrupts = cpu_save_interrupts();
        int result = wait_until_interrupted(&tokens_there, tokens > 0 || over);
        if (result == 0 && tokens == 0) {
            finished++;
            cpu_restore_interrupts(interrupts);
            return 0;
        }
        tokens -= result == 0;
        taken += result == 0;
        interrupted += result != 0;
        cpu_restore_interrupts(interrupts);
        if (result != 0) {
            forget_signals();
        }
        if (taken % 7 == 0) {
            sched_yield();
        }
    }
}

TEST(signal_stress, "no wake-up is lost where each one wakes one, and signals come at any time")
{
    int pids[TAKERS];
    tokens = taken = interrupted = finished = 0;
    over = false;
    for (unsigned i = 0; i < TAKERS; i++) {
        pids[i] = process_create("taker", take_tokens, NULL);
        CHECK_EQUAL(group_set(pids[i], pids[i]), 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned what = test_random_below(8);
        if (what < 3) {
            signal_send(pids[test_random_below(TAKERS)], SIGTERM);
        } else if (what == 3) {
            sched_yield();
        } else {
            bool interrupts = cpu_save_interrupts();
            tokens++;
            wait_wake_one(&tokens_there);
            cpu_restore_interrupts(interrupts);
            if (what == 4) { // the one just woken, perhaps
                signal_send(pids[test_random_below(TAKERS)], SIGINT);
            }
        }
        // Nobody sleeps while there is something to take.
        if (i % 100 == 0) {
            uint64_t deadline = clock_now_ns() + PATIENCE;
            while (tokens > 0 && clock_now_ns() < deadline) {
                clock_sleep_ms(1);
            }
            REQUIRE(tokens == 0);
        }
    }
    over = true;
    wait_wake_all(&tokens_there);
    for (unsigned i = 0; i < TAKERS; i++) {
        CHECK_EQUAL(process_wait(pids[i], NULL), pids[i]);
    }
    CHECK_EQUAL(finished, TAKERS);
    CHECK_EQUAL(tokens, 0);
    CHECK(taken > ROUNDS / 4 && interrupted > ROUNDS / 20);
}
