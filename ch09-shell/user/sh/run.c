#include "user/sh/run.h"

#include "user/sh/builtin.h"
#include "user/sh/expand.h"
#include "user/sh/jobs.h"
#include "user/sh/redirect.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

char **run_arguments(struct shell *shell, const struct word *words, int *count)
{
    char **arguments;

    *count = 0;
    for (const struct word *word = words; word; word = word->next) {
        ++*count;
    }
    arguments = arena_get(&shell->arena, ((size_t)*count + 1) * sizeof(char *));
    for (char **place = arguments; words; words = words->next) {
        *place++ = (char *)words->text;
    }
    return arguments;
}

bool run_start(struct shell *shell, struct job *job, const struct node *node, int input, int output,
               int unused)
{
    struct launch work = {
        .node = node, .input = input, .output = output, .unused = unused,
        .group = shell->interactive ? jobs_group(job) : -1, .foreground = !jobs_in_background(job),
    };
    pid_t pid = launch_child(shell, run_child, &work);

    if (pid < 0) {
        shell_fail(shell, "Cannot fork: %s", strerror(errno));
    } else {
        jobs_add(shell, job, pid);
    }
    return pid >= 0;
}

// Makes a descriptor another one.
static void become(int from, int to)
{
    if (from >= 0 && from != to) {
        dup2(from, to);
        close(from);
    }
}

int run_child(struct shell *shell, const struct launch *work)
{
    jobs_enter_child(shell, work);
    if (work->unused >= 0) {
        close(work->unused);
    }
    become(work->input, STDIN_FILENO);
    become(work->output, STDOUT_FILENO);
    run_node(shell, work->node, RUN_LAST);
    shell_exit(shell, shell->status);
}

// A child for a command, and its status.
static int run_in_child(struct shell *shell, const struct node *node)
{
    struct job *job = jobs_begin(shell, node->text, 1, false);

    return run_start(shell, job, node, -1, -1, -1) ? jobs_foreground(shell, job)
                                                   : jobs_give_up(shell, job);
}

static int run_pipe(struct shell *shell, const struct node *node, bool background)
{
    size_t count = 0;
    struct job *job;
    int input = -1;

    for (const struct node *part = node->first; part; part = part->next) {
        count++;
    }
    job = jobs_begin(shell, node->text, count, background);
    for (const struct node *part = node->first; part; part = part->next) {
        int ends[2] = {-1, -1};
        bool started = !part->next || pipe(ends) == 0;

        if (!started) {
            shell_fail(shell, "Pipe call failed: %s", strerror(errno));
        }
        started = started && run_start(shell, job, part, input, ends[1], ends[0]);
        if (input >= 0) {
            close(input);
        }
        if (ends[1] >= 0) {
            close(ends[1]);
        }
        input = ends[0];
        if (!started) {
            if (input >= 0) {
                close(input);
            }
            return jobs_give_up(shell, job);
        }
    }
    return background ? jobs_background(shell, job) : jobs_foreground(shell, job);
}

static int run_background(struct shell *shell, const struct node *node)
{
    struct job *job;

    if (node->first->kind == NODE_PIPE) {
        return run_pipe(shell, node->first, true);
    }
    job = jobs_begin(shell, node->text, 1, true);
    return run_start(shell, job, node->first, -1, -1, -1) ? jobs_background(shell, job)
                                                          : jobs_give_up(shell, job);
}

bool run_assign(struct shell *shell, const struct node *node, unsigned flags,
                struct variable_saved **saved)
{
    for (const struct word *word = node->assignments; word; word = word->next) {
        if (saved) {
            variable_save(shell, word->text, lexer_name(word->text), saved);
        }
        if (!variable_assign(shell, word->text, flags)) {
            return false;
        }
    }
    return true;
}

int run_program(struct shell *shell, const struct node *node, unsigned flags)
{
    int count;

    if (!(flags & RUN_LAST)) {
        return run_in_child(shell, node);
    }
    if (!redirect_do(shell, node->redirections, NULL) ||
        !run_assign(shell, node, VARIABLE_EXPORTED, NULL)) {
        return 2;
    }
    redirect_close_all_hidden(shell);
    return launch_program(shell, "", run_arguments(shell, node->words, &count));
}

static int run_builtin(struct shell *shell, const struct node *node, const struct builtin *builtin)
{
    struct redirect_saved *files;
    struct variable_saved *variables = NULL;
    int count, status = 2;
    char **arguments = run_arguments(shell, node->words, &count);

    if (!redirect_do(shell, node->redirections, &files)) {
        if (builtin->special) {
            shell->leave = LEAVE_LINE;
        }
    } else if (run_assign(shell, node, builtin->special ? 0 : VARIABLE_EXPORTED,
                          builtin->special ? NULL : &variables)) {
        status = builtin->run(shell, count, arguments);
        if (!builtin->special && shell->leave == LEAVE_LINE && status == 2) {
            shell->leave = LEAVE_NOTHING; // an error of its own doesn't end the shell
        }
    }
    variable_restore(shell, variables);
    if (status == 0 &&
        (builtin->keeps_redirections ||
         (count == 2 && strcmp(arguments[1], "exec") == 0 && builtin->run == builtin_command))) {
        redirect_keep(shell, files);
    } else {
        redirect_undo(shell, files);
    }
    return status;
}

// Assignments and redirections alone.
static int run_nothing(struct shell *shell, const struct node *node)
{
    struct redirect_saved *files;
    bool done = redirect_do(shell, node->redirections, &files);

    redirect_undo(shell, files);
    if (!done) {
        return 2;
    }
    return 0;
}

static int run_ready(struct shell *shell, const struct node *node, unsigned flags)
{
    const struct builtin *builtin;

    if (!node->words) {
        return run_nothing(shell, node);
    }
    builtin = builtin_find(node->words->text);
    if (builtin) {
        return run_builtin(shell, node, builtin);
    }
    return run_program(shell, node, flags);
}

// Expands assignments; those before no command are made at once.
static bool expand_assignments(struct shell *shell, const struct node *node, struct node *ready)
{
    for (const struct word *word = node->assignments; word; word = word->next) {
        size_t name = lexer_name(word->text) + 1;
        struct buffer text = {.arena = &shell->arena};
        char *value = expand_text(shell, word->text + name, EXPAND_VALUE);

        if (!value) {
            return false;
        }
        buffer_add(&text, word->text, name);
        buffer_add(&text, value, strlen(value));
        parser_add_word(&shell->arena, &ready->assignments, buffer_string(&text));
        if (!ready->words && !variable_assign(shell, buffer_string(&text), 0)) {
            return false;
        }
    }
    return true;
}

static int run_simple(struct shell *shell, const struct node *node, unsigned flags)
{
    struct node ready = {.kind = NODE_READY, .line = node->line, .text = node->text};

    shell->line = node->line;
    if (!expand_words(shell, node->words, &ready.words) ||
        !redirect_expand(shell, node->redirections, &ready.redirections) ||
        !expand_assignments(shell, node, &ready)) {
        return shell->status == 130 ? 130 : 2;
    }
    return run_ready(shell, &ready, flags);
}

static int run_list(struct shell *shell, const struct node *node, unsigned flags)
{
    int status = 0;

    for (const struct node *part = node->first; part && shell->leave == LEAVE_NOTHING;
         part = part->next) {
        status = run_node(shell, part, part->next ? 0 : flags);
    }
    return status;
}

// && and ||: pipelines that decide about the next one.
static int run_chain(struct shell *shell, const struct node *node, unsigned flags)
{
    int status = 0;

    for (const struct node *part = node->first; part && shell->leave == LEAVE_NOTHING;
         part = part->next) {
        bool first = part == node->first;

        if (!first && (status == 0) != (part->kind == NODE_AND)) {
            continue;
        }
        status = run_node(shell, first ? part : part->first, part->next ? 0 : flags);
    }
    return status;
}

static int run_not(struct shell *shell, const struct node *node)
{
    int status;

    status = run_node(shell, node->first, 0);
    return shell->leave == LEAVE_NOTHING ? !status : status;
}

static int run_kind(struct shell *shell, const struct node *node, unsigned flags)
{
    switch (node->kind) {
    case NODE_SIMPLE:
        return run_simple(shell, node, flags);
    case NODE_READY:
        return run_ready(shell, node, flags);
    case NODE_PROGRAM:
        return run_program(shell, node, flags);
    case NODE_PIPE:
        return run_pipe(shell, node, false);
    case NODE_NOT:
        return run_not(shell, node);
    case NODE_CHAIN:
        return run_chain(shell, node, flags);
    case NODE_BACKGROUND:
        return run_background(shell, node);
    case NODE_LIST:
        return run_list(shell, node, flags);
    default:
        break;
    }
    return 2; // what is only a part of others
}

int run_node(struct shell *shell, const struct node *node, unsigned flags)
{
    struct arena_mark mark = arena_mark(&shell->arena);

    if (shell_enter(shell)) {
        shell->status = run_kind(shell, node, flags);
        shell_return(shell);
    }
    arena_release(&shell->arena, mark);
    return shell->status;
}
