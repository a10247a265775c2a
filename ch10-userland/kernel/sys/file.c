#include "kernel/sys/file.h"

#include "kernel/fs/descriptor.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/file_source.h"
#include "kernel/proc/process.h"
#include "kernel/sys/path.h"
#include "lib/abi/ioctl.h"
#include "lib/errno.h"

#define COUNT_MAX 0x7ffff000 // bytes that one call moves, as on Linux
#define PIECES_MAX 1024 // of readv and writev (IOV_MAX)
#define PIECES_FEW 8 // for which the stack has room
#define IOCTL_SIZE 64 // of what a request's argument points to

#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC) // not to be asked for later
#define O_TMPFILE 020000000
#define CHANGEABLE (O_APPEND | O_NONBLOCK) // by F_SETFL

// ---- Reading and writing ----

enum direction { READ, WRITE, READ_ENTRIES };

#define AT_POSITION CALL_AT_POSITION

static inline int64_t move_file(struct file *file, struct io *io, enum direction direction,
                                int64_t offset)
{
    if (direction == READ_ENTRIES) {
        return file_read_entries(file, io);
    }
    if (offset == AT_POSITION) {
        return direction == READ ? file_read(file, io) : file_write(file, io);
    }
    return direction == READ ? file_read_at(file, io, offset) : file_write_at(file, io, offset);
}

// The same for a file that is perhaps mapped: then it is the same.
static __attribute__((noinline)) int64_t move_mapped(struct file *file, struct io *io,
                                                     enum direction direction, int64_t offset)
{
    bool locked = shared_files_lock();
    if (direction == READ) {
        (void)file_source_save(file->inode);
    }
    int64_t result = move_file(file, io, direction, offset);
    if (direction == WRITE && result > 0) {
        uint64_t end = offset == AT_POSITION ? file->position : (uint64_t)(offset + result);
        file_source_changed(file->inode, end - (uint64_t)result, end);
    }
    shared_files_unlock(locked, false);
    return result;
}

static inline int64_t move_once(struct file *file, struct io *io, enum direction direction,
                                int64_t offset)
{
    bool mapped = file_source_shared_count > 0 && !file->stream;
    return mapped ? move_mapped(file, io, direction, offset)
                  : move_file(file, io, direction, offset);
}

int64_t call_move(struct file *file, struct io *io, bool write, int64_t offset)
{
    return move_once(file, io, write ? WRITE : READ, offset);
}

// Goes on with an operation as long as nothing but a page of the caller's memory was missing.
__attribute__((noinline)) static int64_t
go_on(struct file *file, struct io *io, enum direction direction, int64_t offset, int64_t done)
{
    int64_t total = 0, result = done;
    uint64_t last_fault = 0;

    while (true) {
        total += result > 0 ? result : 0;
        if (!io->faulted || io->left == 0) {
            break;
        }
        // A page that was brought there is not missing again at once.
        if (io->fault == last_fault || !io_fault_in(io)) {
            result = -EFAULT;
            break;
        }
        last_fault = io->fault;
        // What there is to be read now, and no more; but a write goes on to its end.
        io->nonblocking = io->nonblocking || (total > 0 && direction != WRITE);
        result = move_once(file, io, direction, offset == AT_POSITION ? offset : offset + total);
    }
    return total > 0 ? total : result;
}

static inline int64_t move(struct file *file, struct io *io, enum direction direction,
                           int64_t offset)
{
    int64_t result = move_once(file, io, direction, offset);

    if (io->faulted) {
        result = go_on(file, io, direction, offset, result);
    }
    if (direction == WRITE && result == -EPIPE) {
        signal_send(process_current()->thread.pid, SIGPIPE);
    }
    return result;
}

// read, write and their like: descriptor, address and size are the call's first arguments.
static inline int64_t move_buffer(const struct trap_frame *frame, enum direction direction,
                                  int64_t offset)
{
    struct file *file = call_file(frame->rdi);
    size_t size = frame->rdx < COUNT_MAX ? frame->rdx : COUNT_MAX;
    struct io io = io_user(frame->rsi, size);

    if (!file) {
        return -EBADF;
    }
    if (!user_range(frame->rsi, frame->rdx)) {
        return -EFAULT;
    }
    return move(file, &io, direction, offset);
}

int64_t sys_read(struct trap_frame *frame)
{
    return move_buffer(frame, READ, AT_POSITION);
}

int64_t sys_write(struct trap_frame *frame)
{
    return move_buffer(frame, WRITE, AT_POSITION);
}

int64_t sys_pread64(struct trap_frame *frame)
{
    int64_t offset = (int64_t)frame->r10;
    return offset < 0 ? -EINVAL : move_buffer(frame, READ, offset);
}

int64_t sys_pwrite64(struct trap_frame *frame)
{
    int64_t offset = (int64_t)frame->r10;
    return offset < 0 ? -EINVAL : move_buffer(frame, WRITE, offset);
}

int64_t sys_getdents64(struct trap_frame *frame)
{
    return move_buffer(frame, READ_ENTRIES, AT_POSITION);
}

// Checks the pieces of readv and writev, and cuts them to COUNT_MAX bytes in all.
static int check_pieces(struct io_piece *pieces, uint64_t count)
{
    uint64_t left = COUNT_MAX;

    for (uint64_t i = 0; i < count; i++) {
        if ((int64_t)pieces[i].size < 0) {
            return -EINVAL;
        }
        if (!user_range(pieces[i].address, pieces[i].size)) {
            return -EFAULT;
        }
        pieces[i].size = pieces[i].size < left ? pieces[i].size : left;
        left -= pieces[i].size;
    }
    return 0;
}

static int64_t move_pieces(const struct trap_frame *frame, enum direction direction, int64_t offset)
{
    struct file *file = call_file(frame->rdi);
    struct io_piece few[PIECES_FEW], *pieces = few;
    uint64_t count = frame->rdx;
    size_t size = count * sizeof(*pieces);

    if (!file) {
        return -EBADF;
    }
    if (count > PIECES_MAX) {
        return -EINVAL;
    }
    if (count > PIECES_FEW) {
        pieces = kmalloc(size);
        if (!pieces) {
            return -ENOMEM;
        }
    }
    int64_t result = copy_from_user(pieces, frame->rsi, size);
    if (result == 0) {
        result = check_pieces(pieces, count);
    }
    if (result == 0) {
        struct io io = io_user_pieces(pieces, (unsigned)count);
        result = move(file, &io, direction, offset);
    }
    if (pieces != few) {
        kfree(pieces);
    }
    return result;
}

int64_t sys_readv(struct trap_frame *frame)
{
    return move_pieces(frame, READ, AT_POSITION);
}

int64_t sys_writev(struct trap_frame *frame)
{
    return move_pieces(frame, WRITE, AT_POSITION);
}

static int64_t move_pieces_at(const struct trap_frame *frame, enum direction direction)
{
    int64_t offset = (int64_t)frame->r10;
    return offset < 0 ? -EINVAL : move_pieces(frame, direction, offset);
}

int64_t sys_preadv(struct trap_frame *frame)
{
    return move_pieces_at(frame, READ);
}

int64_t sys_pwritev(struct trap_frame *frame)
{
    return move_pieces_at(frame, WRITE);
}

int64_t sys_lseek(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);
    return file ? file_seek(file, (int64_t)frame->rsi, (enum seek_from)frame->rdx) : -EBADF;
}

// ---- Opening and closing ----

static int64_t open_at(uint64_t base, uint64_t address, uint64_t flags, uint64_t mode)
{
    struct process *self = process_current();
    struct call_path path;
    struct file *file;

    if ((flags & O_TMPFILE) == O_TMPFILE) {
        return -EOPNOTSUPP;
    }
    int number = descriptor_find_free(self->descriptors, 0); // before a file is made or emptied
    int result = number < 0 ? number : call_path_get(&path, base, address);
    if (result) {
        return result;
    }
    bool locked = flags & O_TRUNC && shared_files_lock();
    result = file_open(path.base, path.text, (unsigned)flags, mode & 07777 & ~self->umask, &file);
    shared_files_unlock(locked, true);
    call_path_put(&path);
    if (result == 0) {
        result = descriptor_add(self->descriptors, file, number, flags & O_CLOEXEC);
        if (result < 0) {
            file_close(file);
        }
    }
    return result;
}

int64_t sys_open(struct trap_frame *frame)
{
    return open_at(CALL_AT_DIRECTORY, frame->rdi, frame->rsi, frame->rdx);
}

int64_t sys_openat(struct trap_frame *frame)
{
    return open_at(frame->rdi, frame->rsi, frame->rdx, frame->r10);
}

int64_t sys_creat(struct trap_frame *frame)
{
    return open_at(CALL_AT_DIRECTORY, frame->rdi, O_CREAT | O_WRONLY | O_TRUNC, frame->rsi);
}

int64_t sys_close(struct trap_frame *frame)
{
    return descriptor_close(process_current()->descriptors, (int)frame->rdi);
}

static int64_t duplicate(struct file *file, int lowest, bool close_on_exec)
{
    if (!file) {
        return -EBADF;
    }
    int number =
        descriptor_add(process_current()->descriptors, file_hold(file), lowest, close_on_exec);
    if (number < 0) {
        file_close(file);
    }
    return number;
}

int64_t sys_dup(struct trap_frame *frame)
{
    return duplicate(call_file(frame->rdi), 0, false);
}

int64_t sys_dup2(struct trap_frame *frame)
{
    return descriptor_replace(process_current()->descriptors, (int)frame->rdi, (int)frame->rsi,
                              false);
}

int64_t sys_dup3(struct trap_frame *frame)
{
    unsigned flags = (unsigned)frame->rdx;

    if (flags & ~(unsigned)O_CLOEXEC || (int)frame->rdi == (int)frame->rsi) {
        return -EINVAL;
    }
    return descriptor_replace(process_current()->descriptors, (int)frame->rdi, (int)frame->rsi,
                              flags & O_CLOEXEC);
}

// Makes a pipe's two descriptors and tells the caller, or takes all back.
static int64_t make_pipe(uint64_t address, unsigned flags)
{
    struct descriptors *table = process_current()->descriptors;
    struct file *ends[2];
    int numbers[2] = {-1, -1};

    if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK)) {
        return -EINVAL;
    }
    int error = pipe_open(&ends[0], &ends[1], flags & O_NONBLOCK);
    if (error) {
        return error;
    }
    for (unsigned i = 0; i < 2; i++) {
        numbers[i] = descriptor_add(table, ends[i], 0, flags & O_CLOEXEC);
        if (numbers[i] < 0) {
            error = error ? error : numbers[i];
            file_close(ends[i]);
        }
    }
    if (error == 0) {
        error = copy_to_user(address, numbers, sizeof(numbers));
    }
    for (unsigned i = 0; error && i < 2; i++) {
        (void)descriptor_close(table, numbers[i]);
    }
    return error;
}

int64_t sys_pipe(struct trap_frame *frame)
{
    return make_pipe(frame->rdi, 0);
}

int64_t sys_pipe2(struct trap_frame *frame)
{
    return make_pipe(frame->rdi, (unsigned)frame->rsi);
}

// ---- Control ----

static void set_flags(struct file *file, unsigned which, unsigned flags)
{
    file->flags = (file->flags & ~which) | (flags & which);
}

int64_t sys_fcntl(struct trap_frame *frame)
{
    struct descriptors *table = process_current()->descriptors;
    struct file *file = call_file(frame->rdi);
    int number = (int)frame->rdi;

    if (!file) {
        return -EBADF;
    }
    switch ((int)frame->rsi) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(file, (int)frame->rdx, (int)frame->rsi == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return descriptor_close_on_exec(table, number) ? FD_CLOEXEC : 0;
    case F_SETFD:
        return descriptor_set_close_on_exec(table, number, frame->rdx & FD_CLOEXEC);
    case F_GETFL:
        return file->flags & ~(unsigned)OPEN_ONLY;
    case F_SETFL:
        set_flags(file, CHANGEABLE, (unsigned)frame->rdx);
        return 0;
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_control(file, (unsigned)frame->rsi, frame->rdx);
    default:
        return -EINVAL;
    }
}

int64_t sys_ioctl(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);
    unsigned request = (unsigned)frame->rsi;
    int on;

    if (!file) {
        return -EBADF;
    }
    switch (request) {
    case FIOCLEX:
    case FIONCLEX:
        return descriptor_set_close_on_exec(process_current()->descriptors, (int)frame->rdi,
                                            request == FIOCLEX);
    case FIONBIO:
        if (copy_from_user(&on, frame->rdx, sizeof(on))) {
            return -EFAULT;
        }
        set_flags(file, O_NONBLOCK, on ? O_NONBLOCK : 0);
        return 0;
    }
    uint64_t last_fault = 0;
    while (true) {
        struct io argument = io_user(frame->rdx, IOCTL_SIZE);
        int result = file_ioctl(file, request, &argument);
        if (result != -EFAULT || !argument.faulted || argument.fault == last_fault ||
            !io_fault_in(&argument)) {
            return result;
        }
        last_fault = argument.fault; // the page is there now
    }
}

int64_t sys_fsync(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);
    int error = file ? file_source_save(file->inode) : -EBADF;
    return error ? error : file_sync(file);
}

int64_t sys_sync(struct trap_frame *frame)
{
    (void)frame;
    (void)file_source_save(NULL);
    (void)vfs_sync(); // whoever wants to know of errors uses fsync
    return 0;
}

int64_t sys_syncfs(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);
    struct filesystem *filesystem = file ? file->inode->filesystem : NULL;

    if (!file) {
        return -EBADF;
    }
    int error = file_source_save(NULL); // of any file system: there is only one that is written to
    int other = filesystem->operations->sync ? filesystem->operations->sync(filesystem) : 0;
    return error ? error : other;
}

int64_t sys_ftruncate(struct trap_frame *frame)
{
    struct file *file = call_file(frame->rdi);

    if (!file) {
        return -EBADF;
    }
    if ((int64_t)frame->rsi < 0) {
        return -EINVAL;
    }
    bool locked = shared_files_lock();
    int error = file_truncate(file, frame->rsi);
    shared_files_unlock(locked, true);
    return error;
}

int64_t sys_fadvise64(struct trap_frame *frame)
{
    return call_file(frame->rdi) ? 0 : -EBADF; // all advice is welcome, and forgotten
}

// As Linux on ext2, where a C library does it by writing.
int64_t sys_fallocate(struct trap_frame *frame)
{
    return call_file(frame->rdi) ? -EOPNOTSUPP : -EBADF;
}
