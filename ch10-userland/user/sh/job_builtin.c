// Built-in commands about jobs: jobs, wait, kill, fg, bg.
#include "user/sh/builtin.h"
#include "user/sh/jobs.h"
#include "user/sh/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// The job that %..., or a process's number, names; NULL: none, which has been told.
static struct job *find(struct shell *shell, const char *name, const char *text)
{
    struct job *job = shell->jobs;
    size_t length = strlen(text);
    int number;

    if (text[0] == '%' && text[1] == '-' && job) {
        job = job->next;
    } else if (text[0] == '%' && text[1] >= '0' && text[1] <= '9') {
        for (number = atoi(text + 1); job && job->number != number;) {
            job = job->next;
        }
    } else if (text[0] == '%' && text[1] && !strchr("%+", text[1])) {
        while (job && strncmp(job->text, text + 1, length - 1) != 0) {
            job = job->next;
        }
    } else if (text[0] != '%') {
        for (number = atoi(text); job && job->members[job->count - 1].pid != number;) {
            job = job->next;
        }
    }
    if (!job && text[0] == '%') {
        shell_error(shell, "%s: No such job: %s", name, text);
    }
    return job;
}

int builtin_jobs(struct shell *shell, int count, char **arguments)
{
    bool pids = count > 1 && strcmp(arguments[1], "-p") == 0;
    bool with_pid = count > 1 && strcmp(arguments[1], "-l") == 0;

    while (shell->jobs && jobs_collect(shell, WNOHANG)) {
        continue;
    }
    for (struct job *job = shell->jobs, *next; job; job = next) {
        next = job->next;
        if (pids) {
            dprintf(STDOUT_FILENO, "%d\n", jobs_group(job));
        } else {
            jobs_show(shell, job, STDOUT_FILENO, with_pid);
        }
        if (jobs_has_ended(job) && !pids) {
            jobs_remove(shell, job);
        }
    }
    return 0;
}

// Waits for all that run; those that are stopped would take for ever.
static int wait_for_all(struct shell *shell)
{
    struct job *job = shell->jobs, *next;

    for (; job; job = next) {
        if (!jobs_is_quiet(job)) {
            int status = jobs_wait(shell, job);

            if (!jobs_is_quiet(job)) {
                return status; // a signal for the shell
            }
        }
        next = job->next;
        if (jobs_has_ended(job)) {
            jobs_remove(shell, job);
        }
    }
    return 0;
}

int builtin_wait(struct shell *shell, int count, char **arguments)
{
    int status = 0;

    if (count == 1) {
        return wait_for_all(shell);
    }
    for (int i = 1; i < count; i++) {
        struct job *job = find(shell, "wait", arguments[i]);

        status = job ? jobs_foreground(shell, job) : arguments[i][0] == '%' ? 2 : 127;
    }
    return status;
}

// Sends a signal to a job, or to what `kill` says.
static int send(struct shell *shell, const char *text, int number)
{
    struct job *job;
    char *end;
    long pid = strtol(text, &end, 10);
    int result = 0;

    if (text[0] == '%') {
        job = find(shell, "kill", text);
        if (!job) {
            return 2;
        }
        if (shell->interactive) {
            result = kill(-jobs_group(job), number);
        } else {
            for (size_t i = 0; i < job->count; i++) {
                result |= kill(job->members[i].pid, number);
            }
        }
        if (number != SIGKILL && number != SIGCONT && number != SIGSTOP && !jobs_has_ended(job)) {
            kill(shell->interactive ? -jobs_group(job) : jobs_group(job), SIGCONT);
        }
    } else if (!*text || *end || pid != (pid_t)pid) {
        shell_error(shell, "kill: Illegal number: %s", text);
        return 2;
    } else {
        result = kill((pid_t)pid, number);
    }
    if (result < 0) {
        shell_error(shell, "kill: %s", strerror(errno));
    }
    return result < 0;
}

static int list_signals(struct shell *shell, const char *text)
{
    int number = text ? atoi(text) : 1;

    for (; !text && signals_name(number); number++) {
        dprintf(STDOUT_FILENO, "%s\n", signals_name(number));
    }
    if (!text) {
        return 0;
    }
    number -= number > 128 ? 128 : 0;
    if (number < 1 || !signals_name(number)) {
        shell_error(shell, "kill: invalid signal number or exit status: %s", text);
        return 2;
    }
    dprintf(STDOUT_FILENO, "%s\n", signals_name(number));
    return 0;
}

int builtin_kill(struct shell *shell, int count, char **arguments)
{
    int number = SIGTERM, i = 1, status = 0;
    const char *name = NULL;

    if (count > 1 && strcmp(arguments[1], "-l") == 0) {
        return list_signals(shell, count > 2 ? arguments[2] : NULL);
    }
    if (count > 2 && strcmp(arguments[1], "-s") == 0) {
        name = arguments[(i = 3) - 1];
    } else if (count > 1 && arguments[1][0] == '-' && strcmp(arguments[1], "--") != 0) {
        name = arguments[i++] + 1;
    }
    if (name && (number = signals_number(name)) < 0) {
        if (i == 2) {
            shell_error(shell, "kill: Illegal option -%c", name[0]);
        } else {
            shell_error(shell, "kill: invalid signal number or name: %s", name);
        }
        return 2;
    }
    if (i < count && strcmp(arguments[i], "--") == 0) {
        i++;
    }
    if (i >= count) {
        dprintf(STDERR_FILENO, "usage: kill [-s SIGNAL | -SIGNAL] PID | %%JOB ...\n"
                               "       kill -l [STATUS]\n");
        return 2;
    }
    for (; i < count; i++) {
        status |= send(shell, arguments[i], number);
    }
    return status;
}

// Has a stopped job go on.
static void go_on(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        job->members[i].stopped = false;
    }
    kill(-jobs_group(job), SIGCONT);
}

int builtin_fg(struct shell *shell, int count, char **arguments)
{
    struct job *job;

    if (!shell->interactive) {
        shell_error(shell, "fg: job control not enabled");
        return 2;
    }
    job = find(shell, "fg", count > 1 ? arguments[1] : "%+");
    if (!job) {
        return 2;
    }
    job->background = false;
    tcsetpgrp(STDIN_FILENO, jobs_group(job)); // first: who sees the line may type Ctrl-C
    dprintf(STDOUT_FILENO, "%s\n", job->text);
    go_on(job);
    return jobs_foreground(shell, job);
}

int builtin_bg(struct shell *shell, int count, char **arguments)
{
    struct job *job;

    if (!shell->interactive) {
        shell_error(shell, "bg: job control not enabled");
        return 2;
    }
    job = find(shell, "bg", count > 1 ? arguments[1] : "%+");
    if (!job) {
        return 2;
    }
    dprintf(STDOUT_FILENO, "[%d] %s\n", job->number, job->text);
    job->background = true;
    go_on(job);
    return 0;
}
