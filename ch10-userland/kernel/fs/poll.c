#include "kernel/fs/poll.h"

#include "kernel/cpu/cpu.h"
#include "lib/errno.h"

struct wait_queue poll_queue = {.name = "poll"};

unsigned poll_file(struct file *file, unsigned events)
{
    const struct inode_operations *operations = file->inode->operations;
    unsigned ready = operations->poll ? operations->poll(file->inode, file->flags)
                                      : (unsigned)(POLLIN | POLLOUT);

    ready |= (ready & POLLIN ? POLLRDNORM : 0) | (ready & POLLOUT ? POLLWRNORM : 0);
    return ready & (events | POLLHUP | POLLERR);
}

int poll_wait(int (*ready)(void *context), void *context, uint64_t deadline_ns)
{
    int result;

    int error = wait_until_interrupted_or(&poll_queue, (result = ready(context)) != 0, deadline_ns);
    return error == 0 ? result : error == -ETIMEDOUT ? 0 : error;
}
