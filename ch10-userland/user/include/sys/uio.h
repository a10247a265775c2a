// <sys/uio.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_UIO_H
#define RUNG_USER_INCLUDE_SYS_UIO_H

#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

ssize_t readv(int descriptor, const struct iovec *pieces, int count);
ssize_t writev(int descriptor, const struct iovec *pieces, int count);

#endif
