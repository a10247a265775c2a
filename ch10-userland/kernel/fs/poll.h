// poll: to wait for one of several files.
#ifndef RUNG_KERNEL_FS_POLL_H
#define RUNG_KERNEL_FS_POLL_H

#include "kernel/fs/file.h"
#include "lib/abi/poll.h"

// Whoever waits for any file waits here, looks at its files after each wake-up, and sleeps again.
// What becomes ready tells them all. Any context.
extern struct wait_queue poll_queue;
static inline void poll_wake(void)
{
    if (!wait_nobody(&poll_queue)) {
        wait_wake_all(&poll_queue);
    }
}

// What is ready of a file (POLLIN...), of what is asked for; POLLHUP and POLLERR always.
unsigned poll_file(struct file *file, unsigned events);

// Waits until ready(context) is not 0, which is returned, or the deadline (clock_now_ns) has
// passed: 0; -EINTR. Sleeps.
int poll_wait(int (*ready)(void *context), void *context, uint64_t deadline_ns);

#endif
