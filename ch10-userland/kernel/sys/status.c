// System calls on what a file is, rather than what it contains.
#include "kernel/cpu/clock.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/sys/directory.h"
#include "kernel/sys/path.h"
#include "lib/abi/stat.h"
#include "lib/abi/statfs.h"
#include "lib/abi/time.h"
#include "lib/errno.h"

#define RIGHTS 07777
#define ANY_EXECUTE 0111
#define MAY_EXECUTE 1 // access: the other bits of a mode are 2 to write and 4 to read
#define MAY_WRITE 2
#define MAY_ALL 7

#define AT_NO_AUTOMOUNT 0x800
#define AT_STATX_SYNC 0x6000 // how fresh it is to be: it always is

// ---- What a file is ----

static struct timespec to_timespec(const struct timestamp *time)
{
    return (struct timespec){.tv_sec = time->seconds, .tv_nsec = time->nanoseconds};
}

static int64_t tell(const struct inode *inode, uint64_t address)
{
    struct file_status status;

    vfs_status(inode, &status);
    struct stat stat = {.st_dev = status.device, .st_ino = status.number,
                        .st_nlink = status.link_count, .st_mode = status.mode,
                        .st_uid = status.uid, .st_gid = status.gid,
                        .st_rdev = status.device_number, .st_size = (int64_t)status.size,
                        .st_blksize = status.block_size, .st_blocks = (int64_t)status.sector_count,
                        .st_atim = to_timespec(&status.accessed),
                        .st_mtim = to_timespec(&status.modified),
                        .st_ctim = to_timespec(&status.changed)};
    return copy_to_user(address, &stat, sizeof(stat));
}

static struct statx_timestamp to_statx(const struct timestamp *time)
{
    return (struct statx_timestamp){.tv_sec = time->seconds, .tv_nsec = time->nanoseconds};
}

static int64_t tell_x(const struct inode *inode, uint64_t address)
{
    struct file_status status;

    vfs_status(inode, &status);
    struct statx stat = {.stx_mask = STATX_BASIC_STATS, .stx_blksize = status.block_size,
                         .stx_nlink = status.link_count, .stx_uid = status.uid,
                         .stx_gid = status.gid, .stx_mode = (uint16_t)status.mode,
                         .stx_ino = status.number, .stx_size = status.size,
                         .stx_blocks = status.sector_count,
                         .stx_atime = to_statx(&status.accessed),
                         .stx_mtime = to_statx(&status.modified),
                         .stx_ctime = to_statx(&status.changed),
                         .stx_rdev_major = status.device_number >> 8,
                         .stx_rdev_minor = status.device_number & 0xff,
                         .stx_dev_major = status.device >> 8,
                         .stx_dev_minor = status.device & 0xff};
    return copy_to_user(address, &stat, sizeof(stat));
}

static int64_t tell_filesystem(const struct inode *inode, uint64_t address)
{
    struct filesystem *filesystem = inode->filesystem;
    struct filesystem_statistics space = {.block_size = 4096};

    if (filesystem->operations->statistics) {
        filesystem->operations->statistics(filesystem, &space);
    }
    struct statfs told = {.f_type = filesystem->operations->magic, .f_bsize = space.block_size,
                          .f_blocks = space.block_count, .f_bfree = space.free_blocks,
                          .f_bavail = space.free_blocks, .f_files = space.inode_count,
                          .f_ffree = space.free_inodes, .f_namelen = NAME_MAX,
                          .f_frsize = space.block_size,
                          .f_flags = ST_VALID | (filesystem->read_only ? ST_RDONLY : 0)};
    return copy_to_user(address, &told, sizeof(told));
}

static int64_t may_access(const struct inode *inode, uint64_t mode)
{
    if (mode & ~(uint64_t)MAY_ALL) {
        return -EINVAL;
    }
    if (mode & MAY_WRITE && inode->filesystem->read_only && !S_ISCHR(inode->mode)) {
        return -EROFS;
    }
    // The one user there is may do all, but run what nobody may.
    bool runs = S_ISDIR(inode->mode) || inode->mode & ANY_EXECUTE;
    return mode & MAY_EXECUTE && !runs ? -EACCES : 0;
}

// Does something with the inode that a path leads to.
static int64_t with_inode(uint64_t base, uint64_t path, uint64_t flags,
                          int64_t (*use)(const struct inode *inode, uint64_t argument),
                          uint64_t argument)
{
    struct inode *inode;
    int64_t result = call_find(base, path, flags, &inode);

    if (result == 0) {
        result = use(inode, argument);
        inode_release(inode);
    }
    return result;
}

int64_t sys_stat(struct trap_frame *frame)
{
    return with_inode(CALL_AT_DIRECTORY, frame->rdi, 0, tell, frame->rsi);
}

int64_t sys_lstat(struct trap_frame *frame)
{
    return with_inode(CALL_AT_DIRECTORY, frame->rdi, AT_SYMLINK_NOFOLLOW, tell, frame->rsi);
}

int64_t sys_fstat(struct trap_frame *frame)
{
    const struct file *file = call_file(frame->rdi);
    return file ? tell(file->inode, frame->rsi) : -EBADF;
}

int64_t sys_newfstatat(struct trap_frame *frame)
{
    unsigned flags = (unsigned)frame->r10;

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)) {
        return -EINVAL;
    }
    return with_inode(frame->rdi, frame->rsi, flags, tell, frame->rdx);
}

int64_t sys_statx(struct trap_frame *frame)
{
    unsigned flags = (unsigned)frame->rdx;

    if (flags &
        ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC)) {
        return -EINVAL;
    }
    return with_inode(frame->rdi, frame->rsi, flags, tell_x, frame->r8);
}

int64_t sys_statfs(struct trap_frame *frame)
{
    return with_inode(CALL_AT_DIRECTORY, frame->rdi, 0, tell_filesystem, frame->rsi);
}

int64_t sys_fstatfs(struct trap_frame *frame)
{
    const struct file *file = call_file(frame->rdi);
    return file ? tell_filesystem(file->inode, frame->rsi) : -EBADF;
}

int64_t sys_access(struct trap_frame *frame)
{
    return with_inode(CALL_AT_DIRECTORY, frame->rdi, 0, may_access, frame->rsi);
}

int64_t sys_faccessat(struct trap_frame *frame)
{
    return with_inode(frame->rdi, frame->rsi, 0, may_access, frame->rdx);
}

int64_t sys_faccessat2(struct trap_frame *frame)
{
    unsigned flags = (unsigned)frame->r10;

    if (flags & ~(unsigned)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
        return -EINVAL;
    }
    return with_inode(frame->rdi, frame->rsi, flags, may_access, frame->rdx);
}

// ---- Rights, owners, times ----

static int64_t change_at(uint64_t base, uint64_t path, uint64_t flags,
                         const struct inode_change *change)
{
    struct inode *inode;
    int64_t result = call_find(base, path, flags, &inode);

    if (result == 0) {
        result = vfs_change(inode, change);
        inode_release(inode);
    }
    return result;
}

static int64_t change_file(uint64_t descriptor, const struct inode_change *change)
{
    const struct file *file = call_file(descriptor);
    return file ? vfs_change(file->inode, change) : -EBADF;
}

static struct inode_change new_mode(uint64_t mode)
{
    return (struct inode_change){.which = INODE_MODE, .mode = mode & RIGHTS};
}

// An owner of -1 stays as it is.
static struct inode_change new_owner(uint64_t uid, uint64_t gid)
{
    return (struct inode_change){
        .which = ((uint32_t)uid != UINT32_MAX ? INODE_UID : 0) |
                 ((uint32_t)gid != UINT32_MAX ? INODE_GID : 0),
        .uid = (uint32_t)uid,
        .gid = (uint32_t)gid,
    };
}

int64_t sys_chmod(struct trap_frame *frame)
{
    struct inode_change change = new_mode(frame->rsi);
    return change_at(CALL_AT_DIRECTORY, frame->rdi, 0, &change);
}

int64_t sys_fchmod(struct trap_frame *frame)
{
    struct inode_change change = new_mode(frame->rsi);
    return change_file(frame->rdi, &change);
}

int64_t sys_fchmodat(struct trap_frame *frame)
{
    struct inode_change change = new_mode(frame->rdx);
    return change_at(frame->rdi, frame->rsi, 0, &change);
}

int64_t sys_chown(struct trap_frame *frame)
{
    struct inode_change change = new_owner(frame->rsi, frame->rdx);
    return change_at(CALL_AT_DIRECTORY, frame->rdi, 0, &change);
}

int64_t sys_lchown(struct trap_frame *frame)
{
    struct inode_change change = new_owner(frame->rsi, frame->rdx);
    return change_at(CALL_AT_DIRECTORY, frame->rdi, AT_SYMLINK_NOFOLLOW, &change);
}

int64_t sys_fchown(struct trap_frame *frame)
{
    struct inode_change change = new_owner(frame->rsi, frame->rdx);
    return change_file(frame->rdi, &change);
}

int64_t sys_fchownat(struct trap_frame *frame)
{
    struct inode_change change = new_owner(frame->rdx, frame->r10);
    unsigned flags = (unsigned)frame->r8;

    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) {
        return -EINVAL;
    }
    return change_at(frame->rdi, frame->rsi, flags, &change);
}

// One of the two times of a call. False: it is none.
static bool set_time(struct inode_change *change, unsigned which, struct timestamp *to,
                     const struct timespec *time)
{
    uint64_t now_ns = rtc_now_ns();

    if (time->tv_nsec == UTIME_OMIT) {
        return true;
    }
    change->which |= which;
    *to = (struct timestamp){.seconds = (int64_t)(now_ns / CLOCK_NS_PER_SECOND),
                             .nanoseconds = now_ns % CLOCK_NS_PER_SECOND};
    if (time->tv_nsec == UTIME_NOW) {
        return true;
    }
    to->seconds = time->tv_sec;
    to->nanoseconds = (uint32_t)time->tv_nsec;
    return time->tv_nsec >= 0 && time->tv_nsec < (long)CLOCK_NS_PER_SECOND;
}

static bool new_times(const struct timespec times[2], struct inode_change *change)
{
    *change = (struct inode_change){0};
    return set_time(change, INODE_ACCESSED, &change->accessed, &times[0]) &&
           set_time(change, INODE_MODIFIED, &change->modified, &times[1]);
}

int64_t sys_utimensat(struct trap_frame *frame)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct inode_change change;
    unsigned flags = (unsigned)frame->r10;

    if (frame->rdx && copy_from_user(times, frame->rdx, sizeof(times))) {
        return -EFAULT;
    }
    if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) || !new_times(times, &change)) {
        return -EINVAL;
    }
    if (change.which == 0) {
        return 0;
    }
    return frame->rsi ? change_at(frame->rdi, frame->rsi, flags, &change)
                      : change_file(frame->rdi, &change); // futimens
}

int64_t sys_utimes(struct trap_frame *frame)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct timeval given[2];
    struct inode_change change;

    if (frame->rsi) {
        if (copy_from_user(given, frame->rsi, sizeof(given))) {
            return -EFAULT;
        }
        for (unsigned i = 0; i < 2; i++) {
            if (given[i].tv_usec < 0 || given[i].tv_usec >= 1000000) {
                return -EINVAL;
            }
            times[i] =
                (struct timespec){.tv_sec = given[i].tv_sec, .tv_nsec = given[i].tv_usec * 1000};
        }
    }
    (void)new_times(times, &change); // they have been checked
    return change_at(CALL_AT_DIRECTORY, frame->rdi, 0, &change);
}
