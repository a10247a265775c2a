#include "user/sh/builtin.h"

#include "user/sh/directory.h"
#include "user/sh/history.h"
#include "user/sh/jobs.h"
#include "user/sh/redirect.h"
#include "user/sh/run.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int builtin_number(struct shell *shell, const char *name, const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*text && *text != ' ' && !*end && number >= 0 && number <= 0x7fffffff) {
        return (int)number;
    }
    shell_fail(shell, "%s: Illegal number: %s", name, text);
    return -1;
}

static int builtin_true(struct shell *shell, int count, char **arguments)
{
    (void)shell, (void)count, (void)arguments;
    return 0;
}

static int builtin_false(struct shell *shell, int count, char **arguments)
{
    (void)shell, (void)count, (void)arguments;
    return 1;
}

static int builtin_exit(struct shell *shell, int count, char **arguments)
{
    int status = count > 1 ? builtin_number(shell, "exit", arguments[1]) : shell->status;

    if (status < 0) {
        return 2;
    }
    shell_exit(shell, status);
}

// export and readonly: variables get a flag, and perhaps a value.
static int set_flag(struct shell *shell, int count, char **arguments, unsigned flag)
{
    bool listed = count == 1 || strcmp(arguments[1], "-p") == 0;
    char prefix[16];

    if (listed) {
        snprintf(prefix, sizeof(prefix), "%s ", arguments[0]);
        variable_show(shell, prefix, flag);
    }
    for (int i = 1; i < count && !listed; i++) {
        size_t name = lexer_name(arguments[i]);

        if (name == 0 || (arguments[i][name] && arguments[i][name] != '=')) {
            shell_fail(shell, "%s: %s: bad variable name", arguments[0], arguments[i]);
            return 2;
        }
        if (arguments[i][name] ? !variable_assign(shell, arguments[i], flag)
                               : !variable_set(shell, arguments[i], NULL, flag)) {
            return 2;
        }
    }
    return 0;
}

static int builtin_export(struct shell *shell, int count, char **arguments)
{
    return set_flag(shell, count, arguments, VARIABLE_EXPORTED);
}

static int builtin_readonly(struct shell *shell, int count, char **arguments)
{
    return set_flag(shell, count, arguments, VARIABLE_READ_ONLY);
}

static int builtin_unset(struct shell *shell, int count, char **arguments)
{
    bool functions = false;
    int i = 1;

    for (; i < count && arguments[i][0] == '-' && arguments[i][1]; i++) {
        functions = arguments[i][1] == 'f';
    }
    for (; i < count; i++) {
        if (!functions && (!*arguments[i] || arguments[i][lexer_name(arguments[i])])) {
            shell_fail(shell, "unset: %s: bad variable name", arguments[i]);
            return 2;
        }
        if (!functions && !variable_unset(shell, arguments[i])) {
            return 2;
        }
    }
    return 0;
}

// The positional parameters; from chapter 10 on options too.
static int builtin_set(struct shell *shell, int count, char **arguments)
{
    int i = 1;

    if (count == 1) {
        variable_show(shell, "", 0);
    }
    if (i < count && strcmp(arguments[i], "--") == 0) {
        i++;
    }
    if (count > 1) {
        variable_set_arguments(shell, count - i, arguments + i);
    }
    return 0;
}

static int builtin_shift(struct shell *shell, int count, char **arguments)
{
    int by = count > 1 ? builtin_number(shell, "shift", arguments[1]) : 1;

    if (by < 0) {
        return 2;
    }
    if (by > shell->argument_count) {
        shell_fail(shell, "shift: can't shift that many");
        return 2;
    }
    for (int i = 0; i < by; i++) {
        free(shell->arguments[i]);
    }
    shell->argument_count -= by;
    memmove(shell->arguments, shell->arguments + by,
            ((size_t)shell->argument_count + 1) * sizeof(char *));
    return 0;
}

bool builtin_put_escaped(struct buffer *line, const char *text)
{
    static const char letters[] = "abfnrtv\\", meant[] = "\a\b\f\n\r\t\v\\";

    while (*text) {
        const char *letter = *text == '\\' && text[1] ? strchr(letters, text[1]) : NULL;
        unsigned value = 0;

        if (letter) {
            buffer_put(line, meant[letter - letters]);
            text += 2;
        } else if (text[0] == '\\' && text[1] == 'c') {
            return false;
        } else if (text[0] == '\\' && text[1] >= '0' && text[1] <= '7') {
            text += text[1] == '0' ? 2 : 1;
            for (int digits = 0; digits < 3 && *text >= '0' && *text <= '7'; digits++) {
                value = value * 8 + (unsigned)(*text++ - '0');
            }
            buffer_put(line, (char)value);
        } else {
            buffer_put(line, *text++);
        }
    }
    return true;
}

bool builtin_write(struct shell *shell, const char *name, const struct buffer *text)
{
    size_t done = 0;

    while (done < text->length) {
        ssize_t written = write(STDOUT_FILENO, text->text + done, text->length - done);

        if (written < 0) {
            shell_error(shell, "%s: I/O error", name);
            return false;
        }
        done += (size_t)written;
    }
    return true;
}

static int builtin_echo(struct shell *shell, int count, char **arguments)
{
    struct buffer line = {.arena = &shell->arena};
    bool newline = count < 2 || strcmp(arguments[1], "-n") != 0;

    for (int i = newline ? 1 : 2; i < count; i++) {
        if (!builtin_put_escaped(&line, arguments[i])) {
            newline = false;
            break;
        }
        if (i + 1 < count) {
            buffer_put(&line, ' ');
        }
    }
    if (newline) {
        buffer_put(&line, '\n');
    }
    return !builtin_write(shell, "echo", &line);
}

static int builtin_eval(struct shell *shell, int count, char **arguments)
{
    struct buffer text = {.arena = &shell->arena};

    for (int i = 1; i < count; i++) {
        buffer_add(&text, arguments[i], strlen(arguments[i]));
        buffer_put(&text, i + 1 < count ? ' ' : '\n');
    }
    return count > 1 ? shell_run_text(shell, buffer_string(&text)) : 0;
}

// exec: the shell becomes a command, or its redirections stay.
static int builtin_exec(struct shell *shell, int count, char **arguments)
{
    if (count == 1) {
        return 0;
    }
    if (shell->interactive && !launch_find(shell, arguments[1])) {
        shell_error(shell, "exec: %s: not found", arguments[1]);
        return 127;
    }
    jobs_finish(shell);
    redirect_close_all_hidden(shell);
    shell_exit(shell, launch_program(shell, "exec: ", arguments + 1));
}

// `.`: the commands of a file, which is looked for where programs are unless there is a slash.
static int builtin_dot(struct shell *shell, int count, char **arguments)
{
    const char *path = count > 1 ? arguments[1] : NULL;
    int file, status;

    if (!path) {
        shell_fail(shell, ".: file name missing");
        return 2;
    }
    if (!strchr(path, '/') && launch_find(shell, path)) {
        path = launch_find(shell, path);
    }
    file = open(path, O_RDONLY);
    if (file >= 0) {
        file = redirect_hide(shell, file);
    }
    if (file < 0) {
        shell_fail(shell, ".: cannot open %s: %s", path,
                   errno == ENOENT ? "No such file" : strerror(errno));
        return 2;
    }
    status = shell_run_file(shell, file);
    return status;
}

static int builtin_umask(struct shell *shell, int count, char **arguments)
{
    mode_t mask = umask(0);
    char *end;

    umask(mask);
    if (count == 1) {
        dprintf(STDOUT_FILENO, "%04o\n", (unsigned)mask);
        return 0;
    }
    mask = (mode_t)strtol(arguments[1], &end, 8);
    if (*end || mask > 0777) {
        shell_fail(shell, "umask: Illegal mode: %s", arguments[1]);
        return 2;
    }
    umask(mask);
    return 0;
}

static const struct builtin builtins[] = {
    {".", builtin_dot, true, false},
    {":", builtin_true, true, false},
    {"cd", directory_cd, false, false},
    {"command", builtin_command, false, false},
    {"echo", builtin_echo, false, false},
    {"eval", builtin_eval, true, false},
    {"exec", builtin_exec, true, true},
    {"exit", builtin_exit, true, false},
    {"export", builtin_export, true, false},
    {"false", builtin_false, false, false},
    {"fg", builtin_fg, false, false},
    {"help", builtin_help, false, false},
    {"history", history_builtin, false, false},
    {"jobs", builtin_jobs, false, false},
    {"kill", builtin_kill, false, false},
    {"pwd", directory_pwd, false, false},
    {"readonly", builtin_readonly, true, false},
    {"set", builtin_set, true, false},
    {"shift", builtin_shift, true, false},
    {"true", builtin_true, false, false},
    {"type", builtin_type, false, false},
    {"umask", builtin_umask, false, false},
    {"unset", builtin_unset, true, false},
    {"wait", builtin_wait, false, false},
};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

const struct builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < BUILTINS; i++) {
        if (strcmp(builtins[i].name, name) == 0) {
            return &builtins[i];
        }
    }
    return NULL;
}

void builtin_list(void (*each)(void *context, const char *name), void *context)
{
    for (size_t i = 0; i < BUILTINS; i++) {
        each(context, builtins[i].name);
    }
}
