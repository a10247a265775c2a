// The calls of POSIX that programs make, by the kernel's functions. This is where a signal ends a
// program: when it next calls.
#include "kernel/cpu/clock.h"
#include "kernel/dev/power.h"
#include "kernel/dev/rtc.h"
#include "kernel/fs/descriptor.h"
#include "kernel/fs/path.h"
#include "kernel/fs/pipe.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "user/libc/program_start.h"

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

#define IOCTL_SIZE 64 // bytes that a request may move

// The end of every call: of the program, if a signal has come, or else what it returns.
static int64_t result(int64_t value)
{
    int signal = signal_due();
    if (signal != 0) {
        program_end(WAIT_SIGNALED(signal));
    }
    if (value < 0) {
        errno = (int)-value;
        return -1;
    }
    return value;
}

// ---- Files ----

static struct file *file_of(int descriptor)
{
    return descriptor_file(process_current()->descriptors, descriptor);
}

static struct inode *base(void)
{
    return process_current()->directory;
}

// Gives a file a number, or closes it.
static int64_t number(struct file *file, int lowest, bool close_on_exec)
{
    struct process *self = process_current();
    int error = self->descriptors ? 0 : descriptors_create(&self->descriptors);
    int found = error ? error : descriptor_add(self->descriptors, file, lowest, close_on_exec);
    if (found < 0) {
        file_close(file);
    }
    return found;
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) & ~process_current()->umask : 0;
    va_end(arguments);
    struct descriptors *table = process_current()->descriptors;
    struct file *file;
    int64_t found = table ? descriptor_find_free(table, 0) : 0; // before a file is made or emptied
    found = found < 0 ? found : file_open(base(), path, (unsigned)flags, mode & 07777, &file);
    return (int)result(found == 0 ? number(file, 0, flags & O_CLOEXEC) : found);
}

int close(int descriptor)
{
    return (int)result(descriptor_close(process_current()->descriptors, descriptor));
}

ssize_t read(int descriptor, void *buffer, size_t size)
{
    struct file *file = file_of(descriptor);
    struct io io = io_kernel(buffer, size);
    return result(file ? file_read(file, &io) : -EBADF);
}

ssize_t write(int descriptor, const void *buffer, size_t size)
{
    struct file *file = file_of(descriptor);
    struct io io = io_kernel(buffer, size);
    int64_t count = file ? file_write(file, &io) : -EBADF;
    if (count == -EPIPE) {
        signal_send(getpid(), SIGPIPE);
    }
    return result(count);
}

off_t lseek(int descriptor, off_t offset, int from)
{
    struct file *file = file_of(descriptor);
    bool known = from == SEEK_SET || from == SEEK_CUR || from == SEEK_END;
    return result(!file ? -EBADF : known ? file_seek(file, offset, (enum seek_from)from) : -EINVAL);
}

int pipe(int descriptors[2])
{
    struct file *files[2];
    int64_t found = pipe_open(&files[0], &files[1], 0);
    if (found == 0) {
        found = descriptors[0] = (int)number(files[0], 0, false);
        if (found < 0) {
            file_close(files[1]);
        } else {
            found = descriptors[1] = (int)number(files[1], 0, false);
            if (found < 0) {
                descriptor_close(process_current()->descriptors, descriptors[0]);
            }
        }
    }
    return (int)result(found < 0 ? found : 0);
}

static int64_t duplicate(int descriptor, int lowest, bool close_on_exec)
{
    struct file *file = file_of(descriptor);
    return file ? number(file_hold(file), lowest, close_on_exec) : -EBADF;
}

int dup(int descriptor)
{
    return (int)result(duplicate(descriptor, 0, false));
}

int dup2(int from, int to)
{
    return (int)result(descriptor_replace(process_current()->descriptors, from, to, false));
}

int fcntl(int descriptor, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    int argument = va_arg(arguments, int); // 0 or anything where the command has none
    va_end(arguments);
    struct descriptors *table = process_current()->descriptors;
    struct file *file = file_of(descriptor);
    const unsigned settable = O_APPEND | O_NONBLOCK;
    int64_t found = file ? 0 : -EBADF;
    if (found == 0) {
        switch (command) {
        case F_DUPFD:
        case F_DUPFD_CLOEXEC:
            found = duplicate(descriptor, argument, command == F_DUPFD_CLOEXEC);
            break;
        case F_GETFD:
            found = descriptor_close_on_exec(table, descriptor);
            break;
        case F_SETFD:
            found = descriptor_set_close_on_exec(table, descriptor, argument & FD_CLOEXEC);
            break;
        case F_GETFL:
            found = file->flags & (O_ACCMODE | settable);
            break;
        case F_SETFL:
            file->flags = (file->flags & ~settable) | ((unsigned)argument & settable);
            break;
        default:
            found = -EINVAL;
        }
    }
    return (int)result(found);
}

int ioctl(int descriptor, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    struct io io = io_kernel(va_arg(arguments, void *), IOCTL_SIZE);
    va_end(arguments);
    struct file *file = file_of(descriptor);
    return (int)result(file ? file_ioctl(file, (unsigned)request, &io) : -EBADF);
}

ssize_t getdents64(int descriptor, void *buffer, size_t size)
{
    struct file *file = file_of(descriptor);
    struct io io = io_kernel(buffer, size);
    return result(file ? file_read_entries(file, &io) : -EBADF);
}

int ftruncate(int descriptor, off_t size)
{
    struct file *file = file_of(descriptor);
    return (int)result(!file ? -EBADF : size < 0 ? -EINVAL : file_truncate(file, (uint64_t)size));
}

int truncate(const char *path, off_t size)
{
    return (int)result(size < 0 ? -EINVAL : vfs_truncate(base(), path, (uint64_t)size));
}

int fsync(int descriptor)
{
    struct file *file = file_of(descriptor);
    return (int)result(file ? file_sync(file) : -EBADF);
}

void sync(void)
{
    vfs_sync();
    result(0);
}

// ---- Names ----

static struct timespec time_of(struct timestamp time)
{
    return (struct timespec){time.seconds, time.nanoseconds};
}

// Fills in what stat tells, if there is something to tell.
static int tell(int64_t error, const struct file_status *from, struct stat *to)
{
    if (error == 0) {
        *to = (struct stat){
            .st_dev = from->device,
            .st_ino = from->number,
            .st_nlink = from->link_count,
            .st_mode = from->mode,
            .st_uid = from->uid,
            .st_gid = from->gid,
            .st_rdev = from->device_number,
            .st_size = (int64_t)from->size,
            .st_blksize = from->block_size,
            .st_blocks = (int64_t)from->sector_count,
            .st_atim = time_of(from->accessed),
            .st_mtim = time_of(from->modified),
            .st_ctim = time_of(from->changed),
        };
    }
    return (int)result(error);
}

int stat(const char *path, struct stat *status)
{
    struct file_status found;
    int error = vfs_stat(base(), path, true, &found);
    return tell(error, &found, status);
}

int lstat(const char *path, struct stat *status)
{
    struct file_status found;
    int error = vfs_stat(base(), path, false, &found);
    return tell(error, &found, status);
}

int fstat(int descriptor, struct stat *status)
{
    struct file_status found;
    struct file *file = file_of(descriptor);
    if (file) {
        vfs_status(file->inode, &found);
    }
    return tell(file ? 0 : -EBADF, &found, status);
}

int access(const char *path, int mode)
{
    struct file_status status;
    int error = vfs_stat(base(), path, true, &status);
    if (error == 0 && mode & X_OK && !S_ISDIR(status.mode) && !(status.mode & 0111)) {
        error = -EACCES;
    }
    return (int)result(error);
}

int mkdir(const char *path, mode_t mode)
{
    return (int)result(vfs_mkdir(base(), path, mode & 07777 & ~process_current()->umask));
}

int rmdir(const char *path)
{
    return (int)result(vfs_rmdir(base(), path));
}

int unlink(const char *path)
{
    return (int)result(vfs_unlink(base(), path));
}

int link(const char *old_path, const char *new_path)
{
    return (int)result(vfs_link(base(), old_path, new_path));
}

int symlink(const char *target, const char *path)
{
    return (int)result(vfs_symlink(base(), target, path));
}

int rename(const char *old_path, const char *new_path)
{
    return (int)result(vfs_rename(base(), old_path, new_path));
}

ssize_t readlink(const char *path, char *buffer, size_t size)
{
    struct io io = io_kernel(buffer, size);
    return result(vfs_readlink(base(), path, &io));
}

int chdir(const char *path)
{
    struct process *self = process_current();
    struct inode *found;
    int error = path_find(base(), path, true, &found);
    if (error == 0) {
        bool is_directory = S_ISDIR(found->mode);
        error = is_directory ? 0 : -ENOTDIR;
        inode_release(is_directory ? self->directory : found);
        self->directory = is_directory ? found : self->directory;
    }
    return (int)result(error);
}

char *getcwd(char *buffer, size_t size)
{
    int error = vfs_path(base() ? base() : vfs_root(), buffer, size);
    return result(error) < 0 ? NULL : buffer;
}

mode_t umask(mode_t mask)
{
    struct process *self = process_current();
    mode_t before = self->umask;
    self->umask = mask & 0777;
    return (mode_t)result(before);
}

// ---- Processes, time ----

pid_t getpid(void)
{
    return process_current()->thread.pid;
}

pid_t getppid(void)
{
    const struct process *parent = process_current()->parent;
    return parent ? parent->thread.pid : 1;
}

int setpgid(pid_t pid, pid_t group)
{
    return (int)result(group_set(pid, group));
}

pid_t getpgid(pid_t pid)
{
    return (pid_t)result(group_of(pid));
}

pid_t setsid(void)
{
    return (pid_t)result(group_new_session());
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    int how = 0,
        found = options & ~WNOHANG ? -EINVAL : process_wait_options(pid, (unsigned)options, &how);
    if (found > 0 && status) {
        *status = how;
    }
    return (pid_t)result(found);
}

int kill(pid_t pid, int signal)
{
    return (int)result(signal_send(pid, signal));
}

sighandler_t signal(int signal, sighandler_t handler)
{
    int64_t before = handler == SIG_DFL || handler == SIG_IGN
                         ? signal_ignore(signal, handler == SIG_IGN)
                         : -EINVAL;
    before = result(before);
    return before < 0 ? SIG_ERR : before > 0 ? SIG_IGN : SIG_DFL;
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    bool known = clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC;
    if (known) {
        uint64_t now = clock == CLOCK_REALTIME ? rtc_now_ns() : clock_now_ns();
        *time =
            (struct timespec){(long)(now / CLOCK_NS_PER_SECOND), (long)(now % CLOCK_NS_PER_SECOND)};
    }
    return (int)result(known ? 0 : -EINVAL);
}

int nanosleep(const struct timespec *span, struct timespec *rest)
{
    struct wait_queue morning = {.name = "time"};
    const long most = INT64_MAX / (2 * CLOCK_NS_PER_SECOND); // some 150 years
    if (span->tv_sec < 0 || span->tv_nsec < 0 || span->tv_nsec >= (long)CLOCK_NS_PER_SECOND) {
        return (int)result(-EINVAL);
    }
    uint64_t seconds = (uint64_t)(span->tv_sec < most ? span->tv_sec : most);
    uint64_t deadline = clock_now_ns() + seconds * CLOCK_NS_PER_SECOND + (uint64_t)span->tv_nsec;
    (void)wait_until_interrupted_or(&morning, false, deadline);
    if (rest) {
        *rest = (struct timespec){0}; // a signal would have ended the program
    }
    return (int)result(0);
}

int reboot(int what)
{
    if (what == RB_POWER_OFF) {
        power_off();
    } else if (what == RB_AUTOBOOT) {
        power_reboot();
    }
    return (int)result(-EINVAL);
}
