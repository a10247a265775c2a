// Pipes: bytes from those who write to those who read, in order.
#ifndef RUNG_KERNEL_FS_PIPE_H
#define RUNG_KERNEL_FS_PIPE_H

#include "kernel/fs/file.h"

#define PIPE_SIZE 65536 // bytes that fit
#define PIPE_ATOMIC 4096 // a write of up to so many is not mixed with others (PIPE_BUF)

// Makes a pipe and opens both its ends, with flags (O_NONBLOCK) for both. 0, -ENOMEM.
//
// Reading waits until there is something, or nobody is left who writes: then 0. Writing waits for
// room; -EPIPE when nobody is left who reads (the caller's caller sends SIGPIPE). Both waits end
// with -EINTR by a signal (what was moved before is returned instead), and with io->nonblocking
// there is none: -EAGAIN. Memory for bytes is taken as they come, a page at a time.
int pipe_open(struct file **read_end, struct file **write_end, unsigned flags);

#endif
