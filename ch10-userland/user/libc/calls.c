// The system calls that programs have gained with chapter 10.
#include "user/libc/system_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

long syscall(long number, ...)
{
    va_list arguments;
    long argument[6];
    va_start(arguments, number);
    for (size_t i = 0; i < ARRAY_LENGTH(argument); i++) {
        argument[i] = va_arg(arguments, long); // more than there are: what happens to be there
    }
    va_end(arguments);
    return system_call(number, argument[0], argument[1], argument[2], argument[3], argument[4],
                       argument[5]);
}

// ---- Files ----

int openat(int directory, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return (int)SYSTEM_CALL(SYS_openat, directory, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int pipe2(int descriptors[2], int flags)
{
    return (int)SYSTEM_CALL(SYS_pipe2, descriptors, flags);
}

int dup3(int from, int to, int flags)
{
    return (int)SYSTEM_CALL(SYS_dup3, from, to, flags);
}

ssize_t pread(int descriptor, void *buffer, size_t size, off_t offset)
{
    return SYSTEM_CALL(SYS_pread64, descriptor, buffer, size, offset);
}

ssize_t pwrite(int descriptor, const void *buffer, size_t size, off_t offset)
{
    return SYSTEM_CALL(SYS_pwrite64, descriptor, buffer, size, offset);
}

ssize_t readv(int descriptor, const struct iovec *pieces, int count)
{
    return SYSTEM_CALL(SYS_readv, descriptor, pieces, count);
}

ssize_t writev(int descriptor, const struct iovec *pieces, int count)
{
    return SYSTEM_CALL(SYS_writev, descriptor, pieces, count);
}

int flock(int descriptor, int operation)
{
    return (int)SYSTEM_CALL(SYS_flock, descriptor, operation);
}

int select(int count, fd_set *restrict read, fd_set *restrict write, fd_set *restrict except,
           struct timeval *restrict timeout)
{
    return (int)SYSTEM_CALL(SYS_select, count, read, write, except, timeout);
}

int fdatasync(int descriptor)
{
    return (int)SYSTEM_CALL(SYS_fdatasync, descriptor);
}

int poll(struct pollfd *files, nfds_t count, int timeout_ms)
{
    return (int)SYSTEM_CALL(SYS_poll, files, count, timeout_ms);
}

int statfs(const char *path, struct statfs *status)
{
    return (int)SYSTEM_CALL(SYS_statfs, path, status);
}

int fstatfs(int descriptor, struct statfs *status)
{
    return (int)SYSTEM_CALL(SYS_fstatfs, descriptor, status);
}

int fstatat(int directory, const char *path, struct stat *status, int flags)
{
    return (int)SYSTEM_CALL(SYS_newfstatat, directory, path, status, flags);
}

int chmod(const char *path, mode_t mode)
{
    return (int)SYSTEM_CALL(SYS_chmod, path, mode);
}

int fchmod(int descriptor, mode_t mode)
{
    return (int)SYSTEM_CALL(SYS_fchmod, descriptor, mode);
}

int chown(const char *path, uid_t uid, gid_t gid)
{
    return (int)SYSTEM_CALL(SYS_chown, path, uid, gid);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
    return (int)SYSTEM_CALL(SYS_lchown, path, uid, gid);
}

int fchown(int descriptor, uid_t uid, gid_t gid)
{
    return (int)SYSTEM_CALL(SYS_fchown, descriptor, uid, gid);
}

int mknod(const char *path, mode_t mode, dev_t device)
{
    return (int)SYSTEM_CALL(SYS_mknod, path, mode, device);
}

int mkfifo(const char *path, mode_t mode)
{
    return mknod(path, mode | S_IFIFO, 0);
}

int utimensat(int directory, const char *path, const struct timespec times[2], int flags)
{
    return (int)SYSTEM_CALL(SYS_utimensat, directory, path, times, flags);
}

int futimens(int descriptor, const struct timespec times[2])
{
    return utimensat(descriptor, NULL, times, 0);
}

int fchdir(int descriptor)
{
    return (int)SYSTEM_CALL(SYS_fchdir, descriptor);
}

// ---- Processes ----

pid_t fork(void)
{
    return (pid_t)SYSTEM_CALL(SYS_fork);
}

pid_t vfork(void)
{
    return fork();
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
    return (int)SYSTEM_CALL(SYS_execve, path, arguments, environment);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    return (pid_t)SYSTEM_CALL(SYS_wait4, pid, status, options, usage);
}

pid_t getsid(pid_t pid)
{
    return (pid_t)SYSTEM_CALL(SYS_getsid, pid);
}

uid_t getuid(void)
{
    return (uid_t)SYSTEM_CALL(SYS_getuid);
}

uid_t geteuid(void)
{
    return (uid_t)SYSTEM_CALL(SYS_geteuid);
}

gid_t getgid(void)
{
    return (gid_t)SYSTEM_CALL(SYS_getgid);
}

gid_t getegid(void)
{
    return (gid_t)SYSTEM_CALL(SYS_getegid);
}

int setuid(uid_t uid)
{
    return (int)SYSTEM_CALL(SYS_setuid, uid);
}

int setgid(gid_t gid)
{
    return (int)SYSTEM_CALL(SYS_setgid, gid);
}

int seteuid(uid_t uid)
{
    return (int)SYSTEM_CALL(SYS_setresuid, -1, uid, -1);
}

int setegid(gid_t gid)
{
    return (int)SYSTEM_CALL(SYS_setresgid, -1, gid, -1);
}

int sched_yield(void)
{
    return (int)SYSTEM_CALL(SYS_sched_yield);
}

// The kernel's answer is 20 less the priority: so it is never negative.
int getpriority(int which, id_t who)
{
    long result = SYSTEM_CALL(SYS_getpriority, which, who);
    return result < 0 ? -1 : 20 - (int)result;
}

int setpriority(int which, id_t who, int priority)
{
    return (int)SYSTEM_CALL(SYS_setpriority, which, who, priority);
}

int nice(int increment)
{
    int priority = getpriority(PRIO_PROCESS, 0) + increment;
    priority = priority < -20 ? -20 : priority > 19 ? 19 : priority;
    return setpriority(PRIO_PROCESS, 0, priority) == 0 ? getpriority(PRIO_PROCESS, 0) : -1;
}

int getrlimit(int resource, struct rlimit *limit)
{
    return (int)SYSTEM_CALL(SYS_getrlimit, resource, limit);
}

int setrlimit(int resource, const struct rlimit *limit)
{
    return (int)SYSTEM_CALL(SYS_setrlimit, resource, limit);
}

int getrusage(int who, struct rusage *usage)
{
    return (int)SYSTEM_CALL(SYS_getrusage, who, usage);
}

int pause(void)
{
    return (int)SYSTEM_CALL(SYS_pause);
}

// ---- Memory ----

void *mmap(void *start, size_t size, int rights, int flags, int descriptor, off_t offset)
{
    return (void *)SYSTEM_CALL(SYS_mmap, start, size, rights, flags, descriptor, offset);
}

int msync(void *start, size_t size, int flags)
{
    return (int)SYSTEM_CALL(SYS_msync, start, size, flags);
}

int madvise(void *start, size_t size, int advice)
{
    return (int)SYSTEM_CALL(SYS_madvise, start, size, advice);
}

int munmap(void *start, size_t size)
{
    return (int)SYSTEM_CALL(SYS_munmap, start, size);
}

int mprotect(void *start, size_t size, int rights)
{
    return (int)SYSTEM_CALL(SYS_mprotect, start, size, rights);
}

void *mremap(void *start, size_t size, size_t new_size, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    void *where = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    return (void *)SYSTEM_CALL(SYS_mremap, start, size, new_size, flags, where);
}

// The kernel's answer is where the heap ends now, also when that is not where it was to end.
static char *heap_end;

int brk(void *end)
{
    heap_end = (char *)SYSTEM_CALL(SYS_brk, end);
    if (heap_end < (char *)end) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

void *sbrk(intptr_t increment)
{
    if (heap_end == NULL) {
        brk(NULL);
    }
    char *start = heap_end;
    return increment == 0 || brk(start + increment) == 0 ? start : (void *)-1;
}

// ---- Time ----

int clock_settime(clockid_t clock, const struct timespec *time)
{
    return (int)SYSTEM_CALL(SYS_clock_settime, clock, time);
}

int clock_getres(clockid_t clock, struct timespec *resolution)
{
    return (int)SYSTEM_CALL(SYS_clock_getres, clock, resolution);
}

int gettimeofday(struct timeval *time, void *zone)
{
    return (int)SYSTEM_CALL(SYS_gettimeofday, time, zone);
}

int settimeofday(const struct timeval *time, const void *zone)
{
    return (int)SYSTEM_CALL(SYS_settimeofday, time, zone);
}

// The one of these whose result is the error.
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest)
{
    int error = errno;
    bool slept = SYSTEM_CALL(SYS_clock_nanosleep, clock, flags, time, rest) == 0;
    int result = slept ? 0 : errno;
    errno = error;
    return result;
}

clock_t times(struct tms *times)
{
    return SYSTEM_CALL(SYS_times, times);
}

int setitimer(int timer, const struct itimerval *value, struct itimerval *old)
{
    return (int)SYSTEM_CALL(SYS_setitimer, timer, value, old);
}

int getitimer(int timer, struct itimerval *value)
{
    return (int)SYSTEM_CALL(SYS_getitimer, timer, value);
}

unsigned alarm(unsigned seconds)
{
    return (unsigned)SYSTEM_CALL(SYS_alarm, seconds);
}

int usleep(useconds_t microseconds)
{
    struct timespec span = {.tv_sec = microseconds / 1000000,
                            .tv_nsec = microseconds % 1000000 * 1000};
    return nanosleep(&span, NULL);
}

// ---- The system ----

int uname(struct utsname *name)
{
    return (int)SYSTEM_CALL(SYS_uname, name);
}

int gethostname(char *name, size_t size)
{
    struct utsname system;
    if (uname(&system) != 0) {
        return -1;
    }
    if (strlcpy(name, system.nodename, size) >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

int sysinfo(struct sysinfo *info)
{
    return (int)SYSTEM_CALL(SYS_sysinfo, info);
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
    return SYSTEM_CALL(SYS_getrandom, buffer, size, flags);
}

int getentropy(void *buffer, size_t size)
{
    if (size > 256) {
        errno = EIO;
        return -1;
    }
    return getrandom(buffer, size, 0) == (ssize_t)size ? 0 : -1;
}
