// <errno.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_ERRNO_H
#define RUNG_USER_INCLUDE_ERRNO_H

#include "lib/errno.h"
#include "user/include/program.h"

#define EWOULDBLOCK EAGAIN
#define ENOTSUP EOPNOTSUPP
#define errno (program_state()->error)

#endif
