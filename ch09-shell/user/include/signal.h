// <signal.h> of ISO C and POSIX, as far as it goes here.
#ifndef RUNG_USER_INCLUDE_SIGNAL_H
#define RUNG_USER_INCLUDE_SIGNAL_H

#include "lib/abi/signal.h"

#include <sys/types.h>

typedef void (*sighandler_t)(int signal);
#define SIG_DFL ((sighandler_t)0)
#define SIG_IGN ((sighandler_t)1)
#define SIG_ERR ((sighandler_t)-1)
#define NSIG (SIGNAL_COUNT + 1)

int kill(pid_t pid, int signal);
// Only SIG_DFL and SIG_IGN: nobody calls a handler yet.
sighandler_t signal(int signal, sighandler_t handler);

#endif
