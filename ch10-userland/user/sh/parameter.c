#include "user/sh/parameter.h"

#include "user/sh/glob.h"
#include "user/sh/variable.h"

#include <stdio.h>
#include <string.h>

// A parameter in braces, taken apart.
struct parameter {
    const char *name;
    size_t length; // of the name
    bool wants_length; // ${#x}
    bool colon; // ${x:-...}: empty counts as unset
    char sign; // - = + ? # %, or 0
    bool longest; // ## %%
    size_t word, end; // the operator's word
};

// The length of a parameter's name, 0: there is none.
static size_t name_length(const char *text, size_t length, bool braces)
{
    size_t digits = 0;

    if (length == 0) {
        return 0;
    }
    while (digits < length && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    if (digits > 0) {
        return braces ? digits : 1;
    }
    return strchr("@*#?-$!", text[0]) ? 1 : lexer_name(text);
}

// Takes ${...} apart; false: it can't be.
static bool parse(struct parameter *parameter, const char *text, size_t position, size_t end)
{
    size_t name;

    *parameter = (struct parameter){.end = end};
    // # is the number of parameters, unless a name follows and then the end
    if (text[position] == '#' && end - position > 1) {
        name = name_length(text + position + 1, end - position - 1, true);
        parameter->wants_length = name > 0 && position + 1 + name == end;
        position += parameter->wants_length;
    }
    name = name_length(text + position, end - position, true);
    parameter->name = text + position;
    parameter->length = name;
    position += name;
    if (name == 0 || position == end || parameter->wants_length) {
        return name > 0;
    }
    parameter->colon = text[position] == ':';
    position += parameter->colon;
    if (position == end || !strchr(parameter->colon ? "-=+?" : "-=+?#%", text[position])) {
        return false;
    }
    parameter->sign = text[position++];
    parameter->longest =
        strchr("#%", parameter->sign) && position < end && text[position] == parameter->sign;
    parameter->word = position + parameter->longest;
    return true;
}

// All positional parameters: with $@ in quotes each is a field, with $* one, and else each is
// split.
static void put_all(struct expander *expander, char name, bool quoted)
{
    struct shell *shell = expander->shell;
    const char *separators = variable_get(shell, "IFS");
    char joint[2] = {separators ? separators[0] : ' ', '\0'};

    if (name == '@' && !expander->splits) {
        joint[0] = ' ';
    }
    for (int i = 0; i < shell->argument_count; i++) {
        if (i > 0 && expander->splits && (name == '@' || !quoted)) {
            expand_end_field(expander);
        } else if (i > 0) {
            expand_put_value(expander, joint, quoted);
        }
        if (quoted) {
            expander->started = true;
        }
        expand_put_value(expander, shell->arguments[i], quoted);
    }
}

static bool is_all(const struct parameter *parameter)
{
    return parameter->name[0] == '@' || parameter->name[0] == '*';
}

static const char *value_of(struct shell *shell, const struct parameter *parameter)
{
    struct buffer all = {.arena = &shell->arena};

    if (!is_all(parameter)) {
        return variable_parameter(shell, parameter->name, parameter->length);
    }
    for (int i = 0; i < shell->argument_count; i++) {
        if (i > 0) {
            buffer_put(&all, ' ');
        }
        buffer_add(&all, shell->arguments[i], strlen(shell->arguments[i]));
    }
    return shell->argument_count > 0 ? buffer_string(&all) : NULL;
}

static void put(struct expander *expander, const struct parameter *parameter, const char *value,
                bool quoted)
{
    if (is_all(parameter)) {
        put_all(expander, parameter->name[0], quoted);
    } else if (value) {
        expand_put_value(expander, value, quoted);
    }
}

// An operator's word as one text, as in an assignment or a pattern.
static char *word_text(struct expander *expander, const struct parameter *parameter,
                       const char *text, bool quoted, bool pattern)
{
    struct expander inner = {.shell = expander->shell, .word = true};
    size_t position = parameter->word;

    quoted = quoted && !pattern;
    inner.field.arena = &expander->shell->arena;
    if (!quoted) {
        position = expand_tilde(&inner, text, position, parameter->end, false);
    }
    if (!expand_part(&inner, text, position, parameter->end, quoted)) {
        return NULL;
    }
    return pattern ? buffer_string(&inner.field) : expand_unmark(buffer_string(&inner.field));
}

// ${x-word}, for an x that isn't set; also in a here-document double quotes are quotes there.
static bool put_word(struct expander *expander, const struct parameter *parameter, const char *text,
                     bool quoted)
{
    bool here = expander->here, word = expander->word, done;
    size_t position = parameter->word;

    if (!quoted) {
        position = expand_tilde(expander, text, position, parameter->end, false);
    }
    expander->here = false;
    expander->word = true;
    done = expand_part(expander, text, position, parameter->end, quoted);
    expander->here = here;
    expander->word = word;
    return done;
}

// ${x=word}, for an x that isn't set.
static bool assign(struct expander *expander, const struct parameter *parameter, const char *text,
                   bool quoted)
{
    struct shell *shell = expander->shell;
    const char *name = arena_text(&shell->arena, parameter->name, parameter->length);
    const char *value;

    if (lexer_name(name) == 0) {
        shell_fail(shell, "%s: bad variable name", name);
        return false;
    }
    value = word_text(expander, parameter, text, quoted, false);
    if (!value || !variable_set(shell, name, value, 0)) {
        return false;
    }
    expand_put_value(expander, value, quoted);
    return true;
}

// ${x?word}, for an x that isn't set.
static bool complain(struct expander *expander, const struct parameter *parameter, const char *text,
                     bool quoted)
{
    const char *value = word_text(expander, parameter, text, quoted, false);

    if (value) {
        shell_fail(expander->shell, "%.*s: %s", (int)parameter->length, parameter->name,
                   *value             ? value
                   : parameter->colon ? "parameter not set or null"
                                      : "parameter not set");
    }
    return false;
}

// ${x#pattern} and the like: the value without the shortest or longest part that matches.
static bool cut(struct expander *expander, const struct parameter *parameter, const char *text,
                const char *value, bool quoted)
{
    const char *pattern = word_text(expander, parameter, text, quoted, true);
    size_t length = strlen(value);
    bool front = parameter->sign == '#';

    if (!pattern) {
        return false;
    }
    for (size_t i = 0; i <= length; i++) {
        size_t size = parameter->longest ? length - i : i;
        struct arena_mark mark = arena_mark(&expander->shell->arena);
        const char *part =
            front ? arena_text(&expander->shell->arena, value, size) : value + length - size;
        bool matches = glob_match(pattern, part);

        arena_release(&expander->shell->arena, mark); // else a long value takes its square
        if (!matches) {
            continue;
        }
        value = front ? value + size : arena_text(&expander->shell->arena, value, length - size);
        break;
    }
    expand_put_value(expander, value, quoted);
    return true;
}

static bool apply(struct expander *expander, const struct parameter *parameter, const char *text,
                  bool quoted)
{
    const char *value = value_of(expander->shell, parameter);
    bool set = value && !(parameter->colon && !*value);
    char digits[24];

    switch (parameter->sign) {
    case '+':
        set = !set;
        // fall through
    case '-':
        if (!set) {
            return put_word(expander, parameter, text, quoted);
        }
        if (parameter->sign == '-') {
            put(expander, parameter, value, quoted);
        }
        return true;
    case '=':
        if (!set) {
            return assign(expander, parameter, text, quoted);
        }
        put(expander, parameter, value, quoted);
        return true;
    case '?':
        if (!set) {
            return complain(expander, parameter, text, quoted);
        }
        put(expander, parameter, value, quoted);
        return true;
    }
    if (!value && !is_all(parameter) && expander->shell->options & SHELL_UNSET_IS_ERROR) {
        shell_fail(expander->shell, "%.*s: parameter not set", (int)parameter->length,
                   parameter->name);
        return false;
    }
    if (parameter->wants_length) {
        snprintf(digits, sizeof(digits), "%zu", value ? strlen(value) : 0);
        expand_put_value(expander, digits, quoted);
        return true;
    }
    if (parameter->sign) {
        return cut(expander, parameter, text, value ? value : "", quoted);
    }
    put(expander, parameter, value, quoted);
    return true;
}

size_t parameter_expand(struct expander *expander, const char *text, size_t position, size_t end,
                        bool quoted)
{
    struct parameter parameter = {.name = text + position + 1};
    size_t behind;

    if (position + 1 < end && text[position + 1] == '{') {
        behind = lexer_braces(expander->shell, text, position + 2, end, quoted);
        if (behind >= LEXER_ERROR || !parse(&parameter, text, position + 2, behind - 1)) {
            shell_fail(expander->shell, "Bad substitution");
            return LEXER_ERROR;
        }
    } else {
        parameter.length = name_length(text + position + 1, end - position - 1, false);
        if (parameter.length > end - position - 1) {
            parameter.length = end - position - 1;
        }
        behind = position + 1 + parameter.length;
        if (parameter.length == 0) {
            expand_put_value(expander, "$", true);
            return behind;
        }
    }
    return apply(expander, &parameter, text, quoted) ? behind : LEXER_ERROR;
}
