// How a process ended, in one number: the status of Linux's wait.
#ifndef RUNG_LIB_ABI_WAIT_H
#define RUNG_LIB_ABI_WAIT_H

#define WAIT_EXITED(code) (((code)&0xff) << 8)
#define WAIT_SIGNALED(signal) (signal)
#define WIFEXITED(status) (((status)&0x7f) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WIFSIGNALED(status) (((status)&0x7f) != 0 && ((status)&0x7f) != 0x7f)
#define WTERMSIG(status) ((status)&0x7f)
#define WAIT_STOPPED(signal) ((signal) << 8 | 0x7f)
#define WAIT_CONTINUED 0xffff
#define WIFSTOPPED(status) (((status)&0xff) == 0x7f)
#define WSTOPSIG(status) (((status) >> 8) & 0xff)
#define WIFCONTINUED(status) ((status) == WAIT_CONTINUED)

#define WNOHANG 1
#define WUNTRACED 2
#define WCONTINUED 8

#endif
