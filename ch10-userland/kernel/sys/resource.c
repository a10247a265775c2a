#include "kernel/sys/resource.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/tsc.h"
#include "kernel/fs/descriptor.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "kernel/sys/time.h"
#include "lib/abi/resource.h"
#include "lib/errno.h"

#define TIMES_TICK_NS (CLOCK_NS_PER_SECOND / TIMES_TICK_HZ)

static struct timeval to_timeval(uint64_t ns)
{
    return (struct timeval){
        .tv_sec = (long)(ns / CLOCK_NS_PER_SECOND),
        .tv_usec = (long)(ns % CLOCK_NS_PER_SECOND / CLOCK_NS_PER_US),
    };
}

int64_t resource_usage(uint64_t address, uint64_t user_tsc, uint64_t system_tsc)
{
    const struct address_space *space = process_current()->address_space;
    struct rusage usage = {
        .ru_utime = to_timeval(tsc_to_ns(user_tsc)),
        .ru_stime = to_timeval(tsc_to_ns(system_tsc)),
        .ru_maxrss = (long)(space->page_count * PAGE_SIZE / 1024),
    };
    return copy_to_user(address, &usage, sizeof(usage));
}

int64_t sys_getrusage(struct trap_frame *frame)
{
    const struct process *self = process_current();
    switch ((int)frame->rdi) {
    case RUSAGE_SELF:
    case RUSAGE_THREAD:
        return resource_usage(frame->rsi, self->user_tsc, self->system_tsc);
    case RUSAGE_CHILDREN:
        return resource_usage(frame->rsi, self->children_user_tsc, self->children_system_tsc);
    default:
        return -EINVAL;
    }
}

int64_t sys_times(struct trap_frame *frame)
{
    const struct process *self = process_current();
    struct tms times = {
        .tms_utime = (long)(tsc_to_ns(self->user_tsc) / TIMES_TICK_NS),
        .tms_stime = (long)(tsc_to_ns(self->system_tsc) / TIMES_TICK_NS),
        .tms_cutime = (long)(tsc_to_ns(self->children_user_tsc) / TIMES_TICK_NS),
        .tms_cstime = (long)(tsc_to_ns(self->children_system_tsc) / TIMES_TICK_NS),
    };
    if (frame->rdi && copy_to_user(frame->rdi, &times, sizeof(times))) {
        return -EFAULT;
    }
    return (int64_t)(clock_now_ns() / TIMES_TICK_NS);
}

// The limits are the kernel's own, and the same for all.
static struct rlimit limit_of(uint64_t resource)
{
    uint64_t limit = resource == RLIMIT_STACK    ? USER_STACK_MAX
                     : resource == RLIMIT_NOFILE ? DESCRIPTOR_MAX
                     : resource == RLIMIT_NPROC  ? PROCESS_MAX
                     : resource == RLIMIT_CORE   ? 0
                                                 : RLIM_INFINITY;
    return (struct rlimit){limit, limit};
}

// A limit is not lowered, since nobody would watch over it, nor raised.
static int64_t change_limit(uint64_t resource, uint64_t from, uint64_t to)
{
    struct rlimit limit, old = limit_of(resource);
    if (resource >= RLIMIT_COUNT) {
        return -EINVAL;
    }
    if (from) {
        if (copy_from_user(&limit, from, sizeof(limit))) {
            return -EFAULT;
        }
        if (limit.rlim_cur > limit.rlim_max) {
            return -EINVAL;
        }
        if (limit.rlim_cur != old.rlim_cur && resource != RLIMIT_CORE) {
            return -EPERM;
        }
    }
    return to ? copy_to_user(to, &old, sizeof(old)) : 0;
}

int64_t sys_prlimit64(struct trap_frame *frame)
{
    int pid = (int)frame->rdi;
    return pid != 0 && pid != process_current()->thread.pid
               ? -ESRCH
               : change_limit(frame->rsi, frame->rdx, frame->r10);
}

int64_t sys_getrlimit(struct trap_frame *frame)
{
    return frame->rsi ? change_limit(frame->rdi, 0, frame->rsi) : -EFAULT;
}

int64_t sys_setrlimit(struct trap_frame *frame)
{
    return frame->rsi ? change_limit(frame->rdi, frame->rsi, 0) : -EFAULT;
}

// Nobody is nicer than others: 20 stands for 0.
int64_t sys_getpriority(struct trap_frame *frame)
{
    return frame->rdi > PRIO_USER ? -EINVAL : 20;
}

int64_t sys_setpriority(struct trap_frame *frame)
{
    return frame->rdi > PRIO_USER ? -EINVAL : 0;
}

int64_t sys_sched_getaffinity(struct trap_frame *frame)
{
    static const uint64_t processors = 1;
    if (frame->rsi < sizeof(processors)) {
        return -EINVAL;
    }
    int error = copy_to_user(frame->rdx, &processors, sizeof(processors));
    return error ? error : (int64_t)sizeof(processors);
}

// Linux's own way to behave, and no other.
int64_t sys_personality(struct trap_frame *frame)
{
    return frame->rdi == 0 || (uint32_t)frame->rdi == UINT32_MAX ? 0 : -EINVAL;
}
