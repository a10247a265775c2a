// How a program begins: what crt0.asm calls.
#ifndef RUNG_USER_LIBC_PROGRAM_START_H
#define RUNG_USER_LIBC_PROGRAM_START_H

// Keeps what the kernel has put on the stack (System V ABI, 3.4.1: the environment lies behind the
// arguments), calls main, and ends the program with what that returns.
_Noreturn void program_start(int argc, char **argv);

#endif
