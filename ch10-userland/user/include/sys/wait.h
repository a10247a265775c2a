// <sys/wait.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SYS_WAIT_H
#define RUNG_USER_INCLUDE_SYS_WAIT_H

#include "lib/abi/wait.h"

#include <sys/types.h>

pid_t waitpid(pid_t pid, int *status, int options);
pid_t wait(int *status);
struct rusage;
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage);

#endif
