// System calls on names (directory.c), and on what a file is rather than what it contains
// (status.c).
#ifndef RUNG_KERNEL_SYS_DIRECTORY_H
#define RUNG_KERNEL_SYS_DIRECTORY_H

#include "kernel/sys/syscall.h"

int64_t sys_truncate(struct trap_frame *frame);
int64_t sys_stat(struct trap_frame *frame);
int64_t sys_lstat(struct trap_frame *frame);
int64_t sys_fstat(struct trap_frame *frame);
int64_t sys_newfstatat(struct trap_frame *frame);
int64_t sys_statx(struct trap_frame *frame);
int64_t sys_statfs(struct trap_frame *frame);
int64_t sys_fstatfs(struct trap_frame *frame);
int64_t sys_access(struct trap_frame *frame);
int64_t sys_faccessat(struct trap_frame *frame);
int64_t sys_faccessat2(struct trap_frame *frame);
int64_t sys_getcwd(struct trap_frame *frame);
int64_t sys_chdir(struct trap_frame *frame);
int64_t sys_fchdir(struct trap_frame *frame);
int64_t sys_mkdir(struct trap_frame *frame);
int64_t sys_mkdirat(struct trap_frame *frame);
int64_t sys_rmdir(struct trap_frame *frame);
int64_t sys_unlink(struct trap_frame *frame);
int64_t sys_unlinkat(struct trap_frame *frame);
int64_t sys_rename(struct trap_frame *frame);
int64_t sys_renameat(struct trap_frame *frame);
int64_t sys_renameat2(struct trap_frame *frame);
int64_t sys_link(struct trap_frame *frame);
int64_t sys_linkat(struct trap_frame *frame);
int64_t sys_symlink(struct trap_frame *frame);
int64_t sys_symlinkat(struct trap_frame *frame);
int64_t sys_readlink(struct trap_frame *frame);
int64_t sys_readlinkat(struct trap_frame *frame);
int64_t sys_chmod(struct trap_frame *frame);
int64_t sys_fchmod(struct trap_frame *frame);
int64_t sys_fchmodat(struct trap_frame *frame);
int64_t sys_chown(struct trap_frame *frame);
int64_t sys_fchown(struct trap_frame *frame);
int64_t sys_lchown(struct trap_frame *frame);
int64_t sys_fchownat(struct trap_frame *frame);
int64_t sys_utimensat(struct trap_frame *frame);
int64_t sys_utimes(struct trap_frame *frame);
int64_t sys_umask(struct trap_frame *frame);
int64_t sys_mknod(struct trap_frame *frame);
int64_t sys_mknodat(struct trap_frame *frame);

#endif
