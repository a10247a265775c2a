// <poll.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_POLL_H
#define RUNG_USER_INCLUDE_POLL_H

#include "lib/abi/poll.h"

int poll(struct pollfd *files, nfds_t count, int timeout_ms);

#endif
