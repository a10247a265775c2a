#include "kernel/sys/thread.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/user_mode.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "kernel/sys/time.h"
#include "lib/errno.h"
#include "lib/string.h"

int64_t sys_sched_yield(struct trap_frame *frame)
{
    (void)frame;
    sched_yield();
    return 0;
}

#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

int64_t sys_arch_prctl(struct trap_frame *frame)
{
    struct process *self = process_current();
    uint64_t base = frame->rsi;
    int code = (int)frame->rdi;
    switch (code) {
    case ARCH_SET_FS:
    case ARCH_SET_GS: // an address that is not canonical would be a #GP in the kernel
        if (base >= USER_END) {
            return -EPERM;
        }
        *(code == ARCH_SET_FS ? &self->fs_base : &self->gs_base) = base;
        user_mode_set_bases(self->fs_base, self->gs_base);
        return 0;
    case ARCH_GET_FS:
        return copy_to_user(base, &self->fs_base, sizeof(self->fs_base));
    case ARCH_GET_GS:
        return copy_to_user(base, &self->gs_base, sizeof(self->gs_base));
    default:
        return -EINVAL;
    }
}

#define PR_SET_NAME 15
#define PR_GET_NAME 16

int64_t sys_prctl(struct trap_frame *frame)
{
    char name[THREAD_NAME_SIZE] = {0}, *own = process_current()->thread.name;
    switch ((int)frame->rdi) {
    case PR_SET_NAME: {
        int64_t length = copy_string_from_user(name, frame->rsi, sizeof(name) - 1);
        if (length == -EFAULT) {
            return length;
        }
        strlcpy(own, name, sizeof(name)); // cut if it is longer, and ended by the last byte
        return 0;
    }
    case PR_GET_NAME:
        strlcpy(name, own, sizeof(name));
        return copy_to_user(frame->rsi, name, sizeof(name));
    default:
        return -EINVAL;
    }
}

int64_t sys_set_tid_address(struct trap_frame *frame)
{
    process_current()->clear_child_tid = frame->rdi;
    return process_current()->thread.pid;
}

#define ROBUST_LIST_SIZE 24 // struct robust_list_head

// What a thread that ends leaves locked is of no interest to a process without another one.
int64_t sys_set_robust_list(struct trap_frame *frame)
{
    return frame->rsi == ROBUST_LIST_SIZE ? 0 : -EINVAL;
}

// Each program of glibc asks for it first, and does without: so it is not told as missing.
int64_t sys_rseq(struct trap_frame *frame)
{
    (void)frame;
    return -ENOSYS;
}

#define FUTEX_COMMAND 0x7f // without the flags FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME
#define FUTEX_CLOCK_REALTIME 0x100
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_REQUEUE 3
#define FUTEX_CMP_REQUEUE 4
#define FUTEX_WAIT_BITSET 9
#define FUTEX_WAKE_BITSET 10

static struct wait_queue futexes = {.name = "a futex"};

// When a wait is over: FUTEX_WAIT says how long it takes, FUTEX_WAIT_BITSET until when.
static int64_t futex_deadline(uint64_t address, uint32_t operation, uint64_t *deadline)
{
    uint64_t now = clock_now_ns(), time;
    *deadline = WAIT_FOREVER;
    if (!address) {
        return 0;
    }
    int64_t error = time_from_user(address, &time);
    if ((operation & FUTEX_COMMAND) == FUTEX_WAIT_BITSET) {
        uint64_t clock_ns = operation & FUTEX_CLOCK_REALTIME ? rtc_now_ns() : now;
        time = time > clock_ns ? time - clock_ns : 0;
    }
    if (!error) {
        *deadline = time_after(now, time);
    }
    return error;
}

// Waits until somebody wakes, with whom it shares the memory. All who wait are woken whatever they
// wait for: a wake-up without a reason is allowed, and they look again.
static int64_t futex_wait(struct trap_frame *frame)
{
    uint64_t deadline;
    uint32_t value;
    unsigned generation = futexes.generation; // first: then no wake-up is missed after the look
    int64_t error = futex_deadline(frame->r10, (uint32_t)frame->rsi, &deadline);
    if (error) {
        return error;
    }
    deadline = signal_deadline(deadline);
    if (copy_from_user(&value, frame->rdi, sizeof(value))) {
        return -EFAULT;
    }
    if (value != (uint32_t)frame->rdx) {
        return -EAGAIN;
    }
    return wait_until_interrupted_or(&futexes, futexes.generation != generation, deadline);
}

int64_t sys_futex(struct trap_frame *frame)
{
    if (frame->rdi % sizeof(uint32_t) != 0) {
        return -EINVAL;
    }
    switch (frame->rsi & FUTEX_COMMAND) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
        return futex_wait(frame);
    case FUTEX_WAKE:
    case FUTEX_WAKE_BITSET:
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        wait_wake_all(&futexes);
        return 0;
    default:
        return -ENOSYS;
    }
}
