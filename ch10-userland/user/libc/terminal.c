// Terminals: termios and windows.
#include <errno.h>
#include <stdio.h>
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

int tcflush(int descriptor, int queue)
{
    return ioctl(descriptor, TCFLSH, queue);
}

int tcdrain(int descriptor)
{
    return ioctl(descriptor, TCSBRK, 1);
}

void cfmakeraw(struct termios *settings)
{
    settings->c_iflag &=
        ~(uint32_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    settings->c_oflag &= ~(uint32_t)OPOST;
    settings->c_lflag &= ~(uint32_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    settings->c_cflag = (settings->c_cflag & ~(uint32_t)(CSIZE | PARENB)) | CS8;
    settings->c_cc[VMIN] = 1;
    settings->c_cc[VTIME] = 0;
}

char *ttyname(int descriptor)
{
    static char path[64], link[32];
    if (!isatty(descriptor)) {
        return NULL;
    }
    snprintf(link, sizeof(link), "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof(path) - 1);
    if (length < 0) {
        return NULL;
    }
    path[length] = '\0';
    return path;
}
