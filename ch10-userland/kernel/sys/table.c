// Every system call passes here.
#include "kernel/cpu/cpu.h"
#include "kernel/dev/console.h"
#include "kernel/options.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "kernel/sys/directory.h"
#include "kernel/sys/file.h"
#include "kernel/sys/info.h"
#include "kernel/sys/memory.h"
#include "kernel/sys/process.h"
#include "kernel/sys/resource.h"
#include "kernel/sys/signal.h"
#include "kernel/sys/syscall.h"
#include "kernel/sys/thread.h"
#include "kernel/sys/time.h"
#include "lib/abi/syscall.h"
#include "lib/errno.h"
#include "lib/string.h"

#define CALL(name) [SYS_##name] = sys_##name
#define SAME(name, other) [SYS_##name] = sys_##other // user and group are alike, and so on

static syscall_function *const table[SYSCALL_COUNT] = {
    CALL(read), CALL(write), CALL(open), CALL(close), CALL(stat), CALL(fstat), CALL(lstat),
    CALL(poll), CALL(lseek), CALL(mmap), CALL(mprotect), CALL(munmap), CALL(brk),
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(ioctl), CALL(pread64),
    CALL(pwrite64), CALL(readv), CALL(writev), CALL(access), CALL(pipe), CALL(select),
    CALL(sched_yield), CALL(mremap), CALL(msync), CALL(mincore), CALL(madvise), CALL(dup),
    CALL(dup2), CALL(pause), CALL(nanosleep), CALL(getitimer), CALL(alarm), CALL(setitimer),
    CALL(getpid), CALL(sendfile), CALL(clone), CALL(fork), CALL(vfork), CALL(execve),
    CALL(exit), CALL(wait4), CALL(kill), CALL(uname), CALL(fcntl), CALL(flock), CALL(fsync),
    SAME(fdatasync, fsync), CALL(truncate), CALL(ftruncate), CALL(getcwd), CALL(chdir),
    CALL(fchdir), CALL(rename), CALL(mkdir), CALL(rmdir), CALL(creat), CALL(link), CALL(unlink),
    CALL(symlink), CALL(readlink), CALL(chmod), CALL(fchmod), CALL(chown), CALL(fchown),
    CALL(lchown), CALL(umask), CALL(gettimeofday), CALL(getrlimit), CALL(getrusage), CALL(sysinfo),
    CALL(times), CALL(getuid), CALL(syslog), SAME(getgid, getuid), CALL(setuid),
    SAME(setgid, setuid), SAME(geteuid, getuid), SAME(getegid, getuid), CALL(setpgid),
    CALL(getppid), CALL(getpgrp), CALL(setsid), CALL(setreuid), SAME(setregid, setreuid),
    CALL(getgroups), CALL(setgroups), CALL(setresuid), CALL(getresuid),
    SAME(setresgid, setresuid), SAME(getresgid, getresuid), CALL(getpgid),
    SAME(setfsuid, getuid), SAME(setfsgid, getuid), CALL(getsid), CALL(rt_sigpending),
    CALL(rt_sigtimedwait), CALL(rt_sigqueueinfo), CALL(rt_sigsuspend), CALL(sigaltstack),
    CALL(mknod),
    CALL(personality), CALL(statfs), CALL(fstatfs), CALL(getpriority), CALL(setpriority),
    CALL(prctl), CALL(arch_prctl), CALL(setrlimit), CALL(sync), CALL(settimeofday), CALL(reboot),
    CALL(gettid), CALL(tkill), CALL(time), CALL(futex), CALL(sched_getaffinity),
    CALL(getdents64), CALL(set_tid_address), CALL(fadvise64), CALL(clock_settime),
    CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep), SAME(exit_group, exit),
    CALL(tgkill), CALL(utimes), CALL(waitid), CALL(openat), CALL(mkdirat), CALL(mknodat),
    CALL(fchownat), CALL(newfstatat), CALL(unlinkat), CALL(renameat), CALL(linkat),
    CALL(symlinkat), CALL(readlinkat), CALL(fchmodat), CALL(faccessat), CALL(pselect6),
    CALL(ppoll), CALL(set_robust_list), CALL(utimensat), CALL(dup3), CALL(pipe2),
    CALL(prlimit64), CALL(syncfs), CALL(getcpu), CALL(renameat2), CALL(getrandom),
    CALL(execveat), CALL(statx), CALL(faccessat2), CALL(preadv), CALL(pwritev), CALL(fallocate),
    CALL(mlock), CALL(munlock), CALL(mlockall), CALL(munlockall), CALL(rseq),
};

// The names of calls that Linux has and we have not, from a number on.
static const struct {
    unsigned first;
    const char *names;
} missing_names[] = {
    {29, "shmget shmat shmctl"},
    {41, "socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen "
         "getsockname getpeername socketpair setsockopt getsockopt"},
    {64, "semget semop semctl shmdt msgget msgsnd msgrcv msgctl"},
    {78, "getdents"},
    {101, "ptrace"},
    {125, "capget capset"},
    {132, "utime"},
    {134, "uselib"},
    {136, "ustat"},
    {139, "sysfs"},
    {142, "sched_setparam sched_getparam sched_setscheduler sched_getscheduler "
          "sched_get_priority_max sched_get_priority_min sched_rr_get_interval"},
    {153, "vhangup modify_ldt pivot_root _sysctl"},
    {159, "adjtimex"},
    {161, "chroot"},
    {163, "acct"},
    {165, "mount umount2 swapon swapoff"},
    {170, "sethostname setdomainname iopl ioperm create_module init_module delete_module"},
    {179, "quotactl"},
    {187, "readahead setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr "
          "llistxattr flistxattr removexattr lremovexattr fremovexattr"},
    {203, "sched_setaffinity"},
    {205, "set_thread_area io_setup io_destroy io_getevents io_submit io_cancel "
          "get_thread_area"},
    {213, "epoll_create"},
    {216, "remap_file_pages"},
    {219, "restart_syscall semtimedop"},
    {222, "timer_create timer_settime timer_gettime timer_getoverrun timer_delete"},
    {232, "epoll_wait epoll_ctl"},
    {237, "mbind set_mempolicy get_mempolicy mq_open mq_unlink mq_timedsend mq_timedreceive "
          "mq_notify mq_getsetattr kexec_load"},
    {248, "add_key request_key keyctl ioprio_set ioprio_get inotify_init inotify_add_watch "
          "inotify_rm_watch migrate_pages"},
    {261, "futimesat"},
    {272, "unshare"},
    {274, "get_robust_list splice tee sync_file_range vmsplice move_pages"},
    {281, "epoll_pwait signalfd timerfd_create eventfd"},
    {286, "timerfd_settime timerfd_gettime accept4 signalfd4 eventfd2 epoll_create1"},
    {294, "inotify_init1"},
    {297, "rt_tgsigqueueinfo perf_event_open recvmmsg "
          "fanotify_init fanotify_mark"},
    {303, "name_to_handle_at open_by_handle_at clock_adjtime"},
    {307, "sendmmsg setns"},
    {310, "process_vm_readv process_vm_writev kcmp finit_module sched_setattr sched_getattr"},
    {317, "seccomp"},
    {319, "memfd_create kexec_file_load bpf"},
    {323, "userfaultfd membarrier mlock2"},
    {326, "copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free"},
    {333, "io_pgetevents"},
    {424, "pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree "
          "move_mount fsopen fsconfig fsmount fspick pidfd_open clone3 close_range openat2 "
          "pidfd_getfd"},
    {440, "process_madvise epoll_pwait2 mount_setattr quotactl_fd landlock_create_ruleset "
          "landlock_add_rule landlock_restrict_self memfd_secret process_mrelease futex_waitv"},
};

static bool tell_missing;

void syscall_init(void)
{
    char nothing[1];
    tell_missing = options_get("missing", nothing, sizeof(nothing));
}

// The name of a call that is not there, and its length; NULL: not known.
static const char *missing_name(uint64_t number, size_t *length)
{
    for (size_t i = ARRAY_LENGTH(missing_names); i-- > 0;) {
        const char *name = missing_names[i].names;
        for (uint64_t at = missing_names[i].first; name && at <= number; at++) {
            const char *end = strchr(name, ' ');
            *length = end ? (size_t)(end - name) : strlen(name);
            if (at == number) {
                return name;
            }
            name = end ? end + 1 : NULL;
        }
    }
    return NULL;
}

// Kept out of syscall_dispatch, whose every instruction counts.
__attribute__((noinline)) static int64_t missing(uint64_t number)
{
    if (tell_missing) {
        const struct thread *thread = &process_current()->thread;
        size_t length = 1;
        const char *name = missing_name(number, &length);
        kprintf("missing: system call %ld (%.*s), wanted by process %d (%s)\n", (int64_t)number,
                (int)length, name ? name : "?", thread->pid, thread->name);
    }
    return -ENOSYS;
}

void syscall_dispatch(struct trap_frame *frame)
{
    uint64_t number = frame->rax;
    cpu_enable_interrupts();
    syscall_function *call = number < SYSCALL_COUNT ? table[number] : NULL;
    frame->rax = (uint64_t)(call ? call(frame) : missing(number));
    cpu_disable_interrupts();
    if (this_cpu()->thread->interrupted) { // by a signal
        signal_deliver(frame);
    }
}
