// Programs of a few instructions, to be run in user mode by kernel tests: from chapter 10 on.
#ifndef RUNG_TESTS_KERNEL_USER_H
#define RUNG_TESTS_KERNEL_USER_H

#include "lib/types.h"

#define USER_CODE 0x400000 // where a program starts, readable and executable
#define USER_DATA 0x600000 // a page that it may write to
#define USER_STACK 0x700000 // the top of its stack, of one page

// Defines a program: instructions, which must not name anything outside.
#define PROGRAM(name, text)                                                                        \
    extern const char program_##name[], program_##name##_end[];                                    \
    __asm__(".pushsection .rodata\n"                                                               \
            "program_" #name ":\n" text "\nprogram_" #name "_end:\n.popsection\n")

#define RUN(name) user_run(program_##name, program_##name##_end, NULL)

// The program's last words: exit(status), with the status in EDI.
#define EXIT "movl $60, %eax\n syscall\n ud2\n"

// Runs a program as a process and returns how it ended: its wait status. in_kernel, if it is not
// NULL, runs before it as that process, with its address space; false ends the process at once,
// with status 99.
int user_run(const char *start, const char *end, bool (*in_kernel)(void));

#endif
