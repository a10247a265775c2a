#include "user/sh/history.h"

#include "user/sh/builtin.h"
#include "user/sh/input.h"
#include "user/sh/variable.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void history_init(struct shell *shell)
{
    shell->history = memory_get(sizeof(*shell->history));
    memset(shell->history, 0, sizeof(*shell->history));
    shell->history->first = 1;
}

bool history_add(struct shell *shell, const char *line)
{
    struct history *history = shell->history;
    size_t length = strcspn(line, "\n");

    if (strspn(line, " \t") == length) {
        return false;
    }
    if (history->count > 0) {
        const char *last = history->lines[history->count - 1];

        if (strlen(last) == length && memcmp(last, line, length) == 0) {
            return false;
        }
    }
    if (history->count == HISTORY_MAX) {
        free(history->lines[0]);
        memmove(history->lines, history->lines + 1, (HISTORY_MAX - 1) * sizeof(char *));
        history->count--;
        history->first++;
    }
    history->lines[history->count] = memory_string(line);
    history->lines[history->count++][length] = '\0';
    return true;
}

int history_builtin(struct shell *shell, int count, char **arguments)
{
    struct history *history = shell->history;
    int from = 0, wanted;

    if (!history) {
        return 0;
    }
    if (count > 1) {
        wanted = builtin_number(shell, "history", arguments[1]);
        if (wanted < 0) {
            return 2;
        }
        from = wanted < history->count ? history->count - wanted : 0;
    }
    for (; from < history->count; from++) {
        dprintf(STDOUT_FILENO, "%5d  %s\n", history->first + from, history->lines[from]);
    }
    return 0;
}

// Opens ~/.history; -1: it can't be.
static int open_file(struct shell *shell, int flags)
{
    const char *home = variable_get(shell, "HOME");
    struct buffer path = {.arena = &shell->arena};

    buffer_add(&path, home ? home : "", home ? strlen(home) : 0);
    buffer_add(&path, "/.history", 9);
    return open(buffer_string(&path), flags, 0600);
}

void history_load(struct shell *shell)
{
    struct history *history = shell->history;
    struct input input;
    int file = open_file(shell, O_RDONLY);

    if (file < 0) {
        return;
    }
    input_begin(&input, file, false);
    for (bool more = true; more;) {
        struct arena_mark mark = arena_mark(&shell->arena);
        struct buffer line = {.arena = &shell->arena};

        more = input_line(shell, &input, &line, false);
        history_add(shell, buffer_string(&line));
        arena_release(&shell->arena, mark);
    }
    input_end(&input);
    close(file);
    if (history->first == 1 || (file = open_file(shell, O_WRONLY | O_TRUNC)) < 0) {
        return;
    }
    for (int i = 0; i < history->count; i++) { // it has grown too long
        dprintf(file, "%s\n", history->lines[i]);
    }
    close(file);
}

void history_append(struct shell *shell, const char *line)
{
    int file = open_file(shell, O_WRONLY | O_CREAT | O_APPEND);

    if (file >= 0) {
        dprintf(file, "%s\n", line);
        close(file);
    }
}
