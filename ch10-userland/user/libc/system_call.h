// The way into the kernel.
#ifndef RUNG_USER_LIBC_SYSTEM_CALL_H
#define RUNG_USER_LIBC_SYSTEM_CALL_H

#include "lib/abi/syscall.h"

#define ERROR_MAX 4095 // results from -4095 on are negative errors (System V ABI, A.2.1)

// Sets errno to what a call has answered, and returns -1.
long system_call_failed(long result);

// Does a system call. Its result; or -1, with errno set, for an error. The instruction overwrites
// RCX and R11 with RIP and RFLAGS.
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return (unsigned long)result >= -(unsigned long)ERROR_MAX ? system_call_failed(result) : result;
}

// The same with up to six arguments of any type.
#define SYSTEM_CALL(...) SYSTEM_CALL_OF(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define SYSTEM_CALL_OF(number, a, b, c, d, e, f, ...)                                              \
    system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
