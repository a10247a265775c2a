// Process groups and sessions (POSIX, 3.296 and 3.343): a pipeline is a group, a terminal's login a
// session. A group's number is its first process's pid, as is a session's.
#ifndef RUNG_KERNEL_PROC_GROUP_H
#define RUNG_KERNEL_PROC_GROUP_H

#include "lib/types.h"

struct process;

// Puts the caller (pid 0 or its own) or a child of it into a group of its session: an existing one,
// or its own (group 0 or its pid). -ESRCH, -EINVAL, -EPERM as POSIX says. Does not sleep.
int group_set(int pid, int group);

// A process's group, session (pid 0: the caller's). -ESRCH.
int group_of(int pid);
int group_session(int pid);

// Makes the caller the first of a new session and group, without a terminal: returns its number;
// -EPERM when it leads a group already.
int group_new_session(void);

// Whether somebody is in the group, in the session (0: in any). Any context.
bool group_exists(int group, int session);

// Has a function called, in the context of process_exit, when the first process of a session ends:
// the terminal of that session is then nobody's. Called once, by kernel/tty.c.
void group_on_session_end(void (*callback)(int session));

// Tells that the caller ends. Called by process_exit alone.
void group_leave(void);

// Whether nobody outside the group, in its session, is parent of one in it: then nobody would
// continue what a terminal stops (POSIX, 3.264, "Orphaned Process Group"). Any context.
bool group_orphaned(int group);

// Whether a process's parent is such a one. Interrupts off.
bool group_has_link(const struct process *process);

// Called by process_exit, interrupts off, when a process with such a parent has ended, or that
// parent has: if the group is orphaned and some of it are stopped, SIGHUP and SIGCONT go to all of
// it, since nobody else would continue them (POSIX, _Exit). 0 is no group.
void group_lose_link(int group);

#endif
