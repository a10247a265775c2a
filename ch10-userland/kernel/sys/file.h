// System calls on open files: file.c, lock.c, sendfile.c, and in poll.c those that wait for several
// of them.
#ifndef RUNG_KERNEL_SYS_FILE_H
#define RUNG_KERNEL_SYS_FILE_H

#include "kernel/fs/file.h"
#include "kernel/sys/syscall.h"

int64_t sys_read(struct trap_frame *frame);
int64_t sys_write(struct trap_frame *frame);
int64_t sys_readv(struct trap_frame *frame);
int64_t sys_writev(struct trap_frame *frame);
int64_t sys_pread64(struct trap_frame *frame);
int64_t sys_pwrite64(struct trap_frame *frame);
int64_t sys_open(struct trap_frame *frame);
int64_t sys_openat(struct trap_frame *frame);
int64_t sys_creat(struct trap_frame *frame);
int64_t sys_close(struct trap_frame *frame);
int64_t sys_lseek(struct trap_frame *frame);
int64_t sys_dup(struct trap_frame *frame);
int64_t sys_dup2(struct trap_frame *frame);
int64_t sys_dup3(struct trap_frame *frame);
int64_t sys_fcntl(struct trap_frame *frame);
int64_t sys_ioctl(struct trap_frame *frame);
int64_t sys_pipe(struct trap_frame *frame);
int64_t sys_pipe2(struct trap_frame *frame);
int64_t sys_fsync(struct trap_frame *frame);
int64_t sys_ftruncate(struct trap_frame *frame);
int64_t sys_sendfile(struct trap_frame *frame);
int64_t sys_poll(struct trap_frame *frame);
int64_t sys_ppoll(struct trap_frame *frame);
int64_t sys_select(struct trap_frame *frame);
int64_t sys_pselect6(struct trap_frame *frame);
int64_t sys_sync(struct trap_frame *frame);
int64_t sys_syncfs(struct trap_frame *frame);
int64_t sys_fadvise64(struct trap_frame *frame);
int64_t sys_flock(struct trap_frame *frame);
int64_t sys_preadv(struct trap_frame *frame);
int64_t sys_pwritev(struct trap_frame *frame);
int64_t sys_fallocate(struct trap_frame *frame);
int64_t sys_getdents64(struct trap_frame *frame);

// Reads or writes once, at an offset or (CALL_AT_POSITION) at the file's position. What is mapped
// follows. Sleeps.
#define CALL_AT_POSITION (-1)
int64_t call_move(struct file *file, struct io *io, bool write, int64_t offset);

// fcntl's F_GETLK, F_SETLK and F_SETLKW, which point to a struct flock. Sleeps.
int64_t lock_control(struct file *file, unsigned command, uint64_t address);

#endif
