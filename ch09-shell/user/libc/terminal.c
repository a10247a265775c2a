// Terminals: termios and windows.
#include <errno.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

int tcgetattr(int descriptor, struct termios *settings)
{
    return ioctl(descriptor, TCGETS, settings);
}

int tcsetattr(int descriptor, int when, const struct termios *settings)
{
    if (when < TCSANOW || when > TCSAFLUSH) {
        errno = EINVAL;
        return -1;
    }
    return ioctl(descriptor, TCSETS + (unsigned)when, settings);
}

int isatty(int descriptor)
{
    struct termios settings;
    return tcgetattr(descriptor, &settings) == 0;
}

pid_t tcgetpgrp(int descriptor)
{
    pid_t group;
    return ioctl(descriptor, TIOCGPGRP, &group) == 0 ? group : -1;
}

int tcsetpgrp(int descriptor, pid_t group)
{
    return ioctl(descriptor, TIOCSPGRP, &group);
}
