// What becomes of signals on the way back to a program: kernel/proc/signal.c.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/proc/group.h"
#include "kernel/proc/process.h"
#include "kernel/proc/signal.h"
#include "lib/abi/syscall.h"
#include "lib/errno.h"
#include "tests/kernel/test.h"

#define BLOCKED SIGNAL_BIT(SIGUSR1)
#define RIP 0x400002

// What syscall_dispatch does when a call has ended with EINTR.
static void leave(struct trap_frame *frame)
{
    cpu_disable_interrupts();
    if (process_current()->thread.interrupted) {
        signal_deliver(frame);
    }
    cpu_enable_interrupts();
}

static int withdraw(void *argument)
{
    struct trap_frame frame = {
        .vector = TRAP_SYSCALL, .rax = (uint64_t)-EINTR, .error_code = SYS_ppoll, .rip = RIP};
    int pid = process_current()->thread.pid;
    (void)argument;
    group_set(0, 0);
    signal_set_blocked(BLOCKED);
    signal_send(pid, SIGTSTP);
    CHECK_EQUAL(signal_suspend(0), -EINTR);
    signal_send(pid, SIGCONT);
    CHECK_EQUAL(signal_due(), 0);
    leave(&frame);
    CHECK_EQUAL(process_current()->signals.blocked, BLOCKED);
    CHECK_EQUAL(frame.rip, RIP - 2); // it begins anew
    CHECK_EQUAL(frame.rax, SYS_ppoll);
    return 0;
}

TEST(signal_withdrawn,
     "what a call has blocked for its time is put back when nothing is left to be delivered")
{
    process_wait(process_create("waiter", withdraw, NULL), NULL);
}
