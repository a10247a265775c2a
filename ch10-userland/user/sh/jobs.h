// Jobs: the children of the shell, a pipeline each. With a prompt, a job is a process group, and
// the terminal belongs to the one in the foreground.
#ifndef RUNG_USER_SH_JOBS_H
#define RUNG_USER_SH_JOBS_H

#include "user/sh/launch.h"

struct member {
    pid_t pid;
    int status; // of wait
    bool ended;
    bool stopped;
};

struct job {
    struct job *next;
    int number;
    bool background;
    char *text;
    size_t count; // members so far
    struct member members[];
};

// Readies the shell for jobs with the terminal as its standard input; gives the terminal back to
// whom it belonged.
void jobs_init(struct shell *shell);
void jobs_finish(struct shell *shell);

// Begins a job of so many processes; then adds each.
struct job *jobs_begin(struct shell *shell, const char *text, size_t count, bool background);
void jobs_add(struct shell *shell, struct job *job, pid_t pid);

// The process group to be in: 0 for its first process.
pid_t jobs_group(const struct job *job);
bool jobs_in_background(const struct job *job);

// Waits until a job has ended (from chapter 10 on also until it has been stopped, or a signal that
// has a trap comes for the shell); its status.
int jobs_wait(struct shell *shell, struct job *job);

// Waits for a job and forgets it; its status. From chapter 10 on it may also have been stopped.
int jobs_foreground(struct shell *shell, struct job *job);

// Lets it run; 0.
int jobs_background(struct shell *shell, struct job *job);

// For a job that could not be started as a whole: what there is of it goes on alone. Returns 2.
int jobs_give_up(struct shell *shell, struct job *job);

// What a new child does: its group, its signals; the jobs are its parent's.
void jobs_enter_child(struct shell *shell, const struct launch *work);

// Tells which jobs have ended, and forgets them.
void jobs_tell(struct shell *shell);

// For the commands that are about jobs: waits for news of any child (WNOHANG in flags: if there are
// some; false: there is none), tells whether all of a job has ended, or else been stopped, shows a
// job, forgets it.
bool jobs_collect(struct shell *shell, int flags);
bool jobs_has_ended(const struct job *job);
bool jobs_is_quiet(const struct job *job);
void jobs_show(struct shell *shell, const struct job *job, int file, bool with_pid);
void jobs_remove(struct shell *shell, struct job *job);

#endif
