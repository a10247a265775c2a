// The calls that chapter 9 had, now by the syscall instruction. Those that came later: calls.c.
#include "user/libc/system_call.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((noinline)) long system_call_failed(long result)
{
    errno = (int)-result;
    return -1;
}

// ---- Files ----

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return (int)SYSTEM_CALL(SYS_open, path, flags, mode);
}

int close(int descriptor)
{
    return (int)SYSTEM_CALL(SYS_close, descriptor);
}

ssize_t read(int descriptor, void *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_read, descriptor, buffer, size);
}

ssize_t write(int descriptor, const void *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_write, descriptor, buffer, size);
}

off_t lseek(int descriptor, off_t offset, int from)
{
    return SYSTEM_CALL(SYS_lseek, descriptor, offset, from);
}

int pipe(int descriptors[2])
{
    return (int)SYSTEM_CALL(SYS_pipe, descriptors);
}

int dup(int descriptor)
{
    return (int)SYSTEM_CALL(SYS_dup, descriptor);
}

int dup2(int from, int to)
{
    return (int)SYSTEM_CALL(SYS_dup2, from, to);
}

// Both take an int, a pointer or nothing: in each case what is in the register.
int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return (int)SYSTEM_CALL(SYS_fcntl, descriptor, command, argument);
}

int ioctl(int descriptor, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return (int)SYSTEM_CALL(SYS_ioctl, descriptor, request, argument);
}

ssize_t getdents64(int descriptor, void *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_getdents64, descriptor, buffer, size);
}

int ftruncate(int descriptor, off_t size)
{
    return (int)SYSTEM_CALL(SYS_ftruncate, descriptor, size);
}

int truncate(const char *path, off_t size)
{
    return (int)SYSTEM_CALL(SYS_truncate, path, size);
}

int fsync(int descriptor)
{
    return (int)SYSTEM_CALL(SYS_fsync, descriptor);
}

void sync(void)
{
    SYSTEM_CALL(SYS_sync);
}

// ---- Names ----

int stat(const char *path, struct stat *status)
{
    return (int)SYSTEM_CALL(SYS_stat, path, status);
}

int lstat(const char *path, struct stat *status)
{
    return (int)SYSTEM_CALL(SYS_lstat, path, status);
}

int fstat(int descriptor, struct stat *status)
{
    return (int)SYSTEM_CALL(SYS_fstat, descriptor, status);
}

int access(const char *path, int mode)
{
    return (int)SYSTEM_CALL(SYS_access, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return (int)SYSTEM_CALL(SYS_mkdir, path, mode);
}

int rmdir(const char *path)
{
    return (int)SYSTEM_CALL(SYS_rmdir, path);
}

int unlink(const char *path)
{
    return (int)SYSTEM_CALL(SYS_unlink, path);
}

int link(const char *old_path, const char *new_path)
{
    return (int)SYSTEM_CALL(SYS_link, old_path, new_path);
}

int symlink(const char *target, const char *path)
{
    return (int)SYSTEM_CALL(SYS_symlink, target, path);
}

int rename(const char *old_path, const char *new_path)
{
    return (int)SYSTEM_CALL(SYS_rename, old_path, new_path);
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_readlink, path, buffer, size);
}

int chdir(const char *path)
{
    return (int)SYSTEM_CALL(SYS_chdir, path);
}

char *getcwd(char *buffer, size_t size)
{
    return SYSTEM_CALL(SYS_getcwd, buffer, size) > 0 ? buffer : NULL;
}

mode_t umask(mode_t mask)
{
    return (mode_t)SYSTEM_CALL(SYS_umask, mask);
}

// ---- Processes ----

void _exit(int status)
{
    for (;;) {
        SYSTEM_CALL(SYS_exit_group, status);
    }
}

pid_t getpid(void)
{
    return (pid_t)SYSTEM_CALL(SYS_getpid);
}

pid_t getppid(void)
{
    return (pid_t)SYSTEM_CALL(SYS_getppid);
}

int setpgid(pid_t pid, pid_t group)
{
    return (int)SYSTEM_CALL(SYS_setpgid, pid, group);
}

pid_t getpgid(pid_t pid)
{
    return (pid_t)SYSTEM_CALL(SYS_getpgid, pid);
}

pid_t setsid(void)
{
    return (pid_t)SYSTEM_CALL(SYS_setsid);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return (pid_t)SYSTEM_CALL(SYS_wait4, pid, status, options);
}

int kill(pid_t pid, int signal)
{
    return (int)SYSTEM_CALL(SYS_kill, pid, signal);
}

// ---- Time and power ----

int clock_gettime(clockid_t clock, struct timespec *time)
{
    return (int)SYSTEM_CALL(SYS_clock_gettime, clock, time);
}

int nanosleep(const struct timespec *span, struct timespec *rest)
{
    return (int)SYSTEM_CALL(SYS_nanosleep, span, rest);
}

int reboot(int what)
{
    return (int)SYSTEM_CALL(SYS_reboot, REBOOT_MAGIC1, REBOOT_MAGIC2, what);
}
