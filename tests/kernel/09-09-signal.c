// What a chapter without handlers has instead: signals that are ignored.
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "lib/errno.h"
#include "tests/kernel/test.h"

static int ignore(void *argument)
{
    (void)argument;
    int pid = process_current()->thread.pid;
    group_set(0, 0);
    CHECK_EQUAL(signal_send(pid, SIGINT), 0);
    CHECK_EQUAL(signal_due(), SIGINT);
    CHECK_EQUAL(signal_ignore(SIGINT, true), 0);
    CHECK_EQUAL(signal_due(), 0); // what was pending is gone
    CHECK(!process_current()->thread.interrupted);
    CHECK_EQUAL(signal_send(pid, SIGINT), 0);
    CHECK_EQUAL(signal_due(), 0);
    CHECK_EQUAL(signal_ignore(SIGINT, false), 1);
    CHECK_EQUAL(signal_due(), 0);
    CHECK_EQUAL(signal_send(pid, SIGINT), 0);
    CHECK_EQUAL(signal_due(), SIGINT);
    return 0;
}

TEST(signal_ignored, "an ignored signal never comes, nor does one that came before")
{
    int pid = process_create("ignores", ignore, NULL);
    CHECK_EQUAL(process_wait(pid, NULL), pid);
}

TEST(signal_not_ignored, "SIGKILL, SIGSTOP and what is no signal can't be ignored")
{
    CHECK_EQUAL(signal_ignore(SIGKILL, true), -EINVAL);
    CHECK_EQUAL(signal_ignore(SIGSTOP, true), -EINVAL);
    CHECK_EQUAL(signal_ignore(0, true), -EINVAL);
    CHECK_EQUAL(signal_ignore(SIGNAL_COUNT + 1, true), -EINVAL);
}
