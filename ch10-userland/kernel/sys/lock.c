// System calls on locks of files.
#include "kernel/fs/lock.h"

#include "kernel/mm/user_copy.h"
#include "kernel/sys/file.h"
#include "kernel/sys/path.h"
#include "lib/errno.h"

// The argument of fcntl's commands, and its types.
struct flock {
    int16_t type;
    int16_t whence;
    int64_t start;
    int64_t length; // 0: to the end, wherever that will be
    int32_t pid;
};

#define F_RDLCK 0
#define F_WRLCK 1
#define F_UNLCK 2

// flock
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8

#define TO_THE_END ((uint64_t)INT64_MAX + 1)

// The bytes that a struct flock means.
static int find_bytes(struct file *file, const struct flock *flock, struct file_lock *lock)
{
    int64_t base = flock->whence == SEEK_SET   ? 0
                   : flock->whence == SEEK_CUR ? file_seek(file, 0, SEEK_CUR)
                   : flock->whence == SEEK_END ? (int64_t)file->inode->size
                                               : -1;
    int64_t start, length = flock->length;
    if (base < 0) {
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, flock->start, &start) ||
        (start >= 0 && length > 0 && length - 1 > INT64_MAX - start)) {
        return -EOVERFLOW;
    }
    if (start < 0 || (length < 0 && start + length < 0)) {
        return -EINVAL;
    }
    lock->start = (uint64_t)(length < 0 ? start + length : start);
    lock->end = length == 0 ? TO_THE_END : (uint64_t)start + (length < 0 ? 0 : (uint64_t)length);
    return 0;
}

int64_t lock_control(struct file *file, unsigned command, uint64_t address)
{
    static const unsigned unable[] = {[F_RDLCK] = O_WRONLY, [F_WRLCK] = O_RDONLY};
    struct file_lock other, lock = {.inode = file->inode,
                                    .owner = process_current()->descriptors,
                                    .pid = process_current()->thread.pid};
    struct flock flock;
    if (copy_from_user(&flock, address, sizeof(flock))) {
        return -EFAULT;
    }
    bool take = flock.type != F_UNLCK;
    if (flock.type < F_RDLCK || flock.type > F_UNLCK || (command == F_GETLK && !take)) {
        return -EINVAL;
    }
    lock.exclusive = flock.type == F_WRLCK;
    int error = find_bytes(file, &flock, &lock);
    if (error) {
        return error;
    }
    if (command != F_GETLK) {
        bool able = !take || (file->flags & O_ACCMODE) != unable[flock.type];
        return able ? lock_set(&lock, take, command == F_SETLKW) : -EBADF;
    }
    flock.type = F_UNLCK;
    if (lock_find(&lock, &other)) {
        flock = (struct flock){
            .type = other.exclusive ? F_WRLCK : F_RDLCK,
            .whence = SEEK_SET,
            .start = (int64_t)other.start,
            .length = other.end == TO_THE_END ? 0 : (int64_t)(other.end - other.start),
            .pid = other.pid,
        };
    }
    return copy_to_user(address, &flock, sizeof(flock));
}

int64_t sys_flock(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);
    unsigned operation = (unsigned)frame->rsi & ~(unsigned)LOCK_NB;

    if (!file) {
        return -EBADF;
    }
    if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN) {
        return -EINVAL;
    }
    struct file_lock lock = {.inode = file->inode,
                             .owner = file,
                             .whole = true,
                             .exclusive = operation == LOCK_EX,
                             .end = TO_THE_END};
    return lock_set(&lock, operation != LOCK_UN, !(frame->rsi & LOCK_NB));
}
