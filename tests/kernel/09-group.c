// Process groups and sessions: kernel/proc/group.c. The test is process 1, of group and session 0.
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"
#include "tests/kernel/test.h"

static struct wait_queue gate = {.name = "gate"};
static bool gate_open;

static int wait_at_gate(void *argument)
{
    (void)argument;
    wait_until(&gate, gate_open);
    return 0;
}

static void open_gate(void)
{
    gate_open = true;
    wait_wake_all(&gate);
    while (process_wait(-1, NULL) > 0) {
    }
    gate_open = false;
}

TEST(group_set, "a child is put into a group of its own, and others into that")
{
    int first = process_create("first", wait_at_gate, NULL);
    int second = process_create("second", wait_at_gate, NULL);
    CHECK_EQUAL(group_of(first), 0);
    CHECK(!group_exists(first, 0));
    CHECK_EQUAL(group_set(second, first), -EPERM); // there is no such group yet
    CHECK_EQUAL(group_set(first, 0), 0);
    CHECK_EQUAL(group_of(first), first);
    CHECK(group_exists(first, 0));
    CHECK_EQUAL(group_set(second, first), 0);
    CHECK_EQUAL(group_of(second), first);
    CHECK_EQUAL(group_set(second, second), 0);
    CHECK_EQUAL(group_of(second), second);
    open_gate();
    CHECK(!group_exists(first, 0));
}

TEST(group_set_wrong, "nobody else's process is moved, and nobody to where there is no group")
{
    int child = process_create("child", wait_at_gate, NULL);
    CHECK_EQUAL(group_set(-1, 0), -EINVAL);
    CHECK_EQUAL(group_set(child, -1), -EINVAL);
    CHECK_EQUAL(group_set(2, 0), -ESRCH); // writeback, which is nobody's child
    CHECK_EQUAL(group_set(PROCESS_PID_MAX, 0), -ESRCH);
    CHECK_EQUAL(group_set(INT32_MAX, 0), -ESRCH);
    CHECK_EQUAL(group_set(child, PROCESS_PID_MAX), -EPERM);
    CHECK_EQUAL(group_of(PROCESS_PID_MAX), -ESRCH);
    CHECK_EQUAL(group_session(PROCESS_PID_MAX), -ESRCH);
    open_gate();
}

struct session {
    int result, again, group, session, child_session, leaves;
};

static int own_session(void *argument)
{
    (void)argument;
    return group_session(0) << 8;
}

static int make_session(void *argument)
{
    struct session *seen = argument;
    int status = 0;
    seen->result = group_new_session();
    seen->again = group_new_session();
    seen->group = group_of(0);
    seen->session = group_session(0);
    seen->leaves = group_set(0, 0);
    process_wait(process_create("child", own_session, NULL), &status);
    seen->child_session = status >> 8;
    wait_until(&gate, gate_open);
    return 0;
}

TEST(group_session, "a new session has its first process's number, and its children are in it")
{
    struct session seen = {0};
    int pid = process_create("session", make_session, &seen);
    while (seen.child_session == 0) {
        clock_sleep_ms(1);
    }
    CHECK_EQUAL(seen.result, pid);
    CHECK_EQUAL(seen.again, -EPERM); // it leads a group
    CHECK_EQUAL(seen.group, pid);
    CHECK_EQUAL(seen.session, pid);
    CHECK_EQUAL(seen.child_session, pid);
    CHECK_EQUAL(seen.leaves, -EPERM); // a session's first process stays where it is
    CHECK(group_exists(pid, pid));
    CHECK(!group_exists(pid, pid + 1));
    CHECK_EQUAL(group_set(pid, 0), -EPERM); // it is in another session now
    open_gate();
    CHECK(!group_exists(pid, 0));
}

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static int leave_child_behind(void *argument)
{
    group_set(0, 0);
    *(int *)argument = process_create("left behind", wait_at_gate, NULL);
    return 0;
}

TEST(group_number, "no process gets the number of a group whose first process is gone")
{
    int child = 0, leader = process_create("leader", leave_child_behind, &child);
    CHECK_EQUAL(process_wait(leader, NULL), leader);
    CHECK_EQUAL(group_of(child), leader);
    bool given = false;
    for (int i = 0, pid = 0; i < PROCESS_PID_MAX + 10 && !given; i++) {
        pid = process_create("nothing", nothing, NULL);
        given = pid == leader;
        process_wait(pid, NULL);
    }
    CHECK(!given);
    CHECK_EQUAL(group_of(child), leader);
    gate_open = true;
    wait_wake_all(&gate);
    while (process_find(child)) { // it has no parent
        clock_sleep_ms(1);
    }
    gate_open = false;
}
