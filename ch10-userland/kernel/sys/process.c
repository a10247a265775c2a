#include "kernel/sys/process.h"

#include "kernel/cpu/cpu.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/exec.h"
#include "kernel/proc/fork.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/sys/path.h"
#include "kernel/sys/resource.h"
#include "lib/abi/ucontext.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"
#include "lib/printf.h"

// ---- Who it is ----

int64_t sys_getpid(struct trap_frame *frame)
{
    (void)frame;
    return process_current()->thread.pid;
}

int64_t sys_gettid(struct trap_frame *frame)
{
    return sys_getpid(frame);
}

// Whose parent has ended is a child of process 1, in what programs see of it.
int64_t sys_getppid(struct trap_frame *frame)
{
    (void)frame;
    bool interrupts = cpu_save_interrupts();
    const struct process *self = process_current(), *parent = self->parent;
    int pid = parent ? parent->thread.pid : self->thread.pid != 1;
    cpu_restore_interrupts(interrupts);
    return pid;
}

// There is one user, the superuser, whose number is 0 and stays so.
int64_t sys_getuid(struct trap_frame *frame)
{
    (void)frame;
    return 0;
}

int64_t sys_setuid(struct trap_frame *frame)
{
    return (uint32_t)frame->rdi == 0 ? 0 : -EPERM;
}

// Numbers that are -1 stay as they are.
int64_t sys_setresuid(struct trap_frame *frame)
{
    const uint64_t numbers[] = {frame->rdi, frame->rsi, frame->rdx};
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
        if ((uint32_t)numbers[i] != 0 && (uint32_t)numbers[i] != UINT32_MAX) {
            return -EPERM;
        }
    }
    return 0;
}

int64_t sys_setreuid(struct trap_frame *frame)
{
    bool same = (uint32_t)frame->rdi + 1 <= 1 && (uint32_t)frame->rsi + 1 <= 1;
    return same ? 0 : -EPERM;
}

int64_t sys_getresuid(struct trap_frame *frame)
{
    static const uint32_t root;
    return copy_to_user(frame->rdi, &root, sizeof(root)) ||
                   copy_to_user(frame->rsi, &root, sizeof(root)) ||
                   copy_to_user(frame->rdx, &root, sizeof(root))
               ? -EFAULT
               : 0;
}

// Nobody is in supplementary groups.
int64_t sys_getgroups(struct trap_frame *frame)
{
    return (int)frame->rdi < 0 ? -EINVAL : 0;
}

int64_t sys_setgroups(struct trap_frame *frame)
{
    return frame->rdi == 0 ? 0 : -EPERM;
}

int64_t sys_setpgid(struct trap_frame *frame)
{
    return group_set((int)frame->rdi, (int)frame->rsi);
}

int64_t sys_getpgid(struct trap_frame *frame)
{
    return group_of((int)frame->rdi);
}

int64_t sys_getpgrp(struct trap_frame *frame)
{
    (void)frame;
    return group_of(0);
}

int64_t sys_setsid(struct trap_frame *frame)
{
    (void)frame;
    return group_new_session();
}

int64_t sys_getsid(struct trap_frame *frame)
{
    return group_session((int)frame->rdi);
}

// ---- Coming ----

#define STRINGS_SIZE 512 // what arguments or environment begin with

#define SYSCALL_SIZE 2 // bytes of the instruction

#define CLONE_SIGNAL 0xff // what the parent gets: SIGCHLD or nothing, and it gets SIGCHLD
#define CLONE_VM 0x100
#define CLONE_VFORK 0x4000
#define CLONE_SETTLS 0x80000
#define CLONE_PARENT_SETTID 0x100000
#define CLONE_CHILD_CLEARTID 0x200000 // with threads only: nobody else sees the child's memory
#define CLONE_DETACHED 0x400000
#define CLONE_CHILD_SETTID 0x1000000
// Others make the child share what here nobody shares.
#define CLONE_KNOWN                                                                                \
    (CLONE_SIGNAL | CLONE_VM | CLONE_VFORK | CLONE_SETTLS | CLONE_PARENT_SETTID |                  \
     CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_CHILD_SETTID)

// Forks; after a signal once more, since nobody expects fork to end with EINTR: the program goes on
// at its SYSCALL instruction, with the call's number in RAX. tell: where the pid is written, or 0.
static int64_t fork_or_again(struct trap_frame *frame, const struct fork_options *options,
                             uint64_t tell)
{
    int pid = fork_process(options);
    if (pid != -EINTR) {
        if (pid > 0 && tell) {
            copy_to_user(tell, &pid, sizeof(pid)); // as Linux: or not
        }
        return pid;
    }
    frame->rip -= SYSCALL_SIZE;
    return (int64_t)frame->error_code;
}

int64_t sys_fork(struct trap_frame *frame)
{
    struct fork_options options = {0};
    return fork_or_again(frame, &options, 0);
}

int64_t sys_vfork(struct trap_frame *frame)
{
    struct fork_options options = {.share = true};
    return fork_or_again(frame, &options, 0);
}

int64_t sys_clone(struct trap_frame *frame)
{
    uint64_t flags = frame->rdi;
    struct fork_options options = {
        .stack = frame->rsi,
        .set_tid = flags & CLONE_CHILD_SETTID ? frame->r10 : 0,
        .fs_base = flags & CLONE_SETTLS ? frame->r8 : 0,
        .share = flags & CLONE_VM,
    };
    if (flags & ~(uint64_t)CLONE_KNOWN || (flags & CLONE_VM && !(flags & CLONE_VFORK))) {
        return -EINVAL; // no threads
    }
    if (options.fs_base >= USER_END) {
        return -EPERM;
    }
    return fork_or_again(frame, &options, flags & CLONE_PARENT_SETTID ? frame->rdx : 0);
}

// Appends a string of the caller's memory. *room: how many bytes the strings have; *left: how many,
// pointers included, are still allowed.
static int64_t copy_string(uint64_t string, struct exec_strings *strings, size_t *room,
                           size_t *left)
{
    int64_t length;
    while ((length = copy_string_from_user(strings->bytes + strings->size, string,
                                           *room - strings->size)) == -ENAMETOOLONG) {
        if (*room - strings->size > *left) {
            return -E2BIG;
        }
        char *bytes = krealloc(strings->bytes, 2 * *room);
        if (!bytes) {
            return -ENOMEM;
        }
        strings->bytes = bytes;
        *room *= 2;
    }
    size_t size = (size_t)length + 1;
    if (length < 0 || size + sizeof(string) > *left) {
        return length < 0 ? length : -E2BIG;
    }
    *left -= size + sizeof(string);
    strings->size += size;
    strings->count++;
    return 0;
}

// Copies the strings that a vector of pointers (NULL: none) names, one behind the other.
static int64_t copy_strings(uint64_t vector, struct exec_strings *strings, size_t *left)
{
    size_t room = STRINGS_SIZE;
    *strings = (struct exec_strings){.bytes = kmalloc(room)};
    int64_t error = strings->bytes ? 0 : -ENOMEM;
    for (; error == 0 && vector; vector += sizeof(uint64_t)) {
        uint64_t string;
        if (copy_from_user(&string, vector, sizeof(string))) {
            return -EFAULT;
        }
        if (!string) {
            break;
        }
        error = copy_string(string, strings, &room, left);
    }
    return error;
}

// vectors: of the arguments and the environment.
static int64_t execute(const struct call_path *path, uint64_t arguments_vector,
                       uint64_t environment_vector)
{
    struct exec_strings arguments = {0}, environment = {0};
    size_t left = EXEC_ARGUMENTS_MAX;
    int64_t error = copy_strings(arguments_vector, &arguments, &left);
    if (error == 0) {
        error = copy_strings(environment_vector, &environment, &left);
    }
    if (error == 0 && arguments.count == 0) { // as Linux: programs take argv[0] for granted
        arguments.bytes[0] = '\0';
        arguments.size = arguments.count = 1;
    }
    if (error == 0) {
        error = exec(path->base, path->text, &arguments, &environment); // and takes them over
    } else {
        kfree(arguments.bytes);
        kfree(environment.bytes);
    }
    return error;
}

int64_t sys_execve(struct trap_frame *frame)
{
    struct call_path path;
    int64_t error = call_path_get(&path, CALL_AT_DIRECTORY, frame->rdi);
    if (error == 0) {
        error = execute(&path, frame->rsi, frame->rdx);
        call_path_put(&path);
    }
    return error;
}

// With an empty path it is the file of the descriptor, by the name that Linux gives it, too.
int64_t sys_execveat(struct trap_frame *frame)
{
    struct call_path path;
    struct file_status status;
    unsigned flags = (unsigned)frame->r8;
    if (flags & ~(unsigned)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) {
        return -EINVAL;
    }
    int64_t error = call_path_get(&path, frame->rdi, frame->rsi);
    if (error) {
        return error;
    }
    if (*path.text == '\0' && flags & AT_EMPTY_PATH && (int)frame->rdi != AT_FDCWD) {
        snprintf(path.few, sizeof(path.few), "/dev/fd/%d", (int)frame->rdi);
    } else if (flags & AT_SYMLINK_NOFOLLOW && vfs_stat(path.base, path.text, false, &status) == 0 &&
               S_ISLNK(status.mode)) {
        error = -ELOOP;
    }
    error = error ? error : execute(&path, frame->rdx, frame->r10);
    call_path_put(&path);
    return error;
}

// ---- Going ----

int64_t sys_exit(struct trap_frame *frame)
{
    process_exit(WAIT_EXITED((int)frame->rdi));
}

#define WAITID_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | WEXITED)
#define WEXITED 4
#define P_ALL 0
#define P_PID 1
#define P_PGID 2

int64_t sys_wait4(struct trap_frame *frame)
{
    const struct process *self = process_current();
    uint64_t user_before = self->children_user_tsc, system_before = self->children_system_tsc;
    unsigned options = (unsigned)frame->rdx;
    int status = 0;
    if (options & ~(unsigned)(WNOHANG | WUNTRACED | WCONTINUED)) {
        return -EINVAL;
    }
    int pid = process_wait_options((int)frame->rdi, options, &status);
    if (pid <= 0) {
        return pid;
    }
    if ((frame->rsi && copy_to_user(frame->rsi, &status, sizeof(status))) ||
        (frame->r10 && resource_usage(frame->r10, self->children_user_tsc - user_before,
                                      self->children_system_tsc - system_before))) {
        return -EFAULT;
    }
    return pid;
}

// The siginfo of a child that waitid has found.
static struct signal_info child_info(int pid, int status)
{
    struct signal_info info = {.signal = SIGCHLD, .pid = pid};
    if (WIFCONTINUED(status)) {
        info.code = CLD_CONTINUED;
        info.status = SIGCONT;
    } else if (WIFSTOPPED(status)) {
        info.code = CLD_STOPPED;
        info.status = WSTOPSIG(status);
    } else {
        info.code = WIFEXITED(status) ? CLD_EXITED : CLD_KILLED;
        info.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    }
    return info;
}

int64_t sys_waitid(struct trap_frame *frame)
{
    int id = (int)frame->rsi, status = 0;
    unsigned options = (unsigned)frame->r10;
    if (frame->rdi > P_PGID || (frame->rdi != P_ALL && id <= 0) ||
        options & ~(unsigned)WAITID_OPTIONS || !(options & WEXITED)) {
        return -EINVAL;
    }
    if (frame->rdi == P_PGID && id == 1) { // -1 would mean any child
        return -ECHILD;
    }
    id = frame->rdi == P_ALL ? -1 : frame->rdi == P_PGID ? -id : id;
    int pid = process_wait_options(id, options & ~(unsigned)WEXITED, &status);
    struct signal_info info = {0};
    if (pid > 0) {
        info = child_info(pid, status);
    }
    if (pid >= 0 && frame->rdx && copy_to_user(frame->rdx, &info, sizeof(info))) {
        return -EFAULT;
    }
    return pid < 0 ? pid : 0;
}
