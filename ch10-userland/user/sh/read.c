// read: a line into variables (POSIX, read).
#include "user/sh/builtin.h"

#include "user/sh/variable.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// In the line, what a backslash has quoted is marked by one before it.

// Reads a line, byte by byte: what follows is for others. False: the file ended first.
static bool read_line(struct buffer *line, bool raw)
{
    char c;

    for (;;) {
        ssize_t got = read(STDIN_FILENO, &c, 1);

        if (got <= 0) {
            return false;
        }
        if (c == '\\' && !raw) {
            if (read(STDIN_FILENO, &c, 1) <= 0) {
                return false;
            }
            if (c == '\n') {
                continue;
            }
            buffer_put(line, '\\');
        } else if (c == '\n') {
            return true;
        } else if (c == '\\') {
            buffer_put(line, '\\');
        }
        if (c) {
            buffer_put(line, c);
        }
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

// Skips blanks that separate.
static const char *skip_blanks(const char *text, const char *separators)
{
    while (is_blank(*text) && strchr(separators, *text)) {
        text++;
    }
    return text;
}

// Takes the next field, or for the last variable the rest without separators at its end.
static const char *take(struct buffer *field, const char *text, const char *separators, bool last)
{
    size_t kept = 0, marks = 0; // length without the blanks, and separators, at its end
    bool many = false; // there is more than one field in it: then a separator at its end stays

    while (*text && (last || *text == '\\' || !strchr(separators, *text))) {
        bool quoted = *text == '\\';

        text += quoted && text[1];
        buffer_put(field, *text);
        if (quoted || !strchr(separators, *text)) {
            many |= marks > 0;
            kept = field->length, marks = 0;
        } else if (!is_blank(*text) && (++marks > 1 || many || !last)) {
            kept = field->length;
        }
        text++;
    }
    buffer_string(field)[kept] = '\0';
    text = skip_blanks(text, separators);
    if (*text && strchr(separators, *text) && !is_blank(*text)) {
        text = skip_blanks(text + 1, separators);
    }
    return text;
}

int builtin_read(struct shell *shell, int count, char **arguments)
{
    const char *separators = variable_get(shell, "IFS"), *rest;
    struct buffer line = {.arena = &shell->arena};
    bool raw = false, ended;
    int i = 1;

    for (; i < count && arguments[i][0] == '-' && arguments[i][1]; i++) {
        raw |= strchr(arguments[i], 'r') != NULL;
        if (strcmp(arguments[i], "-p") == 0 && i + 1 < count &&
            write(2, arguments[i + 1], strlen(arguments[i + 1])) >= 0) {
            i++;
        }
    }
    if (i >= count) {
        shell_error(shell, "read: arg count");
        return 2;
    }
    if (!separators) {
        separators = " \t\n";
    }
    ended = !read_line(&line, raw);
    rest = skip_blanks(buffer_string(&line), separators);
    for (; i < count; i++) {
        struct buffer field = {.arena = &shell->arena};

        rest = take(&field, rest, separators, i + 1 == count);
        if (!variable_set(shell, arguments[i], buffer_string(&field), 0)) {
            return 2;
        }
    }
    return ended;
}
