// What is little more than a call in other words.
#include <sys/wait.h>
#include <unistd.h>

pid_t getpgrp(void)
{
    return getpgid(0);
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}
