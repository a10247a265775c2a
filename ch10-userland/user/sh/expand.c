#include "user/sh/expand.h"

#include "user/sh/glob.h"
#include "user/sh/parameter.h"
#include "user/sh/substitute.h"
#include "user/sh/variable.h"

#include <string.h>

char *expand_unmark(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == EXPAND_ESCAPE && from[1]) {
            from++;
        }
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void put(struct expander *expander, char c, bool quoted)
{
    expander->started = true;
    expander->blank_ended = false;
    if (c == EXPAND_ESCAPE || (quoted && strchr("*?[]-!^\\", c))) {
        buffer_put(&expander->field, EXPAND_ESCAPE);
    }
    buffer_put(&expander->field, c);
}

void expand_end_field(struct expander *expander)
{
    struct shell *shell = expander->shell;
    struct word **last = expander->end;
    char *text;

    if (!expander->started) {
        return;
    }
    text = buffer_string(&expander->field);
    glob_expand(shell, text, expander->end);
    if (*last == NULL) {
        parser_add_word(&shell->arena, last, expand_unmark(text));
    }
    while (*expander->end) {
        expander->end = &(*expander->end)->next;
    }
    expander->field = (struct buffer){.arena = &shell->arena};
    expander->started = false;
}

// Splits a value at the characters of IFS (POSIX, 2.6.5): blanks between fields count as one, any
// other character, with the blanks around it, ends a field.
static void put_split(struct expander *expander, const char *value)
{
    const char *separators = variable_get(expander->shell, "IFS");

    if (!separators) {
        separators = " \t\n";
    }
    for (; *value; value++) {
        bool blank = *value == ' ' || *value == '\t' || *value == '\n';

        if (!strchr(separators, *value)) {
            put(expander, *value, false);
        } else if (blank) {
            expander->blank_ended |= expander->started;
            expand_end_field(expander);
        } else {
            if (!expander->started && !expander->blank_ended) {
                expander->started = true; // an empty one
            }
            expand_end_field(expander);
            expander->blank_ended = false;
        }
    }
}

void expand_put_value(struct expander *expander, const char *value, bool quoted)
{
    if (expander->splits && !quoted) {
        put_split(expander, value);
    } else {
        for (; *value; value++) {
            put(expander, *value, quoted);
        }
    }
}

// What a backslash does: the position behind it and what it quotes.
static size_t backslash(struct expander *expander, const char *text, size_t position, size_t end,
                        bool quoted)
{
    char next = position + 1 < end ? text[position + 1] : '\0';

    if (next == '\n') {
        return position + 2;
    }
    if (position + 1 == end || (quoted && !strchr(expander->word ? "$`\"\\}" : "$`\"\\", next)) ||
        (quoted && expander->here && next == '"')) {
        put(expander, '\\', quoted);
        return position + 1;
    }
    put(expander, next, true);
    return position + 2;
}

// The part in double quotes behind the position.
static size_t double_quotes(struct expander *expander, const char *text, size_t position,
                            size_t end)
{
    size_t behind = lexer_double_quotes(expander->shell, text, position, end);

    if (behind >= LEXER_ERROR) {
        shell_fail(expander->shell, "Syntax error: Unterminated quoted string");
        return LEXER_ERROR;
    }
    // All of no parameters is no field, not an empty one.
    if (expander->shell->argument_count > 0 || behind - position != 3 ||
        strncmp(text + position, "$@", 2) != 0) {
        expander->started = true;
    }
    if (!expand_part(expander, text, position, behind - 1, true)) {
        return LEXER_ERROR;
    }
    return behind;
}

static size_t single_quotes(struct expander *expander, const char *text, size_t position,
                            size_t end)
{
    expander->started = true;
    for (; position < end && text[position] != '\''; position++) {
        put(expander, text[position], true);
    }
    return position + 1;
}

// What begins at a `$`.
static size_t dollar(struct expander *expander, const char *text, size_t position, size_t end,
                     bool quoted)
{
    if (position + 1 < end && text[position + 1] == '(') {
        return substitute_expand(expander, text, position, end, quoted);
    }
    return parameter_expand(expander, text, position, end, quoted);
}

// A character that means itself.
static void put_plain(struct expander *expander, char c, bool quoted)
{
    const char text[] = {c, '\0'};

    if (expander->word) {
        expand_put_value(expander, text, quoted);
    } else {
        put(expander, c, quoted);
    }
}

bool expand_part(struct expander *expander, const char *text, size_t position, size_t end,
                 bool quoted)
{
    if (!shell_enter(expander->shell)) {
        return false;
    }
    while (position < end) {
        char c = text[position];

        if (c == '\\') {
            position = backslash(expander, text, position, end, quoted);
        } else if (c == '\'' && !quoted) {
            position = single_quotes(expander, text, position + 1, end);
        } else if (c == '"' && !expander->here) {
            position = double_quotes(expander, text, position + 1, end);
        } else if (c == '$') {
            position = dollar(expander, text, position, end, quoted);
        } else if (c == '`') {
            position = substitute_backquote(expander, text, position, end, quoted);
        } else {
            put_plain(expander, text[position++], quoted);
        }
    }
    shell_return(expander->shell);
    return position < LEXER_ERROR;
}

// There is one user, and so no other's home directory.
size_t expand_tilde(struct expander *expander, const char *text, size_t position, size_t end,
                    bool value)
{
    const char *home = variable_get(expander->shell, "HOME");
    char next = text[position] != '~' ? 'x' : position + 1 < end ? text[position + 1] : '\0';

    if (!home || (next != '\0' && next != '/' && !(value && next == ':'))) {
        return position;
    }
    expander->started = true;
    expand_put_value(expander, home, true);
    return position + 1;
}

// The end of an assignment's part up to and with a colon that is not quoted.
static size_t colon(const char *text, size_t position)
{
    size_t length = position + strcspn(text + position, ":'\"\\$`");

    return text[length] == ':' ? length + 1 : strlen(text);
}

bool expand_words(struct shell *shell, const struct word *words, struct word **fields)
{
    struct expander expander = {.shell = shell, .splits = true, .end = fields};
    size_t position, length;

    for (; words; words = words->next) {
        expander.field = (struct buffer){.arena = &shell->arena};
        expander.blank_ended = false;
        length = strlen(words->text);
        position = expand_tilde(&expander, words->text, 0, length, false);
        if (!expand_part(&expander, words->text, position, length, false)) {
            return false;
        }
        expand_end_field(&expander);
    }
    return true;
}

char *expand_text(struct shell *shell, const char *text, enum expand_mode mode)
{
    struct expander expander = {.shell = shell, .here = mode == EXPAND_QUOTED};
    bool value = mode == EXPAND_VALUE;
    size_t length = strlen(text), position = 0, end;

    expander.field.arena = &shell->arena;
    do {
        end = value ? colon(text, position) : length;
        if (mode != EXPAND_QUOTED) {
            position = expand_tilde(&expander, text, position, length, value);
        }
        if (!expand_part(&expander, text, position, end, mode == EXPAND_QUOTED)) {
            return NULL;
        }
        position = end;
    } while (position < length);
    if (mode == EXPAND_PATTERN) {
        return buffer_string(&expander.field);
    }
    return expand_unmark(buffer_string(&expander.field));
}

const char *expand_prompt(struct shell *shell, const char *text)
{
    int status = shell->status;
    char *prompt = expand_text(shell, text, EXPAND_QUOTED);

    shell->leave = LEAVE_NOTHING;
    shell->status = status;
    return prompt ? prompt : text;
}
