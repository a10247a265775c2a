#include "kernel/proc/group.h"

#include "kernel/cpu/cpu.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"

static void (*on_session_end)(int session);

// The process with a pid, or the caller for 0. Interrupts off.
static struct process *find(int pid)
{
    return pid == 0 ? process_current() : process_find(pid);
}

// What group_set answers for a process that there is.
static int check(const struct process *process, int group)
{
    const struct process *self = process_current();
    int pid = process->thread.pid;
    if (process->ended || (process != self && process->parent != self)) {
        return -ESRCH;
    }
    if (process->session != self->session || process->session == pid) {
        return -EPERM;
    }
    return group == pid || group_exists(group, self->session) ? 0 : -EPERM;
}

int group_set(int pid, int group)
{
    if (pid < 0 || group < 0) {
        return -EINVAL;
    }
    bool interrupts = cpu_save_interrupts();
    struct process *process = find(pid);
    int error = -ESRCH;
    if (process) {
        group = group == 0 ? process->thread.pid : group;
        error = check(process, group);
    }
    if (error == 0) {
        process->group = group;
    }
    cpu_restore_interrupts(interrupts);
    return error;
}

int group_of(int pid)
{
    bool interrupts = cpu_save_interrupts();
    struct process *process = find(pid);
    int group = process ? process->group : -ESRCH;
    cpu_restore_interrupts(interrupts);
    return group;
}

int group_session(int pid)
{
    bool interrupts = cpu_save_interrupts();
    struct process *process = find(pid);
    int session = process ? process->session : -ESRCH;
    cpu_restore_interrupts(interrupts);
    return session;
}

int group_new_session(void)
{
    struct process *self = process_current();
    bool interrupts = cpu_save_interrupts();
    int pid = self->thread.pid, result = -EPERM;
    if (!group_exists(pid, 0)) { // it may have children in a group that it has left
        self->group = self->session = result = pid;
    }
    cpu_restore_interrupts(interrupts);
    return result;
}

bool group_exists(int group, int session)
{
    bool interrupts = cpu_save_interrupts();
    struct process *process = NULL;
    while ((process = process_after(process)) &&
           (process->group != group || (session != 0 && process->session != session))) {
    }
    cpu_restore_interrupts(interrupts);
    return process;
}

void group_on_session_end(void (*callback)(int session))
{
    on_session_end = callback;
}

void group_leave(void)
{
    const struct process *self = process_current();
    if (self->session == self->thread.pid && on_session_end) {
        on_session_end(self->session);
    }
}

bool group_has_link(const struct process *process)
{
    const struct process *parent = process->parent;
    return !process->ended && parent && parent->group != process->group &&
           parent->session == process->session;
}

bool group_orphaned(int group)
{
    bool orphaned = true, interrupts = cpu_save_interrupts();
    for (struct process *process = NULL; orphaned && (process = process_after(process));) {
        orphaned = process->group != group || !group_has_link(process);
    }
    cpu_restore_interrupts(interrupts);
    return orphaned;
}

void group_lose_link(int group)
{
    bool stopped = false;
    for (struct process *process = NULL; group != 0 && (process = process_after(process));) {
        stopped |= process->group == group && process->signals.stopped;
    }
    if (stopped && group_orphaned(group)) {
        signal_send_group(group, SIGHUP);
        signal_send_group(group, SIGCONT);
    }
}
