// printf: arguments in a form (POSIX, printf).
#include "user/sh/builtin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printing {
    struct shell *shell;
    struct buffer text;
    char **next, **end; // the arguments that are left
    bool ended; // by \c
    int status;
};

static const char *next_argument(struct printing *printing)
{
    return printing->next < printing->end ? *printing->next++ : NULL;
}

// Tells of an argument that is no number, or not all of it.
static void check(struct printing *printing, const char *text, const char *end)
{
    if (end == text || *end || errno) {
        shell_error(printing->shell, "printf: %s: %s", text,
                    errno         ? strerror(errno)
                    : end == text ? "expected numeric value"
                                  : "not completely converted");
        printing->status = 1;
    }
}

// The value of an argument: a number, or a quote and a character; where there is none, 0.
static int64_t next_number(struct printing *printing)
{
    const char *text = next_argument(printing);
    char *end;
    int64_t value;

    if (!text) {
        return 0;
    }
    if (*text == '"' || *text == '\'') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = *text == '-' ? strtoll(text, &end, 0) : (int64_t)strtoull(text, &end, 0);
    check(printing, text, end);
    return value;
}

static double next_double(struct printing *printing)
{
    const char *text = next_argument(printing);
    char *end;
    double value;

    if (!text) {
        return 0;
    }
    if (*text == '"' || *text == '\'') {
        return (unsigned char)text[1];
    }
    errno = 0;
    value = strtod(text, &end);
    check(printing, text, end);
    return value;
}

// What snprintf makes of one conversion is added, however long it is.
#define ADD_FORMATTED(printing, form, value)                                                       \
    do {                                                                                           \
        int add_length = snprintf(NULL, 0, form, value);                                           \
        char *add_text = add_length < 0 ? NULL : malloc((size_t)add_length + 1);                   \
        if (add_text) {                                                                            \
            snprintf(add_text, (size_t)add_length + 1, form, value);                               \
            buffer_add(&(printing)->text, add_text, (size_t)add_length);                           \
        }                                                                                          \
        free(add_text);                                                                            \
    } while (false)

// Copies flags, a width and a precision to a form of snprintf's; the position behind them.
static const char *copy_numbers(struct printing *printing, const char *from, struct buffer *form)
{
    char digits[16];

    for (; *from && strchr("-+ 0#123456789.*", *from); from++) {
        if (*from == '*') {
            int64_t number = next_number(printing);

            snprintf(digits, sizeof(digits), "%d", (int)number);
            buffer_add(form, digits, strlen(digits));
        } else {
            buffer_put(form, *from);
        }
    }
    return from;
}

// One conversion: behind its % at `from`. The position behind it; NULL: it is none.
static const char *convert(struct printing *printing, const char *from)
{
    struct buffer form = {.arena = &printing->shell->arena};
    struct buffer escaped = {.arena = &printing->shell->arena};
    const char *text;
    long long number;
    double real;

    buffer_put(&form, '%');
    from = copy_numbers(printing, from, &form);
    switch (*from) {
    case 's':
    case 'b':
        text = next_argument(printing);
        buffer_put(&form, 's');
        if (*from == 'b' && text) {
            printing->ended = !builtin_put_escaped(&escaped, text);
            text = buffer_string(&escaped);
        }
        ADD_FORMATTED(printing, buffer_string(&form), text ? text : "");
        break;
    case 'c':
        text = next_argument(printing);
        if (text && *text) {
            buffer_put(&form, 'c');
            ADD_FORMATTED(printing, buffer_string(&form), *text);
        }
        break;
    case 'd':
    case 'i':
    case 'o':
    case 'u':
    case 'x':
    case 'X':
        buffer_add(&form, "ll", 2);
        buffer_put(&form, *from);
        number = next_number(printing);
        ADD_FORMATTED(printing, buffer_string(&form), number);
        break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        buffer_put(&form, *from);
        real = next_double(printing);
        ADD_FORMATTED(printing, buffer_string(&form), real);
        break;
    default:
        shell_error(printing->shell, "printf: %%%c: invalid directive", *from);
        printing->status = 2;
        return NULL;
    }
    return from + 1;
}

// How much of a form is neither a conversion nor \c, which means nothing there.
static size_t plain_length(const char *form)
{
    size_t length = 0;

    while (form[length] && form[length] != '%' && strncmp(form + length, "\\c", 2) != 0) {
        length += form[length] == '\\' && form[length + 1] && form[length + 1] != '%' ? 2 : 1;
    }
    return length;
}

// Goes through the form once; false: no more, because of an error or \c.
static bool print_once(struct printing *printing, const char *form)
{
    while (*form && !printing->ended) {
        size_t plain = plain_length(form);
        const char *piece = arena_text(&printing->shell->arena, form, plain);

        builtin_put_escaped(&printing->text, piece);
        form += plain;
        if (form[0] == '%' && form[1] == '%') {
            buffer_put(&printing->text, '%');
            form += 2;
        } else if (*form == '\\') {
            buffer_add(&printing->text, form, 2);
            form += 2;
        } else if (*form) {
            form = convert(printing, form + 1);
            if (!form) {
                return false;
            }
        }
    }
    return !printing->ended;
}

int builtin_printf(struct shell *shell, int count, char **arguments)
{
    struct printing printing = {.shell = shell, .text = {.arena = &shell->arena}};
    char **before;

    if (count > 1 && strcmp(arguments[1], "--") == 0) {
        count--;
        arguments++;
    }
    if (count < 2) {
        shell_error(shell, "printf: usage: printf format [arg ...]");
        return 2;
    }
    printing.next = arguments + 2;
    printing.end = arguments + count;
    do {
        before = printing.next;
    } while (print_once(&printing, arguments[1]) && printing.next < printing.end &&
             printing.next > before);
    if (!builtin_write(shell, "printf", &printing.text)) {
        return 1;
    }
    return printing.status;
}
