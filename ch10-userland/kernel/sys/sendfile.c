// A file's bytes into another file, without a program that carries them.
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/sys/file.h"
#include "kernel/sys/path.h"
#include "lib/errno.h"

#define COUNT_MAX 0x7ffff000 // bytes that one call moves, as on Linux
#define SENDFILE_PIECE 4096

// Copies up to size bytes from one file, at an offset, to another one; the buffer is as large as a
// piece.
static int64_t copy_file(struct file *to, struct file *from, int64_t offset, size_t size,
                         char *buffer)
{
    size_t done = 0;
    int64_t result = 0;

    while (done < size && (done == 0 || !signal_due())) {
        size_t left = size - done;
        struct io in = io_kernel(buffer, left < SENDFILE_PIECE ? left : SENDFILE_PIECE);
        result = call_move(from, &in, false, offset + (int64_t)done);
        if (result <= 0) {
            break;
        }
        struct io out = io_kernel(buffer, (size_t)result);
        int64_t read = result;
        result = call_move(to, &out, true, CALL_AT_POSITION);
        done += result > 0 ? (size_t)result : 0;
        if (result < read) {
            break;
        }
    }
    return done > 0 ? (int64_t)done : result;
}

int64_t sys_sendfile(struct trap_frame *frame)
{
    struct file *to = call_file(frame->rdi), *from = call_file(frame->rsi);
    uint64_t where = frame->rdx;
    size_t size = frame->r10 < COUNT_MAX ? frame->r10 : COUNT_MAX;
    int64_t offset = 0;

    if (!to || !from) {
        return -EBADF;
    }
    if (!S_ISREG(from->inode->mode)) {
        return -EINVAL;
    }
    if (where && copy_from_user(&offset, where, sizeof(offset))) {
        return -EFAULT;
    }
    offset = where ? offset : file_seek(from, 0, SEEK_CUR);
    if (offset < 0 || offset > INT64_MAX - COUNT_MAX) {
        return -EINVAL;
    }
    char *buffer = kmalloc(SENDFILE_PIECE);
    if (!buffer) {
        return -ENOMEM;
    }
    int64_t result = copy_file(to, from, offset, size, buffer);
    kfree(buffer);
    if (result == -EPIPE) {
        signal_send(process_current()->thread.pid, SIGPIPE);
    }
    if (result > 0) {
        offset += result;
        if (where && copy_to_user(where, &offset, sizeof(offset))) {
            return -EFAULT;
        }
        if (!where) {
            (void)file_seek(from, offset, SEEK_SET);
        }
    }
    return result;
}
