#include "kernel/sys/time.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/tsc.h"
#include "kernel/dev/rtc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "lib/abi/time.h"
#include "lib/errno.h"

#define COARSE_NS (CLOCK_NS_PER_SECOND / CLOCK_TICK_HZ)

int64_t time_from_user(uint64_t address, uint64_t *ns)
{
    struct timespec time;
    if (copy_from_user(&time, address, sizeof(time))) {
        return -EFAULT;
    }
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= (long)CLOCK_NS_PER_SECOND) {
        return -EINVAL;
    }
    uint64_t seconds = (uint64_t)time.tv_sec;
    if (__builtin_mul_overflow(seconds, CLOCK_NS_PER_SECOND, ns) ||
        __builtin_add_overflow(*ns, (uint64_t)time.tv_nsec, ns)) {
        *ns = WAIT_FOREVER;
    }
    return 0;
}

uint64_t time_after(uint64_t now_ns, uint64_t span_ns)
{
    return span_ns < WAIT_FOREVER - now_ns ? now_ns + span_ns : WAIT_FOREVER;
}

uint64_t time_used_ns(void)
{
    bool interrupts = cpu_save_interrupts();
    uint64_t since = cpu_read_tsc() - this_cpu()->charged_tsc; // not yet on the account
    uint64_t used = process_current()->cpu_tsc + since;
    cpu_restore_interrupts(interrupts);
    return tsc_to_ns(used);
}

static struct timespec to_timespec(uint64_t ns)
{
    return (struct timespec){
        .tv_sec = (long)(ns / CLOCK_NS_PER_SECOND),
        .tv_nsec = (long)(ns % CLOCK_NS_PER_SECOND),
    };
}

static int64_t time_to_user(uint64_t address, uint64_t ns)
{
    struct timespec time = to_timespec(ns);
    return copy_to_user(address, &time, sizeof(time));
}

// What a clock shows. False: there is no such clock.
static bool read_clock(uint64_t clock, uint64_t *ns)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ns = rtc_now_ns();
        return true;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        *ns = clock_now_ns();
        return true;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
        *ns = time_used_ns();
        return true;
    default:
        return false;
    }
}

int64_t sys_time(struct trap_frame *frame)
{
    int64_t seconds = (int64_t)(rtc_now_ns() / CLOCK_NS_PER_SECOND);
    if (frame->rdi && copy_to_user(frame->rdi, &seconds, sizeof(seconds))) {
        return -EFAULT;
    }
    return seconds;
}

// The time zone, which nobody uses, is UTC.
int64_t sys_gettimeofday(struct trap_frame *frame)
{
    static const int zone[2] = {0, 0};
    struct timespec now = to_timespec(rtc_now_ns());
    struct timeval time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    if ((frame->rdi && copy_to_user(frame->rdi, &time, sizeof(time))) ||
        (frame->rsi && copy_to_user(frame->rsi, zone, sizeof(zone)))) {
        return -EFAULT;
    }
    return 0;
}

// The time of day is that of the machine's clock: nobody sets it.
int64_t sys_settimeofday(struct trap_frame *frame)
{
    (void)frame;
    return -EPERM;
}

int64_t sys_clock_settime(struct trap_frame *frame)
{
    uint64_t ns;
    return frame->rdi == CLOCK_REALTIME && read_clock(frame->rdi, &ns) ? -EPERM : -EINVAL;
}

int64_t sys_clock_gettime(struct trap_frame *frame)
{
    uint64_t ns;
    return read_clock(frame->rdi, &ns) ? time_to_user(frame->rsi, ns) : -EINVAL;
}

int64_t sys_clock_getres(struct trap_frame *frame)
{
    uint64_t ns, clock = frame->rdi;
    if (!read_clock(clock, &ns)) {
        return -EINVAL;
    }
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;
    return frame->rsi ? time_to_user(frame->rsi, coarse ? COARSE_NS : 1) : 0;
}

// Sleeps until a time of clock_now_ns. When a signal's handler ends that: tells the rest.
static int64_t sleep_until(uint64_t deadline_ns, uint64_t rest_address)
{
    static struct wait_queue nobody = {.name = "a time"};
    deadline_ns = signal_deadline(deadline_ns);
    int result = wait_until_interrupted_or(&nobody, false, deadline_ns);
    if (result == -ETIMEDOUT) {
        return 0;
    }
    uint64_t now = clock_now_ns(), rest = deadline_ns > now ? deadline_ns - now : 0;
    if (rest_address && time_to_user(rest_address, rest)) {
        return -EFAULT;
    }
    return result;
}

int64_t sys_nanosleep(struct trap_frame *frame)
{
    uint64_t span;
    int64_t error = time_from_user(frame->rdi, &span);
    return error ? error : sleep_until(time_after(clock_now_ns(), span), frame->rsi);
}

int64_t sys_clock_nanosleep(struct trap_frame *frame)
{
    uint64_t ns, clock_ns, clock = frame->rdi;
    if (!read_clock(clock, &clock_ns) || clock == CLOCK_THREAD_CPUTIME_ID) {
        return -EINVAL;
    }
    if (clock == CLOCK_PROCESS_CPUTIME_ID) {
        return -EOPNOTSUPP; // the caller's own clock stands still while it sleeps
    }
    int64_t error = time_from_user(frame->rdx, &ns);
    if (error) {
        return error;
    }
    bool absolute = frame->rsi & TIMER_ABSTIME;
    if (absolute) {
        ns = ns > clock_ns ? ns - clock_ns : 0;
    }
    return sleep_until(time_after(clock_now_ns(), ns), absolute ? 0 : frame->r10);
}
