#include "user/sh/arithmetic.h"

#include "user/sh/lexer.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct expression {
    struct shell *shell;
    const char *text, *at;
    unsigned skipped; // within so many parts that don't count: behind 0 && and the like
    bool failed;
};

static int64_t assignment(struct expression *expression);

static int64_t fail(struct expression *expression, const char *what)
{
    if (!expression->failed) {
        shell_fail(expression->shell, "arithmetic expression: %s: \"%s\"", what, expression->text);
    }
    expression->failed = true;
    expression->at = "";
    return 0;
}

static void skip_blanks(struct expression *expression)
{
    while (*expression->at && strchr(" \t\n", *expression->at)) {
        expression->at++;
    }
}

// Binary operators, a longer one before one that it begins with.
static const struct symbol {
    const char text[3];
    int precedence; // a higher one binds tighter
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<=", 7}, {">=", 7}, {"<<", 8}, {">>", 8},
    {"|", 3},  {"^", 4},  {"&", 5},  {"<", 7},  {">", 7},  {"+", 9},  {"-", 9},  {"*", 10},
    {"/", 10}, {"%", 10},
};

// Reads a number: decimal, octal with a 0, hexadecimal with 0x before it.
static int64_t number(struct expression *expression)
{
    char *end;
    int64_t value = (int64_t)strtoll(expression->at, &end, 0);

    if (lexer_name(end) > 0 || (*end >= '0' && *end <= '9')) {
        return fail(expression, "expecting EOF");
    }
    expression->at = end;
    return value;
}

static int64_t value_of(struct expression *expression, const char *name, size_t length)
{
    struct shell *shell = expression->shell;
    const char *text = variable_parameter(shell, name, length);
    char *end;
    int64_t value;

    if (!text && shell->options & SHELL_UNSET_IS_ERROR && !expression->skipped) {
        shell_fail(shell, "%.*s: parameter not set", (int)length, name);
        expression->failed = true;
    }
    if (!text || !*text) {
        return 0;
    }
    value = (int64_t)strtoll(text, &end, 0);
    while (*end && strchr(" \t\n", *end)) {
        end++;
    }
    if (*end && !expression->failed) {
        shell_fail(shell, "Illegal number: %s", text);
        expression->failed = true;
    }
    return value;
}

static int64_t primary(struct expression *expression)
{
    size_t name;
    int64_t value = 0;
    char c;

    skip_blanks(expression);
    c = *expression->at;
    name = lexer_name(expression->at);
    if (name > 0) {
        value = value_of(expression, expression->at, name);
        expression->at += name;
        return value;
    }
    if (c >= '0' && c <= '9') {
        return number(expression);
    }
    if (!c || !strchr("(-+!~", c)) {
        return fail(expression, "expecting primary");
    }
    if (!shell_enter(expression->shell)) {
        expression->failed = true;
        return 0;
    }
    expression->at++;
    if (c == '(') {
        value = assignment(expression);
        skip_blanks(expression);
        if (*expression->at == ')') {
            expression->at++;
        } else {
            fail(expression, "expecting ')'");
        }
    } else {
        value = primary(expression);
        value = c == '-'   ? (int64_t) - (uint64_t)value
                : c == '!' ? !value
                : c == '~' ? ~value
                           : value;
    }
    shell_return(expression->shell);
    return value;
}

// left OPERATOR right; sums and the like wrap around.
static int64_t calculate(struct expression *expression, const char *text, int64_t left,
                         int64_t right)
{
    uint64_t a = (uint64_t)left, b = (uint64_t)right;

    switch (text[0]) {
    case '+':
        return (int64_t)(a + b);
    case '-':
        return (int64_t)(a - b);
    case '*':
        return (int64_t)(a * b);
    case '/':
    case '%':
        if (right == 0) {
            return expression->skipped ? 0 : fail(expression, "division by zero");
        }
        if (right == -1) {
            return text[0] == '/' ? (int64_t)-a : 0;
        }
        return text[0] == '/' ? left / right : left % right;
    case '^':
        return left ^ right;
    case '=':
        return left == right;
    case '!':
        return left != right;
    case '&':
        return text[1] == '&' ? left && right : left & right;
    case '|':
        return text[1] == '|' ? left || right : left | right;
    case '<':
        return text[1] == '<' ? (int64_t)(a << (b & 63)) : text[1] ? left <= right : left < right;
    default:
        return text[1] == '>' ? left >> (b & 63) : text[1] ? left >= right : left > right;
    }
}

static const struct symbol *find_operator(struct expression *expression)
{
    skip_blanks(expression);
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (strncmp(expression->at, operators[i].text, strlen(operators[i].text)) == 0) {
            return &operators[i];
        }
    }
    return NULL;
}

// Operators that bind at least so tight.
static int64_t binary(struct expression *expression, int precedence)
{
    int64_t left = primary(expression);
    const struct symbol *found;

    while ((found = find_operator(expression)) != NULL && found->precedence >= precedence) {
        // What is behind 0 && or 1 || is read, but not done.
        bool skips = (found->precedence == 2 && !left) || (found->precedence == 1 && left);
        int64_t right;

        expression->at += strlen(found->text);
        expression->skipped += skips;
        right = binary(expression, found->precedence + 1);
        expression->skipped -= skips;
        left = calculate(expression, found->text, left, right);
    }
    return left;
}

static int64_t conditional(struct expression *expression)
{
    int64_t condition = binary(expression, 1), yes, no;

    skip_blanks(expression);
    if (*expression->at != '?') {
        return condition;
    }
    expression->at++;
    expression->skipped += !condition;
    yes = assignment(expression);
    expression->skipped -= !condition;
    skip_blanks(expression);
    if (*expression->at != ':') {
        return fail(expression, "expecting ':'");
    }
    expression->at++;
    expression->skipped += condition != 0;
    no = assignment(expression);
    expression->skipped -= condition != 0;
    return condition ? yes : no;
}

// x = ..., x += ... and the like; else whatever there is.
static int64_t assign_or(struct expression *expression)
{
    static const char *const signs[] = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
                                        "<<=", ">>="};
    const char *name, *start = expression->at, *sign = NULL;
    struct shell *shell = expression->shell;
    size_t length;
    int64_t value;
    char digits[24];

    skip_blanks(expression);
    name = expression->at;
    length = lexer_name(name);
    expression->at += length;
    skip_blanks(expression);
    for (size_t i = 0; length > 0 && i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (strncmp(expression->at, signs[i], strlen(signs[i])) == 0) {
            sign = signs[i];
        }
    }
    if (!sign || strncmp(expression->at, "==", 2) == 0) {
        expression->at = start;
        return conditional(expression);
    }
    expression->at += strlen(sign);
    value = assignment(expression);
    if (sign[0] != '=') {
        char symbol[3] = {sign[0], sign[1] == '=' ? '\0' : sign[1], '\0'};

        value = calculate(expression, symbol, value_of(expression, name, length), value);
    }
    if (!expression->failed && !expression->skipped) {
        snprintf(digits, sizeof(digits), "%lld", (long long)value);
        expression->failed =
            !variable_set(shell, arena_text(&shell->arena, name, length), digits, 0);
    }
    return value;
}

static int64_t assignment(struct expression *expression)
{
    int64_t value = 0;

    if (shell_enter(expression->shell)) {
        value = assign_or(expression);
        shell_return(expression->shell);
    } else {
        expression->failed = true;
        expression->at = "";
    }
    return value;
}

bool arithmetic_evaluate(struct shell *shell, const char *text, int64_t *value)
{
    struct expression expression = {.shell = shell, .text = text, .at = text};

    *value = assignment(&expression);
    skip_blanks(&expression);
    if (*expression.at) {
        fail(&expression, "expecting EOF");
    }
    return !expression.failed;
}
