// The way into the kernel.
#ifndef RUNG_USER_LIBC_SYSTEM_CALL_H
#define RUNG_USER_LIBC_SYSTEM_CALL_H

#include "lib/abi/syscall.h"

// Does a system call. Its result; or -1, with errno set, for an error.
long system_call(long number, long a, long b, long c, long d, long e, long f);

// The same with up to six arguments of any type.
#define SYSTEM_CALL(...) SYSTEM_CALL_OF(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SYSTEM_CALL_OF(number, a, b, c, d, e, f, ...)                                              \
    system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
