#include "user/sh/substitute.h"

#include "user/sh/arithmetic.h"
#include "user/sh/jobs.h"
#include "user/sh/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// The end of an arithmetic expression: two parentheses that it has not opened.
static size_t arithmetic_end(const char *text, size_t position, size_t length)
{
    size_t depth = 0;

    for (; position < length; position++) {
        if (text[position] == '(') {
            depth++;
        } else if (text[position] == ')' && depth > 0) {
            depth--;
        } else if (text[position] == ')' && position + 1 < length && text[position + 1] == ')') {
            return position + 2;
        }
    }
    return LEXER_NO_PARENTHESES;
}

// Reads the commands of text[position..length), up to a parenthesis or the end. The lexer tells
// what came of it.
static struct node *parse(struct shell *shell, struct lexer *lexer, const char *text, size_t length)
{
    lexer_begin_text(lexer, shell, text, length);
    lexer->line = shell->line;
    lexer_next(lexer);
    while (lexer->token == TOKEN_NEWLINE) {
        lexer_next(lexer);
    }
    if (lexer->token == TOKEN_CLOSE || lexer->token == TOKEN_END) {
        return NULL;
    }
    return parser_list(lexer);
}

size_t substitute_end(struct shell *shell, const char *text, size_t position, size_t length)
{
    struct arena_mark mark = arena_mark(&shell->arena);
    struct lexer lexer;

    if (position < length && text[position] == '(') {
        return arithmetic_end(text, position + 1, length);
    }
    lexer_begin_text(&lexer, shell, text + position, length - position);
    lexer.partial = true;
    lexer_next(&lexer);
    while (lexer.token == TOKEN_NEWLINE) {
        lexer_next(&lexer);
    }
    if (lexer.token != TOKEN_CLOSE && parser_list(&lexer) && lexer.token != TOKEN_CLOSE) {
        parser_unexpected(&lexer, ")");
    }
    arena_release(&shell->arena, mark);
    if (lexer.token == TOKEN_CLOSE && !lexer.failed) {
        return position + lexer.position;
    }
    return lexer.short_text ? LEXER_NO_PARENTHESIS : LEXER_ERROR;
}

size_t substitute_backquote_end(const char *text, size_t position, size_t length)
{
    for (; position < length && text[position] != '`'; position++) {
        if (text[position] == '\\') {
            position++;
        }
    }
    return position < length ? position + 1 : LEXER_NO_BACKQUOTE;
}

// Reads all from a pipe, but NULs.
static void read_all(int file, struct buffer *text)
{
    char piece[512];
    ssize_t got;

    while ((got = read(file, piece, sizeof(piece))) > 0 || (got < 0 && errno == EINTR)) {
        for (ssize_t i = 0; i < got; i++) {
            if (piece[i]) {
                buffer_put(text, piece[i]);
            }
        }
    }
}

// What a tree of commands puts out, without the newlines at the end; its status becomes $?.
static const char *output_of(struct shell *shell, const struct node *node)
{
    struct buffer text = {.arena = &shell->arena};
    struct job *job = jobs_begin(shell, NULL, 1, false);
    bool interactive = shell->interactive, started;
    int ends[2];

    if (pipe(ends) < 0) {
        shell_fail(shell, "Pipe call failed: %s", strerror(errno));
        jobs_give_up(shell, job);
        return NULL;
    }
    shell->interactive = false; // the child stays in the shell's group
    started = run_start(shell, job, node, -1, ends[1], ends[0]);
    close(ends[1]);
    if (started) {
        read_all(ends[0], &text);
    }
    close(ends[0]);
    shell->substitution = started ? jobs_foreground(shell, job) : jobs_give_up(shell, job);
    shell->interactive = interactive;
    while (text.length > 0 && text.text[text.length - 1] == '\n') {
        text.length--;
    }
    return started ? buffer_string(&text) : NULL;
}

// Expands commands into the field.
static bool put_commands(struct expander *expander, const char *text, size_t length, bool quoted)
{
    struct shell *shell = expander->shell;
    const char *output = "";
    struct lexer lexer;
    struct node *node = parse(shell, &lexer, text, length);

    if (node && lexer.token != TOKEN_END) {
        parser_unexpected(&lexer, NULL);
    }
    if (lexer.failed) {
        return false;
    }
    shell->substitution = 0;
    if (node) {
        output = output_of(shell, node);
    }
    if (!output) {
        return false;
    }
    expand_put_value(expander, output, quoted);
    return true;
}

static bool put_arithmetic(struct expander *expander, const char *text, size_t length, bool quoted)
{
    struct shell *shell = expander->shell;
    const char *expression =
        expand_text(shell, arena_text(&shell->arena, text, length), EXPAND_QUOTED);
    char digits[24];
    int64_t value;

    if (!expression || !arithmetic_evaluate(shell, expression, &value)) {
        return false;
    }
    snprintf(digits, sizeof(digits), "%lld", (long long)value);
    expand_put_value(expander, digits, quoted);
    return true;
}

size_t substitute_expand(struct expander *expander, const char *text, size_t position, size_t end,
                         bool quoted)
{
    size_t behind = substitute_end(expander->shell, text, position + 2, end);
    bool done;

    if (behind >= LEXER_ERROR) {
        if (behind != LEXER_ERROR) {
            shell_fail(expander->shell, "Syntax error: Missing ')'");
        }
        return LEXER_ERROR;
    }
    if (text[position + 2] == '(') {
        done = put_arithmetic(expander, text + position + 3, behind - position - 5, quoted);
    } else {
        done = put_commands(expander, text + position + 2, behind - position - 3, quoted);
    }
    return done ? behind : LEXER_ERROR;
}

size_t substitute_backquote(struct expander *expander, const char *text, size_t position,
                            size_t end, bool quoted)
{
    size_t behind = substitute_backquote_end(text, position + 1, end);
    struct buffer commands = {.arena = &expander->shell->arena};

    if (behind >= LEXER_ERROR) {
        shell_fail(expander->shell, "Syntax error: EOF in backquote substitution");
        return LEXER_ERROR;
    }
    for (size_t i = position + 1; i < behind - 1; i++) {
        if (text[i] == '\\' && strchr(quoted ? "$`\\\"" : "$`\\", text[i + 1])) {
            i++;
        }
        buffer_put(&commands, text[i]);
    }
    if (!put_commands(expander, buffer_string(&commands), commands.length, quoted)) {
        return LEXER_ERROR;
    }
    return behind;
}
