// What is kept of signals until they are delivered. Of most, that they have come, and why at first.
// Real-time signals are delivered each, in the order in which they came (POSIX, 2.4.1).
#include "kernel/cpu/cpu.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "kernel/proc/process.h"
#include "lib/abi/ucontext.h"
#include "lib/errno.h"

#define QUEUE_MAX 128 // of one process

struct queued_signal {
    struct queued_signal *next;
    int signal;
    struct signal_information information;
};

// Puts a signal at the end of the queue. False: there is no room.
static bool enqueue(struct signals *signals, int signal,
                    const struct signal_information *information)
{
    bool room = signals->queued < QUEUE_MAX && !user_pages_short();
    struct queued_signal *queued = room ? kmalloc(sizeof(*queued)) : NULL;
    if (queued) {
        struct queued_signal **place = &signals->queue;
        while (*place) {
            place = &(*place)->next;
        }
        *queued = (struct queued_signal){.signal = signal, .information = *information};
        *place = queued;
        signals->queued++;
    }
    return queued;
}

// Takes the first one of a set out of the queue. False: there is none.
static bool dequeue(struct signals *signals, signal_set_t set,
                    struct signal_information *information)
{
    for (struct queued_signal **place = &signals->queue; *place; place = &(*place)->next) {
        struct queued_signal *queued = *place;
        if (SIGNAL_BIT(queued->signal) & set) {
            *information = queued->information;
            *place = queued->next;
            signals->queued--;
            kfree(queued);
            return true;
        }
    }
    return false;
}

static bool is_queued(const struct signals *signals, int signal)
{
    const struct queued_signal *queued = signals->queue;
    while (queued && queued->signal != signal) {
        queued = queued->next;
    }
    return queued;
}

int signal_keep(struct signals *signals, int signal, const struct signal_information *information)
{
    if (signal >= SIGNAL_REAL_TIME) {
        if (!enqueue(signals, signal, information) && information->code != SI_USER) {
            return -EAGAIN; // what kill sends comes all the same, but without what it tells
        }
    } else if (signals->handlers && !(signals->pending & SIGNAL_BIT(signal))) {
        signals->handlers->information[signal - 1] = *information;
    }
    signals->pending |= SIGNAL_BIT(signal);
    return 0;
}

struct signal_information signal_accept(struct signals *signals, int signal)
{
    struct signal_information information = {0};
    if (signal >= SIGNAL_REAL_TIME) {
        dequeue(signals, SIGNAL_BIT(signal), &information);
    } else if (signals->handlers) {
        information = signals->handlers->information[signal - 1];
    }
    if (!is_queued(signals, signal)) {
        signals->pending &= ~SIGNAL_BIT(signal);
    }
    return information;
}

void signal_forget(struct signals *signals, signal_set_t set)
{
    struct signal_information information;
    signals->pending &= ~set;
    while (dequeue(signals, set, &information)) {
    }
}

void signal_close_queue(struct process *process)
{
    bool interrupts = cpu_save_interrupts();
    signal_forget(&process->signals, ~(signal_set_t)0);
    process->signals.queued = QUEUE_MAX; // no room for those who come now
    cpu_restore_interrupts(interrupts);
}
