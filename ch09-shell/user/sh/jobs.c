#include "user/sh/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define JOBS_KEPT 64 // ended ones that nobody has asked about are not kept beyond so many jobs

// What a shell with a prompt ignores, and its children don't.
static const int ignored[] = {SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN, SIGTTOU};

#define IGNORED (sizeof(ignored) / sizeof(ignored[0]))

void jobs_init(struct shell *shell)
{
    shell->terminal = memory_get(sizeof(*shell->terminal));
    if (tcgetattr(STDIN_FILENO, shell->terminal) < 0) {
        shell_error(shell, "no terminal settings: %s", strerror(errno));
    }
    for (size_t i = 0; i < IGNORED; i++) {
        signal(ignored[i], SIG_IGN);
    }
    setpgid(0, 0); // fails for the first of a session, whose group is its own already
    tcsetpgrp(STDIN_FILENO, getpgrp());
}

void jobs_remove(struct shell *shell, struct job *job)
{
    struct job **place = &shell->jobs;

    while (*place != job) {
        place = &(*place)->next;
    }
    *place = job->next;
    free(job->text);
    free(job);
}

bool jobs_has_ended(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (!job->members[i].ended) {
            return false;
        }
    }
    return true;
}

// Whether one has neither ended nor been stopped.
static bool runs(const struct member *member)
{
    return !member->ended;
}

// Whether there is nothing to wait for.
bool jobs_is_quiet(const struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (runs(&job->members[i])) {
            return false;
        }
    }
    return true;
}

struct job *jobs_begin(struct shell *shell, const char *text, size_t count, bool background)
{
    struct job *job = memory_get(sizeof(*job) + count * sizeof(job->members[0]));
    size_t others = 0;

    while (background && jobs_collect(shell, WNOHANG)) { // or those that have ended add up
        continue;
    }
    *job = (struct job){.next = shell->jobs, .background = background, .number = 1};
    job->text = memory_string(text ? text : "");
    for (struct job *other = shell->jobs, *next; other; other = next) {
        next = other->next;
        if (++others > JOBS_KEPT && jobs_has_ended(other) && other != job->next) {
            jobs_remove(shell, other);
        } else if (other->number >= job->number) {
            job->number = other->number + 1;
        }
    }
    job->next = shell->jobs; // if it was that one which is gone
    shell->jobs = job;
    return job;
}

pid_t jobs_group(const struct job *job)
{
    return job->count > 0 ? job->members[0].pid : 0;
}

bool jobs_in_background(const struct job *job)
{
    return job->background;
}

void jobs_add(struct shell *shell, struct job *job, pid_t pid)
{
    job->members[job->count++] = (struct member){.pid = pid};
    if (!shell->interactive) {
        return;
    }
    setpgid(pid, jobs_group(job)); // the child does it too: nobody knows who is first
    if (!job->background && job->count == 1) {
        tcsetpgrp(STDIN_FILENO, pid);
    }
}

void jobs_enter_child(struct shell *shell, const struct launch *work)
{
    // For $(...) the shell itself reads: with its command stopped nobody would be left to go on.
    size_t count = shell->interactive ? IGNORED : 3;

    if (shell->interactive) {
        setpgid(0, work->group);
        if (work->foreground && work->group == 0) {
            tcsetpgrp(STDIN_FILENO, getpgrp());
        }
    }
    for (size_t i = 0; shell->terminal && i < count; i++) {
        signal(ignored[i], SIG_DFL);
    }
    if (!shell->interactive && !work->foreground) {
        int nothing = open("/dev/null", O_RDONLY);

        // It shares the terminal's signals with the shell, but is not what they are meant for.
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        if (nothing > 0 && work->input < 0) {
            dup2(nothing, STDIN_FILENO);
            close(nothing);
        }
    }
    shell->interactive = false;
    shell->child = true;
    shell->jobs = NULL;
    shell->terminal = NULL;
    shell->history = NULL;
}

// Waits for news of any child (WNOHANG in flags: if there are some); false: there is none.
bool jobs_collect(struct shell *shell, int flags)
{
    int status;
    pid_t pid;

    pid = waitpid(-1, &status, flags);
    if (pid <= 0) {
        return false;
    }
    for (struct job *job = shell->jobs; job; job = job->next) {
        for (size_t i = 0; i < job->count; i++) {
            struct member *member = &job->members[i];

            if (member->pid != pid || member->ended) {
                continue;
            }
            member->status = status;
            member->ended = WIFEXITED(status) || WIFSIGNALED(status);
            return true;
        }
    }
    return true;
}

// A job's status as $? has it: its last process's.
static int status_of(const struct job *job)
{
    int status = job->count > 0 ? job->members[job->count - 1].status : 0;

    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// What it does, in words.
static const char *state_of(struct shell *shell, const struct job *job)
{
    char text[32] = "Done";
    int status = job->count > 0 ? job->members[job->count - 1].status : 0;

    if (!jobs_is_quiet(job)) {
        return "Running";
    }
    if (WIFSIGNALED(status)) {
        return strsignal(WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        snprintf(text, sizeof(text), "Done(%d)", WEXITSTATUS(status));
    }
    return arena_string(&shell->arena, text);
}

void jobs_show(struct shell *shell, const struct job *job, int file, bool with_pid)
{
    const struct job *second = shell->jobs ? shell->jobs->next : NULL;
    char mark = job == shell->jobs ? '+' : job == second ? '-' : ' ', left[80];
    char pid[24] = "";

    if (with_pid && job->count > 0) {
        snprintf(pid, sizeof(pid), "%d ", job->members[0].pid);
    }
    snprintf(left, sizeof(left), "[%d] %c %s%s", job->number, mark, pid, state_of(shell, job));
    dprintf(file, "%-32s %s\n", left, job->text);
}

int jobs_wait(struct shell *shell, struct job *job)
{
    bool foreground = shell->interactive;
    int status;

    if (foreground && job->count > 0) {
        tcsetpgrp(STDIN_FILENO, jobs_group(job));
    }
    while (!jobs_is_quiet(job)) {
        if (jobs_collect(shell, 0)) {
            continue;
        }
        if (errno != EINTR) { // somebody else has waited for them
            for (size_t i = 0; i < job->count; i++) {
                job->members[i].ended = true;
            }
            break;
        }
    }
    status = status_of(job);
    if (foreground) {
        tcsetpgrp(STDIN_FILENO, getpgrp());
        if (status > 128) {
            tcsetattr(STDIN_FILENO, TCSADRAIN, shell->terminal);
        }
        if (status == 128 + SIGINT) { // Ctrl-C was meant for the whole line
            dprintf(STDERR_FILENO, "\n");
            shell->leave = LEAVE_LINE;
        }
    }
    return status;
}

int jobs_foreground(struct shell *shell, struct job *job)
{
    int status = jobs_wait(shell, job);
    const struct member *last = &job->members[job->count - 1];

    if (WIFSIGNALED(last->status) && status != 128 + SIGINT && status != 128 + SIGPIPE) {
        dprintf(STDERR_FILENO, "%s\n", state_of(shell, job));
    }
    jobs_remove(shell, job);
    return status;
}

int jobs_background(struct shell *shell, struct job *job)
{
    shell->background = job->members[job->count - 1].pid;
    if (shell->interactive) {
        dprintf(STDERR_FILENO, "[%d] %d\n", job->number, shell->background);
    }
    return 0;
}

int jobs_give_up(struct shell *shell, struct job *job)
{
    if (job->count == 0) {
        jobs_remove(shell, job);
    } else if (shell->interactive) {
        tcsetpgrp(STDIN_FILENO, getpgrp());
    }
    return 2;
}

void jobs_finish(struct shell *shell)
{
    if (shell->terminal) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, shell->terminal);
    }
    for (size_t i = 0; shell->terminal && i < IGNORED; i++) { // for the command of an exec
        signal(ignored[i], SIG_DFL);
    }
}

void jobs_tell(struct shell *shell)
{
    while (shell->jobs && jobs_collect(shell, WNOHANG)) {
        continue;
    }
    for (struct job *job = shell->jobs, *next; job; job = next) {
        next = job->next;
        if (jobs_has_ended(job)) {
            jobs_show(shell, job, STDERR_FILENO, false);
            jobs_remove(shell, job);
        }
    }
}
