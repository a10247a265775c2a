#include "user/sh/shell.h"

#include "user/sh/jobs.h"
#include "user/sh/redirect.h"
#include "user/sh/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tell(const struct shell *shell, const char *text, va_list arguments)
{
    char message[256];

    vsnprintf(message, sizeof(message), text, arguments);
    dprintf(STDERR_FILENO, "%s: %d: %s\n", shell->name, shell->line, message);
}

void shell_error(const struct shell *shell, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    tell(shell, text, arguments);
    va_end(arguments);
}

void shell_fail(struct shell *shell, const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    tell(shell, text, arguments);
    va_end(arguments);
    shell->status = 2;
    shell->leave = LEAVE_LINE;
}

bool shell_enter(struct shell *shell)
{
    if (launch_may_nest(shell->depth)) {
        shell->depth++;
        return true;
    }
    if (shell->leave == LEAVE_NOTHING) {
        shell_fail(shell, "too many commands within commands");
    }
    return false;
}

void shell_return(struct shell *shell)
{
    shell->depth--;
}

// Runs what a lexer gives, line by line.
static int run_lines(struct shell *shell, struct lexer *lexer)
{
    bool terminal = lexer->input && lexer->input->terminal;
    struct arena_mark mark = arena_mark(&shell->arena);
    int status = 0;

    while (shell->leave == LEAVE_NOTHING) {
        struct node *node;
        enum parse parse = parser_line(lexer, &node);

        if (parse == PARSE_COMMAND && node) {
            status = run_node(shell, node, 0);
        } else if (parse == PARSE_ERROR) {
            status = shell->status;
        }
        arena_release(&shell->arena, mark);
        if (parse == PARSE_END) {
            break;
        }
        if (terminal) {
            shell->leave = LEAVE_NOTHING;
        }
        if (lexer->input) {
            lexer->position = lexer->text.length; // an error's line ends with it
        }
    }
    return status;
}

int shell_run_text(struct shell *shell, const char *text)
{
    struct lexer lexer;
    int status = 2;

    if (!shell_enter(shell)) {
        return status;
    }
    lexer_begin_text(&lexer, shell, text, strlen(text));
    status = run_lines(shell, &lexer);
    shell_return(shell);
    return status;
}

int shell_run_file(struct shell *shell, int file)
{
    struct input input;
    struct lexer lexer;
    int status = 2;

    if (!shell_enter(shell)) {
        return status;
    }
    input_begin(&input, file, shell->interactive && file == STDIN_FILENO);
    lexer_begin(&lexer, shell, &input);
    status = run_lines(shell, &lexer);
    input_end(&input);
    if (file != STDIN_FILENO) {
        redirect_close_hidden(shell, file);
    }
    shell_return(shell);
    return status;
}

void shell_exit(struct shell *shell, int status)
{
    shell->status = status;
    jobs_finish(shell);
    exit(shell->status);
}
