#include "user/sh/here.h"

#include "user/sh/expand.h"
#include "user/sh/jobs.h"
#include "user/sh/trap.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_ROOM 4096 // bytes that a pipe takes without a reader

struct here {
    struct here *next;
    struct redirection *redirection;
    const char *end; // the line that ends it
    bool literal; // it was quoted: nothing in the text is expanded
};

void here_expect(struct lexer *lexer, struct redirection *redirection)
{
    struct arena *arena = &lexer->shell->arena;
    struct here *here, **last = &lexer->here;
    char *end;

    if (redirection->kind != REDIRECT_HERE && redirection->kind != REDIRECT_HERE_TABS) {
        return;
    }
    here = arena_get(arena, sizeof(*here));
    here->redirection = redirection;
    here->literal = strpbrk(lexer->word, "'\"\\") != NULL;
    here->end = end = arena_string(arena, lexer->word);
    for (const char *from = lexer->word; *from; from++) {
        if (*from == '\\' && from[1]) {
            from++;
        } else if (*from == '\'' || *from == '"') {
            continue;
        }
        *end++ = *from;
    }
    *end = '\0';
    redirection->text = "";
    while (*last) {
        last = &(*last)->next;
    }
    *last = here;
}

// The lexer's next line without its newline; NULL: there is none.
static const char *next_line(struct lexer *lexer, size_t *length)
{
    const char *text, *newline;

    if (lexer->position == lexer->text.length && !lexer_more(lexer)) {
        return NULL;
    }
    text = lexer->text.text + lexer->position;
    newline = memchr(text, '\n', lexer->text.length - lexer->position);
    *length = newline ? (size_t)(newline - text) : lexer->text.length - lexer->position;
    lexer->position += *length + (newline != NULL);
    lexer->line++;
    return text;
}

static void read_one(struct lexer *lexer, const struct here *here)
{
    bool tabs = here->redirection->kind == REDIRECT_HERE_TABS;
    struct buffer text = {.arena = &lexer->shell->arena};
    const char *line;
    size_t length;

    while ((line = next_line(lexer, &length)) != NULL) {
        while (tabs && length > 0 && *line == '\t') {
            line++, length--;
        }
        if (length == strlen(here->end) && memcmp(line, here->end, length) == 0) {
            break;
        }
        for (size_t i = 0; i < length; i++) {
            if (here->literal && strchr("$`\\", line[i])) {
                buffer_put(&text, '\\');
            }
            buffer_put(&text, line[i]);
        }
        buffer_put(&text, '\n');
    }
    if (!line && lexer->partial) {
        lexer->failed = true;
    }
    here->redirection->kind = REDIRECT_HERE;
    here->redirection->text = buffer_string(&text);
}

void here_read(struct lexer *lexer)
{
    for (; lexer->here; lexer->here = lexer->here->next) {
        read_one(lexer, lexer->here);
    }
}

// A child that writes a text too long for a pipe to hold.
static int write_all(struct shell *shell, const struct launch *work)
{
    const char *text = work->node->text;
    size_t length = strlen(text);
    ssize_t written = 0;

    (void)shell;
    trap_unblock();
    close(work->unused);
    for (; length > 0 && written >= 0; text += written, length -= (size_t)written) {
        written = write(work->output, text, length);
    }
    _exit(0);
}

bool here_open(struct shell *shell, const struct redirection *redirection)
{
    const struct node node = {.text = redirection->text};
    size_t length = strlen(redirection->text);
    int ends[2];
    bool done;

    if (pipe(ends) < 0) {
        shell_error(shell, "Pipe call failed: %s", strerror(errno));
        return false;
    }
    if (length <= PIPE_ROOM) {
        done = write(ends[1], redirection->text, length) == (ssize_t)length;
    } else {
        struct launch work = {.node = &node, .output = ends[1], .unused = ends[0]};

        while (jobs_collect(shell, WNOHANG)) { // those of earlier ones, that nobody waits for
            continue;
        }
        done = launch_child(shell, write_all, &work) > 0;
    }
    if (!done) {
        shell_error(shell, "cannot write a here-document: %s", strerror(errno));
    }
    close(ends[1]);
    if (ends[0] != redirection->number) {
        dup2(ends[0], redirection->number);
        close(ends[0]);
    }
    return done;
}
