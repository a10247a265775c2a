#include "user/sh/redirect.h"

#include "user/sh/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIDDEN_FIRST 10 // a command line can name 0 to 9
#define HIDDEN_COUNT 32

bool redirect_expand(struct shell *shell, const struct redirection *from, struct redirection **to)
{
    for (; from; from = from->next, to = &(*to)->next) {
        enum expand_mode mode = EXPAND_TARGET;
        const char *text;

        text = expand_text(shell, from->text, mode);
        if (!text) {
            return false;
        }
        *to = arena_get(&shell->arena, sizeof(**to));
        **to = *from;
        (*to)->text = text;
        (*to)->next = NULL;
    }
    return true;
}

int redirect_hide(struct shell *shell, int file)
{
    for (int i = 0; i < HIDDEN_COUNT; i++) {
        if (!(shell->hidden & 1u << i)) {
            int copy = dup2(file, HIDDEN_FIRST + i);

            if (copy >= 0) {
                shell->hidden |= 1u << i;
            }
            if (copy >= 0 && copy != file) {
                close(file);
            }
            return copy;
        }
    }
    errno = EMFILE;
    return -1;
}

void redirect_close_hidden(struct shell *shell, int file)
{
    close(file);
    shell->hidden &= ~(1u << (file - HIDDEN_FIRST));
}

void redirect_close_all_hidden(struct shell *shell)
{
    for (int i = 0; i < HIDDEN_COUNT; i++) {
        if (shell->hidden & 1u << i) {
            redirect_close_hidden(shell, HIDDEN_FIRST + i);
        }
    }
}

// Opens what a redirection says: a new descriptor, or -1 and what could not be done.
static int open_target(struct shell *shell, const struct redirection *one, const char **what)
{
    static const int flags[] = {
        [REDIRECT_READ] = O_RDONLY,
        [REDIRECT_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
        [REDIRECT_CLOBBER] = O_WRONLY | O_CREAT | O_TRUNC,
        [REDIRECT_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [REDIRECT_BOTH] = O_RDWR | O_CREAT,
    };

    *what = flags[one->kind] & O_CREAT ? "create" : "open";
    (void)shell;
    return open(one->text, flags[one->kind], 0666);
}

// <& and >&: a copy of a descriptor, or nothing (-) as `number`.
static bool duplicate(struct shell *shell, const struct redirection *one)
{
    const char *text = one->text;
    int from = text[0] - '0';

    if (strcmp(text, "-") == 0) {
        close(one->number);
        return true;
    }
    if (from < 0 || from > 9 || text[1]) {
        shell_error(shell, "Syntax error: Bad fd number");
        return false;
    }
    if (dup2(from, one->number) < 0) {
        shell_error(shell, "%s: %s", text, strerror(errno));
        return false;
    }
    return true;
}

static bool redirect_one(struct shell *shell, const struct redirection *one)
{
    const char *what, *why;
    int file;

    if (one->kind == REDIRECT_DUPLICATE) {
        return duplicate(shell, one);
    }
    file = open_target(shell, one, &what);
    if (file < 0) {
        why = errno == ENOENT ? what[0] == 'c' ? "Directory nonexistent" : "No such file"
                              : strerror(errno);
        shell_error(shell, "cannot %s %s: %s", what, one->text, why);
        return false;
    }
    if (file != one->number) {
        dup2(file, one->number);
        close(file);
    }
    return true;
}

// Remembers what a descriptor is; false: it can't be.
static bool save(struct shell *shell, int number, struct redirect_saved **saved)
{
    struct redirect_saved *one = arena_get(&shell->arena, sizeof(*one));
    int copy = dup(number);

    one->number = number;
    one->copy = copy < 0 ? -1 : redirect_hide(shell, copy);
    if (one->copy < 0 && (copy >= 0 || errno != EBADF)) {
        close(copy);
        shell_error(shell, "%d: %s", number, strerror(errno));
        return false;
    }
    one->next = *saved;
    *saved = one;
    return true;
}

bool redirect_do(struct shell *shell, const struct redirection *list, struct redirect_saved **saved)
{
    if (saved) {
        *saved = NULL;
    }
    for (; list; list = list->next) {
        if ((saved && !save(shell, list->number, saved)) || !redirect_one(shell, list)) {
            return false;
        }
    }
    return true;
}

void redirect_undo(struct shell *shell, struct redirect_saved *saved)
{
    for (; saved; saved = saved->next) {
        if (saved->copy < 0) {
            close(saved->number);
            continue;
        }
        dup2(saved->copy, saved->number);
        redirect_close_hidden(shell, saved->copy);
    }
}

void redirect_keep(struct shell *shell, struct redirect_saved *saved)
{
    for (; saved; saved = saved->next) {
        if (saved->copy >= 0) {
            redirect_close_hidden(shell, saved->copy);
        }
    }
}
