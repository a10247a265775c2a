// poll: the values of Linux.
#ifndef RUNG_LIB_ABI_POLL_H
#define RUNG_LIB_ABI_POLL_H

#define POLLIN 1 // reading does not wait
#define POLLPRI 2
#define POLLOUT 4 // writing does not wait
#define POLLERR 8 // of a pipe that nobody reads
#define POLLHUP 0x10 // nobody writes any more
#define POLLNVAL 0x20 // no such descriptor
#define POLLRDNORM 0x40
#define POLLRDBAND 0x80
#define POLLWRNORM 0x100
#define POLLWRBAND 0x200

typedef unsigned long nfds_t;

struct pollfd {
    int fd;
    short events, revents;
};

#endif
