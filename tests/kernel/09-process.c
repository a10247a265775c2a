// What processes have besides a stack, what children get of it, and waiting for children as wait4
// does: kernel/proc/process.c.
#include "kernel/cpu/clock.h"
#include "kernel/fs/descriptor.h"
#include "kernel/fs/path.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "tests/kernel/test.h"

static struct wait_queue gate = {.name = "gate"};
static bool gate_open;

static int wait_at_gate(void *argument)
{
    (void)argument;
    return wait_until_interrupted(&gate, gate_open) == 0 ? WAIT_EXITED(3) : WAIT_EXITED(4);
}

static void open_gate(void)
{
    gate_open = true;
    wait_wake_all(&gate);
}

// Gives the test's process what it has not, and takes it away again.
static void give(struct process *self)
{
    struct file *reader, *writer;
    gate_open = false;
    CHECK_EQUAL(descriptors_create(&self->descriptors), 0);
    CHECK_EQUAL(pipe_open(&reader, &writer, 0), 0);
    CHECK_EQUAL(descriptor_add(self->descriptors, reader, 0, false), 0);
    CHECK_EQUAL(descriptor_add(self->descriptors, writer, 0, true), 1);
    CHECK_EQUAL(path_find(NULL, "/etc", true, &self->directory), 0);
    self->umask = 027;
}

static void take(struct process *self)
{
    descriptors_destroy(self->descriptors);
    self->descriptors = NULL;
    inode_release(self->directory);
    self->directory = NULL;
}

static int compare_with_parent(void *argument)
{
    const struct process *self = process_current(), *parent = self->parent;
    (void)argument;
    CHECK(self->descriptors && self->descriptors != parent->descriptors);
    for (int i = 0; i < 2; i++) {
        CHECK(descriptor_file(self->descriptors, i) == descriptor_file(parent->descriptors, i));
        CHECK_EQUAL(descriptor_close_on_exec(self->descriptors, i), i);
    }
    CHECK(self->directory == parent->directory);
    CHECK_EQUAL(self->umask, 027);
    CHECK_EQUAL(self->signals.ignored, SIGNAL_BIT(SIGINT));
    CHECK_EQUAL(self->signals.pending, 0);
    CHECK(self->start_ns >= parent->start_ns && self->start_ns <= clock_now_ns());
    CHECK_EQUAL(self->group, parent->group);
    CHECK_EQUAL(descriptor_close(self->descriptors, 0), 0); // its own
    return WAIT_EXITED(0);
}

TEST(process_inherits,
     "a child has its parent's files, directory, umask, group, and ignores the same")
{
    struct process *self = process_current();
    size_t blocks = kmalloc_blocks();
    give(self);
    self->signals.ignored = SIGNAL_BIT(SIGINT);
    int pid = process_create("child", compare_with_parent, NULL);
    CHECK_EQUAL(process_wait(pid, NULL), pid);
    CHECK(descriptor_file(self->descriptors, 0));
    self->signals.ignored = 0;
    take(self);
    CHECK_EQUAL(kmalloc_blocks(), blocks);
}

TEST(process_closes, "what a process has is given back when it ends, not when it is waited for")
{
    struct process *self = process_current();
    char byte = 0;
    struct io io = io_kernel(&byte, 1);
    give(self);
    int pid = process_create("child", wait_at_gate, NULL);
    CHECK_EQUAL(descriptor_close(self->descriptors, 1), 0); // the child has the writing end alone
    open_gate();
    CHECK_EQUAL(file_read(descriptor_file(self->descriptors, 0), &io), 0);
    CHECK(process_find(pid));
    CHECK_EQUAL(process_wait(pid, NULL), pid);
    CHECK(!process_find(pid));
    take(self);
}

TEST(process_find, "a process is found by its pid, and by going from one to the next")
{
    gate_open = false;
    int pid = process_create("child", wait_at_gate, NULL);
    unsigned found = 0, all = 0;
    CHECK_EQUAL(process_last_pid(), pid);
    CHECK(process_find(1) == process_current());
    CHECK_EQUAL(process_find(pid)->thread.pid, pid);
    CHECK(!process_find(0) && !process_find(-1) && !process_find(pid + 1));
    CHECK(!process_find(pid + PROCESS_MAX)); // the same place in the table
    for (struct process *process = NULL; (process = process_after(process)); all++) {
        found += process == process_find(pid) || process == process_current();
    }
    CHECK_EQUAL(found, 2);
    CHECK(all >= 3); // with writeback
    open_gate();
    CHECK_EQUAL(process_wait(pid, NULL), pid);
}

TEST(process_wait_options, "a child is waited for by pid, by group, or not waited for at all")
{
    int status = 0;
    gate_open = false;
    int first = process_create("first", wait_at_gate, NULL);
    int second = process_create("second", wait_at_gate, NULL);
    CHECK_EQUAL(group_set(second, 0), 0);
    CHECK_EQUAL(process_wait_options(-1, WNOHANG, &status), 0);
    CHECK_EQUAL(process_wait_options(-second, WNOHANG, &status), 0);
    CHECK_EQUAL(process_wait_options(-first, WNOHANG, &status), -ECHILD);
    CHECK_EQUAL(process_wait_options(1, WNOHANG, &status), -ECHILD);
    CHECK_EQUAL(process_wait_options(INT32_MAX, WNOHANG, &status), -ECHILD);
    CHECK_EQUAL(process_wait_options(INT32_MIN, WNOHANG, &status), -ECHILD);
    open_gate();
    CHECK_EQUAL(process_wait_options(-second, 0, &status), second);
    CHECK_EQUAL(status, WAIT_EXITED(3));
    CHECK_EQUAL(process_wait_options(0, 0, &status), first); // of our own group, which is 0
    CHECK_EQUAL(process_wait_options(-1, 0, &status), -ECHILD);
}

static int wait_for_child(void *argument)
{
    int status;
    int pid = process_create("child", wait_at_gate, NULL);
    *(int *)argument = pid;
    int first = process_wait_options(pid, 0, &status);
    process_current()->signals.pending = 0;
    process_current()->thread.interrupted = false;
    gate_open = true;
    wait_wake_all(&gate);
    int second = process_wait_options(-1, 0, &status);
    return first == -EINTR && second == pid && status == WAIT_EXITED(3) ? 0 : 1;
}

TEST(process_wait_interrupted, "a signal ends the wait for a child, which can be waited for again")
{
    int status = 0, child = 0;
    gate_open = false;
    int pid = process_create("parent", wait_for_child, &child);
    CHECK_EQUAL(group_set(pid, 0), 0);
    while (child == 0 || !process_find(pid)->thread.queue) {
        clock_sleep_ms(1);
    }
    CHECK_EQUAL(signal_send(pid, SIGUSR1), 0);
    CHECK_EQUAL(process_wait(pid, &status), pid);
    CHECK_EQUAL(status, 0);
}
