// How a process ended, in one number: the status of Linux's wait.
#ifndef RUNG_LIB_ABI_WAIT_H
#define RUNG_LIB_ABI_WAIT_H

#define WAIT_EXITED(code) (((code)&0xff) << 8)
#define WAIT_SIGNALED(signal) (signal)
#define WIFEXITED(status) (((status)&0x7f) == 0)
#define WEXITSTATUS(status) (((status) >> 8) & 0xff)
#define WIFSIGNALED(status) (((status)&0x7f) != 0 && ((status)&0x7f) != 0x7f)
#define WTERMSIG(status) ((status)&0x7f)

#define WNOHANG 1

#endif
