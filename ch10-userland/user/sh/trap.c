#include "user/sh/trap.h"

#include "user/sh/jobs.h"
#include "user/sh/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS 32

// What the signal handler can reach: which signals have come.
static volatile sig_atomic_t has_come[SIGNALS];

static bool blocked;
static sigset_t unblocked; // the mask before trap_block

struct trap {
    char *actions[SIGNALS]; // NULL: none; "": ignored; [0]: at the end
    bool fixed[SIGNALS]; // ignored by who started the shell: so they stay
};

static void on_signal(int signal)
{
    has_come[signal] = 1;
}

static void set(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler}; // calls are interrupted, not restarted

    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void trap_catch_interrupt(void)
{
    set(SIGINT, on_signal);
}

void trap_block(void)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &unblocked);
    blocked = true;
}

void trap_unblock(void)
{
    if (blocked) {
        sigprocmask(SIG_SETMASK, &unblocked, NULL);
    }
    blocked = false;
}

int trap_pending(const struct shell *shell)
{
    for (int i = 1; i < SIGNALS; i++) {
        if (has_come[i] && (shell->interactive || (shell->traps && shell->traps->actions[i]))) {
            return i;
        }
    }
    return 0;
}

static void on_child(int signal)
{
    (void)signal; // it is only to end a sleep
}

bool trap_collect(struct shell *shell)
{
    bool trapped = shell->traps && shell->traps->actions[SIGCHLD], collected;

    if (!trapped) {
        set(SIGCHLD, on_child);
    }
    trap_block();
    errno = EINTR; // as sigsuspend leaves it; ECHILD is no reason to go on
    while (!(collected = jobs_collect(shell, WNOHANG)) && errno == EINTR && !trap_pending(shell)) {
        sigsuspend(&unblocked);
    }
    trap_unblock();
    if (!trapped) {
        set(SIGCHLD, SIG_DFL);
    }
    return collected;
}

bool trap_any(const struct shell *shell)
{
    for (int i = 0; shell->traps && i < SIGNALS; i++) {
        if (shell->traps->actions[i] && *shell->traps->actions[i]) {
            return true;
        }
    }
    return false;
}

static void run_action(struct shell *shell, const char *text)
{
    int status = shell->status;
    enum shell_leave leave = shell->leave;
    char *copy = memory_string(text); // it may change the trap itself

    shell->leave = LEAVE_NOTHING; // it is run also on the way out of a function or a loop
    shell_run_text(shell, copy);
    free(copy);
    if (shell->leave == LEAVE_NOTHING) {
        shell->status = status;
        shell->leave = leave;
    }
}

void trap_run(struct shell *shell)
{
    int number;

    while ((shell->traps || shell->interactive) && (number = trap_pending(shell)) != 0) {
        const char *action = shell->traps ? shell->traps->actions[number] : NULL;

        has_come[number] = 0;
        if (action) {
            run_action(shell, action);
        } else if (number == SIGINT) {
            shell->status = 128 + SIGINT;
            shell->leave = LEAVE_LINE;
            dprintf(STDERR_FILENO, "\n");
        }
    }
}

void trap_exit(struct shell *shell)
{
    char *action = shell->traps ? shell->traps->actions[0] : NULL;

    if (!action) {
        return;
    }
    shell->traps->actions[0] = NULL;
    shell->leave = LEAVE_NOTHING;
    run_action(shell, action);
    free(action);
}

void trap_forget(struct shell *shell)
{
    for (int i = 0; shell->traps && i < SIGNALS; i++) {
        char **action = &shell->traps->actions[i];

        if (!*action || !**action) {
            continue;
        }
        if (i > 0) {
            set(i, SIG_DFL);
        }
        free(*action);
        *action = NULL;
    }
    for (int i = 0; i < SIGNALS; i++) {
        has_come[i] = 0;
    }
}

// Sets what is done on a signal: NULL: what is usual.
static void set_action(struct shell *shell, int number, const char *text)
{
    char **place = &shell->traps->actions[number];

    free(*place);
    *place = text ? memory_string(text) : NULL;
    if (number == 0 || shell->traps->fixed[number]) {
        return;
    }
    if (text) {
        set(number, *text ? on_signal : SIG_IGN);
    } else if (number == SIGINT && shell->interactive) {
        trap_catch_interrupt();
    } else if (shell->interactive && (number == SIGQUIT || number == SIGTERM || number == SIGTSTP ||
                                      number == SIGTTIN || number == SIGTTOU)) {
        set(number, SIG_IGN);
    } else {
        set(number, SIG_DFL);
    }
}

static void show_all(const struct shell *shell)
{
    for (int i = 0; i < SIGNALS; i++) {
        if (shell->traps->actions[i]) {
            dprintf(STDOUT_FILENO, "trap -- '%s' %s\n", shell->traps->actions[i], signals_name(i));
        }
    }
}

static void begin(struct shell *shell)
{
    struct sigaction action;

    shell->traps = memory_get(sizeof(*shell->traps));
    *shell->traps = (struct trap){0};
    for (int i = 1; i < SIGNALS && !shell->interactive; i++) {
        shell->traps->fixed[i] = sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
}

int trap_builtin(struct shell *shell, int count, char **arguments)
{
    const char *action;
    int i = 1;

    if (!shell->traps) {
        begin(shell);
    }
    if (i < count && strcmp(arguments[i], "--") == 0) {
        i++;
    }
    if (i == count) {
        show_all(shell);
        return 0;
    }
    action = i + 1 < count && signals_number(arguments[i]) < 0                  ? arguments[i++]
             : i + 1 < count && !(*arguments[i] >= '0' && *arguments[i] <= '9') ? arguments[i++]
                                                                                : NULL;
    if (action && strcmp(action, "-") == 0) {
        action = NULL;
    }
    for (; i < count; i++) {
        int number = signals_number(arguments[i]);

        if (number < 0 || number >= SIGNALS) {
            dprintf(STDERR_FILENO, "trap: %s: bad trap\n", arguments[i]);
            return 1;
        }
        set_action(shell, number, action);
    }
    return 0;
}
