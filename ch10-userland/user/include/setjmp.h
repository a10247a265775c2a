// <setjmp.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SETJMP_H
#define RUNG_USER_INCLUDE_SETJMP_H

// RBX, RBP, R12 to R15, RSP, RIP: what a function must keep (System V ABI, 3.2.1).
typedef unsigned long jmp_buf[8];

int setjmp(jmp_buf place) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf place, int value);
#define _setjmp setjmp
#define _longjmp longjmp

// The same, which also brings back what signals were blocked if `mask` is not 0.
typedef struct {
    jmp_buf place;
    unsigned long has_mask, mask;
} sigjmp_buf[1];

_Noreturn void siglongjmp(sigjmp_buf place, int value);
int signal_mask_keep(sigjmp_buf place, int mask); // returns 0
#define sigsetjmp(where, mask) (signal_mask_keep(where, mask), setjmp((where)->place))

#endif
