#include "user/sh/alias.h"

#include "user/sh/control.h"
#include "user/sh/variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct alias {
    struct alias *next;
    char *text;
    char name[];
};

// A text that stands in the place of its name: up to `end` the name means itself.
struct alias_use {
    struct alias_use *next;
    const char *name;
    size_t end; // in the lexer's text
    bool goes_on; // it ends with a blank: the word behind it may be an alias too
};

// Where the alias is in the list, or would be; they are in order.
static struct alias **find(struct shell *shell, const char *name)
{
    struct alias **place = &shell->aliases;

    while (*place && strcmp((*place)->name, name) < 0) {
        place = &(*place)->next;
    }
    return place;
}

const char *alias_text(struct shell *shell, const char *name)
{
    const struct alias *alias = *find(shell, name);

    return alias && strcmp(alias->name, name) == 0 ? alias->text : NULL;
}

// Whether the token comes from the text of an alias of that name.
static bool is_within(const struct lexer *lexer, const char *name)
{
    for (const struct alias_use *use = lexer->uses; use; use = use->next) {
        if (lexer->start < use->end && strcmp(use->name, name) == 0) {
            return true;
        }
    }
    return false;
}

// Whether the token stands behind a text that ended with a blank; only once.
static bool is_behind_blank(struct lexer *lexer)
{
    bool found = false;

    for (struct alias_use *use = lexer->uses; use; use = use->next) {
        if (use->goes_on && lexer->start >= use->end) {
            use->goes_on = false;
            found = true;
        }
    }
    return found;
}

// Has the lexer read the text instead of its token.
static void replace(struct lexer *lexer, const char *text)
{
    struct arena *arena = &lexer->shell->arena;
    size_t length = strlen(text), rest = lexer->position, end = lexer->end;
    struct buffer whole = {.arena = arena};
    struct alias_use *use = arena_get(arena, sizeof(*use));

    buffer_add(&whole, lexer->text.text, lexer->start);
    buffer_add(&whole, text, length);
    buffer_add(&whole, lexer->text.text + rest, lexer->text.length - rest);
    for (struct alias_use *outer = lexer->uses; outer; outer = outer->next) {
        if (outer->end > lexer->start) {
            outer->end += lexer->start + length - rest;
        }
    }
    *use = (struct alias_use){lexer->uses, lexer->word, lexer->start + length,
                              length > 0 && strchr(" \t", text[length - 1])};
    lexer->uses = use;
    lexer->text = whole;
    lexer->position = lexer->start;
    lexer_next(lexer);
    lexer->end = end;
}

void alias_expand(struct lexer *lexer, bool first)
{
    const char *text;

    // Where a text is only measured, it stays as it is.
    while (lexer->shell->aliases && !lexer->partial && lexer->token == TOKEN_WORD &&
           (is_behind_blank(lexer) || first) && !control_is_keyword(lexer->word) &&
           !is_within(lexer, lexer->word) &&
           (text = alias_text(lexer->shell, lexer->word)) != NULL) {
        first = true;
        replace(lexer, text);
    }
}

bool alias_remains(const struct lexer *lexer)
{
    return lexer->uses && lexer->position < lexer->text.length && !lexer->failed &&
           lexer->shell->leave == LEAVE_NOTHING;
}

static void show(const struct alias *alias)
{
    dprintf(STDOUT_FILENO, "%s=", alias->name);
    variable_show_value(alias->text);
    dprintf(STDOUT_FILENO, "\n");
}

static void forget(struct alias **place)
{
    struct alias *alias = *place;

    *place = alias->next;
    free(alias->text);
    free(alias);
}

static void define(struct shell *shell, const char *name, const char *text)
{
    struct alias **place = find(shell, name), *alias;
    size_t size = strlen(name) + 1;

    if (alias_text(shell, name)) {
        forget(place);
    }
    alias = memory_get(sizeof(*alias) + size);
    memcpy(alias->name, name, size);
    alias->text = memory_string(text);
    alias->next = *place;
    *place = alias;
}

int alias_builtin(struct shell *shell, int count, char **arguments)
{
    int status = 0;

    for (struct alias *alias = shell->aliases; alias && count == 1; alias = alias->next) {
        show(alias);
    }
    for (int i = 1; i < count; i++) {
        size_t length = strcspn(arguments[i], "=");

        if (length > 0 && arguments[i][length]) {
            define(shell, arena_text(&shell->arena, arguments[i], length),
                   arguments[i] + length + 1);
        } else if (alias_text(shell, arguments[i])) {
            show(*find(shell, arguments[i]));
        } else {
            dprintf(STDERR_FILENO, "alias: %s not found\n", arguments[i]);
            status = 1;
        }
    }
    return status;
}

int alias_unalias(struct shell *shell, int count, char **arguments)
{
    int status = 0;

    if (count > 1 && strcmp(arguments[1], "-a") == 0) {
        while (shell->aliases) {
            forget(&shell->aliases);
        }
        return 0;
    }
    for (int i = 1; i < count; i++) {
        if (alias_text(shell, arguments[i])) {
            forget(find(shell, arguments[i]));
        } else {
            dprintf(STDERR_FILENO, "unalias: %s not found\n", arguments[i]);
            status = 1;
        }
    }
    return status;
}
