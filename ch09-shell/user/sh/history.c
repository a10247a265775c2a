#include "user/sh/history.h"

#include "user/sh/builtin.h"

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
