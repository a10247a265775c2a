#include "kernel/sys/signal.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/tsc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal_frame.h"
#include "kernel/sys/time.h"
#include "lib/abi/time.h"
#include "lib/abi/ucontext.h"
#include "lib/abi/wait.h"
#include "lib/errno.h"

#define US_PER_SECOND 1000000
#define TICK_NS (CLOCK_NS_PER_SECOND / CLOCK_TICK_HZ)

int64_t sys_kill(struct trap_frame *frame)
{
    int pid = (int)frame->rdi;
    // The lowest number has no positive one.
    return pid == INT32_MIN ? -ESRCH : signal_send(pid, (int)frame->rsi);
}

int64_t sys_tkill(struct trap_frame *frame)
{
    int pid = (int)frame->rdi;
    return pid <= 0 ? -EINVAL : signal_send(pid, (int)frame->rsi);
}

// A process has one thread.
int64_t sys_tgkill(struct trap_frame *frame)
{
    int group = (int)frame->rdi, pid = (int)frame->rsi;
    if (group <= 0 || pid <= 0) {
        return -EINVAL;
    }
    return group != pid ? -ESRCH : signal_send(pid, (int)frame->rdx);
}

int64_t sys_rt_sigaction(struct trap_frame *frame)
{
    struct signal_action action, old;
    uint64_t to = frame->rdx;
    if (frame->r10 != sizeof(signal_set_t)) {
        return -EINVAL;
    }
    if (frame->rsi && copy_from_user(&action, frame->rsi, sizeof(action))) {
        return -EFAULT;
    }
    int error = signal_set_action((int)frame->rdi, frame->rsi ? &action : NULL, &old);
    return error == 0 && to ? copy_to_user(to, &old, sizeof(old)) : error;
}

int64_t sys_rt_sigprocmask(struct trap_frame *frame)
{
    signal_set_t set, old = process_current()->signals.blocked;
    if (frame->r10 != sizeof(set)) {
        return -EINVAL;
    }
    if (frame->rsi) {
        if (copy_from_user(&set, frame->rsi, sizeof(set))) {
            return -EFAULT;
        }
        switch (frame->rdi) {
        case SIG_BLOCK:
            signal_set_blocked(old | set);
            break;
        case SIG_UNBLOCK:
            signal_set_blocked(old & ~set);
            break;
        case SIG_SETMASK:
            signal_set_blocked(set);
            break;
        default:
            return -EINVAL;
        }
    }
    return frame->rdx ? copy_to_user(frame->rdx, &old, sizeof(old)) : 0;
}

int64_t sys_rt_sigpending(struct trap_frame *frame)
{
    const struct signals *signals = &process_current()->signals;
    signal_set_t set = signals->pending & signals->blocked;
    return frame->rsi != sizeof(set) ? -EINVAL : copy_to_user(frame->rdi, &set, sizeof(set));
}

int64_t sys_rt_sigsuspend(struct trap_frame *frame)
{
    signal_set_t set;
    if (frame->rsi != sizeof(set)) {
        return -EINVAL;
    }
    return copy_from_user(&set, frame->rdi, sizeof(set)) ? -EFAULT : signal_suspend(set);
}

int64_t sys_pause(struct trap_frame *frame)
{
    (void)frame;
    return signal_suspend(process_current()->signals.blocked);
}

int64_t sys_rt_sigtimedwait(struct trap_frame *frame)
{
    struct signal_information information;
    signal_set_t set;
    uint64_t deadline = WAIT_FOREVER;
    if (frame->r10 != sizeof(set)) {
        return -EINVAL;
    }
    if (copy_from_user(&set, frame->rdi, sizeof(set))) {
        return -EFAULT;
    }
    if (frame->rdx) {
        uint64_t span;
        int64_t error = time_from_user(frame->rdx, &span);
        if (error) {
            return error;
        }
        deadline = time_after(clock_now_ns(), span);
    }
    int signal = signal_take(set, deadline, &information);
    if (signal > 0 && frame->rsi) {
        struct signal_info info;
        signal_fill_info(&info, signal, &information);
        if (copy_to_user(frame->rsi, &info, sizeof(info))) {
            return -EFAULT;
        }
    }
    return signal;
}

// Of what the caller says is taken what sigqueue puts there.
int64_t sys_rt_sigqueueinfo(struct trap_frame *frame)
{
    int pid = (int)frame->rdi, signal = (int)frame->rsi;
    struct signal_info info;
    if (copy_from_user(&info, frame->rdx, sizeof(info))) {
        return -EFAULT;
    }
    if ((info.code >= 0 || info.code == SI_TKILL) && pid != process_current()->thread.pid) {
        return -EPERM; // it would look as if the kernel, or kill, had sent it
    }
    if (signal < 0 || signal > SIGNAL_COUNT) {
        return -EINVAL;
    }
    struct signal_information information = {
        .code = info.code, .pid = info.pid, .value = info.value};
    bool interrupts = cpu_save_interrupts();
    struct process *process = process_find(pid);
    int error = !process      ? -ESRCH
                : signal == 0 ? 0
                              : signal_send_information(process, signal, &information);
    cpu_restore_interrupts(interrupts);
    return error;
}

int64_t sys_rt_sigreturn(struct trap_frame *frame)
{
    if (signal_frame_restore(frame)) {
        signal_force(SIGSEGV, SI_KERNEL, 0);
    }
    return (int64_t)frame->rax; // what the interrupted code had there
}

int64_t sys_sigaltstack(struct trap_frame *frame)
{
    struct signal_stack stack, old;
    signal_stack_get(frame->rsp, &old);
    if (frame->rdi) {
        if (copy_from_user(&stack, frame->rdi, sizeof(stack))) {
            return -EFAULT;
        }
        int error = signal_stack_set(frame->rsp, &stack);
        if (error) {
            return error;
        }
    }
    return frame->rsi ? copy_to_user(frame->rsi, &old, sizeof(old)) : 0;
}

// ---- Timers ----

static void alarm_expired(struct clock_timer *timer)
{
    struct process *process = LIST_ENTRY(timer, struct process, alarm);
    uint64_t interval_ns = process->alarm_interval_ns;
    signal_send_process(process, SIGALRM);
    if (interval_ns > 0) { // not more than once a tick: the processor has other things to do
        interval_ns = interval_ns < TICK_NS ? TICK_NS : interval_ns;
        clock_start_timer(timer, time_after(clock_now_ns(), interval_ns), alarm_expired);
    }
}

// What is left of the caller's timer, 0 if it does not run. Interrupts off.
static uint64_t alarm_left(const struct process *self)
{
    uint64_t now = clock_now_ns(), deadline = self->alarm.deadline_ns;
    if (!self->alarm.node.next || list_empty(&self->alarm.node)) {
        return 0;
    }
    return deadline > now ? deadline - now : 1;
}

// Starts the caller's timer; 0: stops it. Returns what was left of it.
static uint64_t set_alarm(uint64_t value_ns, uint64_t interval_ns)
{
    struct process *self = process_current();
    bool interrupts = cpu_save_interrupts();
    uint64_t left = alarm_left(self);
    clock_stop_timer(&self->alarm);
    self->alarm_interval_ns = interval_ns;
    if (value_ns > 0) {
        clock_start_timer(&self->alarm, time_after(clock_now_ns(), value_ns), alarm_expired);
    }
    cpu_restore_interrupts(interrupts);
    return left;
}

int64_t sys_alarm(struct trap_frame *frame)
{
    uint64_t left = set_alarm((uint32_t)frame->rdi * CLOCK_NS_PER_SECOND, 0);
    return (int64_t)((left + CLOCK_NS_PER_SECOND - 1) / CLOCK_NS_PER_SECOND);
}

static bool to_ns(const struct timeval *time, uint64_t *ns)
{
    if (time->tv_sec < 0 || time->tv_usec < 0 || time->tv_usec >= US_PER_SECOND) {
        return false;
    }
    if (__builtin_mul_overflow((uint64_t)time->tv_sec, CLOCK_NS_PER_SECOND, ns) ||
        __builtin_add_overflow(*ns, (uint64_t)time->tv_usec * CLOCK_NS_PER_US, ns)) {
        *ns = WAIT_FOREVER;
    }
    return true;
}

static struct timeval from_ns(uint64_t ns)
{
    return (struct timeval){
        .tv_sec = (long)(ns / CLOCK_NS_PER_SECOND),
        .tv_usec = (long)(ns % CLOCK_NS_PER_SECOND / CLOCK_NS_PER_US),
    };
}

static int64_t timer_to_user(uint64_t address, uint64_t value_ns, uint64_t interval_ns)
{
    struct itimerval timer = {.it_interval = from_ns(interval_ns), .it_value = from_ns(value_ns)};
    return copy_to_user(address, &timer, sizeof(timer));
}

static uint64_t used_ns(const struct process *self, uint64_t timer)
{
    return tsc_to_ns(timer == ITIMER_VIRTUAL ? self->user_tsc : self->cpu_tsc);
}

// What is left of a timer of the caller's, 0 if it does not run. Interrupts off.
static uint64_t timer_left(const struct process *self, uint64_t timer, uint64_t *interval_ns)
{
    if (timer == ITIMER_REAL) {
        *interval_ns = self->alarm_interval_ns;
        return alarm_left(self);
    }
    const struct cpu_timer *of = &self->cpu_timers[timer - ITIMER_VIRTUAL];
    uint64_t used = used_ns(self, timer);
    *interval_ns = of->interval_ns;
    return of->expires_ns > used ? of->expires_ns - used : of->expires_ns > 0;
}

int64_t sys_getitimer(struct trap_frame *frame)
{
    if (frame->rdi > ITIMER_PROF) {
        return -EINVAL;
    }
    bool interrupts = cpu_save_interrupts();
    uint64_t interval_ns, left = timer_left(process_current(), frame->rdi, &interval_ns);
    cpu_restore_interrupts(interrupts);
    return timer_to_user(frame->rsi, left, interval_ns);
}

int64_t sys_setitimer(struct trap_frame *frame)
{
    struct process *self = process_current();
    struct itimerval timer = {0};
    uint64_t value_ns, interval_ns, old_interval_ns, which = frame->rdi;
    if (frame->rsi && copy_from_user(&timer, frame->rsi, sizeof(timer))) {
        return -EFAULT;
    }
    if (which > ITIMER_PROF || !to_ns(&timer.it_value, &value_ns) ||
        !to_ns(&timer.it_interval, &interval_ns)) {
        return -EINVAL;
    }
    bool interrupts = cpu_save_interrupts();
    uint64_t left = timer_left(self, which, &old_interval_ns);
    if (which == ITIMER_REAL) {
        set_alarm(value_ns, interval_ns);
    } else {
        uint64_t expires_ns = value_ns > 0 ? time_after(used_ns(self, which), value_ns) : 0;
        self->cpu_timers[which - ITIMER_VIRTUAL] = (struct cpu_timer){expires_ns, interval_ns};
    }
    cpu_restore_interrupts(interrupts);
    return frame->rdx ? timer_to_user(frame->rdx, left, old_interval_ns) : 0;
}
