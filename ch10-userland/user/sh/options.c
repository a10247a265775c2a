#include "user/sh/options.h"

#include "user/sh/expand.h"
#include "user/sh/variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <unistd.h>

static const struct {
    const char *name;
    char letter;
    unsigned bit; // 0: accepted, and without effect
} options[] = {
    {"errexit", 'e', SHELL_EXIT_ON_ERROR}, {"noglob", 'f', SHELL_NO_GLOB}, {"interactive", 'i', 0},
    {"monitor", 'm', 0}, {"noexec", 'n', SHELL_NO_RUN}, {"stdin", 's', 0},
    {"xtrace", 'x', SHELL_TRACE}, {"verbose", 'v', SHELL_VERBOSE},
    {"noclobber", 'C', SHELL_NO_CLOBBER}, {"allexport", 'a', SHELL_EXPORT_ALL}, {"notify", 'b', 0},
    {"nounset", 'u', SHELL_UNSET_IS_ERROR}, {"login", 'l', SHELL_LOGIN},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

const char *options_letters(struct shell *shell)
{
    struct buffer letters = {.arena = &shell->arena};

    for (size_t i = OPTIONS; i-- > 0;) {
        if (shell->options & options[i].bit || (options[i].letter == 'i' && shell->interactive)) {
            buffer_put(&letters, options[i].letter);
        }
    }
    return buffer_string(&letters);
}

static bool set_option(struct shell *shell, size_t index, bool on)
{
    shell->options &= ~options[index].bit;
    shell->options |= on ? options[index].bit : 0;
    return true;
}

static bool set_letter(struct shell *shell, char letter, bool on)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (options[i].letter == letter) {
            return set_option(shell, i, on);
        }
    }
    shell_fail(shell, "set: Illegal option %c%c", on ? '-' : '+', letter);
    return false;
}

static bool set_name(struct shell *shell, const char *name, bool on)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return set_option(shell, i, on);
        }
    }
    shell_fail(shell, "set: Illegal option -o %s", name);
    return false;
}

// set -o, set +o
static void show_all(const struct shell *shell, bool on)
{
    if (on) {
        dprintf(STDOUT_FILENO, "Current option settings\n");
    }
    for (size_t i = 0; i < OPTIONS; i++) {
        bool is_on = shell->options & options[i].bit;

        if (on) {
            dprintf(STDOUT_FILENO, "%-16s%s\n", options[i].name, is_on ? "on" : "off");
        } else {
            dprintf(STDOUT_FILENO, "set %co %s\n", is_on ? '-' : '+', options[i].name);
        }
    }
}

// Sets what arguments[*index] says, and moves behind it; false: an error. -c and -s are kept for
// main.
static bool set_one(struct shell *shell, int *index, char **arguments, char *kept)
{
    const char *letter = arguments[(*index)++];
    bool on = *letter == '-';

    for (letter++; *letter; letter++) {
        if (kept && (*letter == 'c' || (*letter == 's' && *kept != 'c'))) {
            *kept = *letter;
        } else if (*letter != 'o') {
            if (!set_letter(shell, *letter, on)) {
                return false;
            }
        } else if (!arguments[*index]) {
            show_all(shell, on);
        } else if (!set_name(shell, arguments[(*index)++], on)) {
            return false;
        }
    }
    return true;
}

static bool is_option(const char *text)
{
    return (text[0] == '-' || text[0] == '+') && text[1] && strcmp(text, "--") != 0;
}

int options_set(struct shell *shell, int count, char **arguments)
{
    int i = 1;

    while (i < count && is_option(arguments[i])) {
        if (!set_one(shell, &i, arguments, NULL)) {
            return -1;
        }
    }
    return i;
}

int options_start(struct shell *shell, int count, char **arguments)
{
    char kept = 0;
    int i = 1;

    while (i < count && is_option(arguments[i])) {
        if (!set_one(shell, &i, arguments, &kept)) {
            return -1;
        }
    }
    if (i < count && !kept && (strcmp(arguments[i], "--") == 0 || strcmp(arguments[i], "-") == 0)) {
        i++;
    }
    shell->leave = LEAVE_NOTHING;
    if (kept) {
        arguments[--i] = kept == 'c' ? "-c" : "-s";
    }
    return i;
}

bool options_login(const struct shell *shell)
{
    return shell->options & SHELL_LOGIN || shell->name[0] == '-';
}

void options_trace(struct shell *shell, const struct node *ready)
{
    struct buffer line = {.arena = &shell->arena};
    const char *prompt = variable_get(shell, "PS4");
    unsigned options_before = shell->options;

    if (!(shell->options & SHELL_TRACE)) {
        return;
    }
    shell->options = 0;
    prompt = expand_prompt(shell, prompt ? prompt : "+ ");
    shell->options = options_before;
    buffer_add(&line, prompt, strlen(prompt));
    for (int i = 0; i < 2; i++) {
        for (const struct word *word = i ? ready->words : ready->assignments; word;
             word = word->next) {
            buffer_add(&line, word->text, strlen(word->text));
            if (word->next || (i == 0 && ready->words)) {
                buffer_put(&line, ' ');
            }
        }
    }
    if (ready->words || ready->assignments) {
        dprintf(STDERR_FILENO, "%s\n", buffer_string(&line));
    }
}

void options_exit_on_error(struct shell *shell, const struct node *node)
{
    bool counts = node->kind == NODE_SIMPLE || node->kind == NODE_READY ||
                  node->kind == NODE_PIPE || node->kind == NODE_SUBSHELL;

    if (shell->options & SHELL_EXIT_ON_ERROR && counts && shell->status != 0 &&
        shell->tested == 0 && shell->leave == LEAVE_NOTHING) {
        shell_exit(shell, shell->status);
    }
}

// What getopts looks at: the option's letter and argument; OPTIND is the next argument's number.
struct getopts {
    struct shell *shell;
    int count; // of arguments
    char **arguments;
    int next; // index of the argument that is looked at
    bool silent; // the letters begin with a colon: errors are told by values
};

static void report(const struct getopts *state, char letter, const char *text, const char *name)
{
    char letters[2] = {letter, '\0'};

    if (state->silent) {
        variable_set(state->shell, "OPTARG", letters, 0);
    } else {
        dprintf(STDERR_FILENO, text, letter);
        variable_unset(state->shell, "OPTARG");
    }
    variable_set(state->shell, name, "?", 0);
}

// The argument of an option: the rest of its word, or the next one. NULL: there is none.
static const char *option_argument(struct getopts *state, const char *rest)
{
    if (*rest) {
        return rest;
    }
    return state->next < state->count ? state->arguments[state->next++] : NULL;
}

int options_getopts(struct shell *shell, int count, char **arguments)
{
    const char *index = variable_get(shell, "OPTIND"), *word, *known, *value;
    struct getopts state = {.shell = shell, .count = shell->argument_count,
                            .arguments = shell->arguments};
    char digits[16], letter[2] = "";

    if (count < 3) {
        shell_fail(shell, "Usage: getopts optstring var [arg]");
        return 2;
    }
    if (count > 3) {
        state.count = count - 3, state.arguments = arguments + 3;
    }
    state.silent = arguments[1][0] == ':';
    state.next = index ? atoi(index) - 1 : 0;
    if (state.next <= 0 && shell->option_at > 0 && shell->option_index != state.next) {
        shell->option_at = 0;
    }
    word = state.next >= 0 && state.next < state.count ? state.arguments[state.next] : "";
    if (shell->option_at == 0 || shell->option_at >= strlen(word)) {
        shell->option_at = 0;
        if (word[0] != '-' || !word[1] || strcmp(word, "--") == 0) {
            state.next += word[0] == '-' && word[1];
            snprintf(digits, sizeof(digits), "%d", state.next + 1);
            variable_set(shell, "OPTIND", digits, 0);
            variable_set(shell, arguments[2], "?", 0);
            return 1;
        }
        shell->option_at = 1;
    }
    letter[0] = word[shell->option_at++];
    known = letter[0] == ':' ? NULL : strchr(arguments[1], letter[0]);
    variable_set(shell, arguments[2], letter, 0);
    value = word + shell->option_at;
    if (!*value || (known && known[1] == ':')) {
        state.next++;
        shell->option_at = 0;
    }
    shell->option_index = state.next;
    if (!known) {
        report(&state, letter[0], "Illegal option -%c\n", arguments[2]);
    } else if (known[1] == ':') {
        value = option_argument(&state, value);
        if (value) {
            variable_set(shell, "OPTARG", value, 0);
        } else {
            report(&state, letter[0], "No arg for -%c option\n", arguments[2]);
        }
        if (!value && state.silent) {
            variable_set(shell, arguments[2], ":", 0);
        }
    } else {
        variable_set(shell, "OPTARG", "", 0);
    }
    snprintf(digits, sizeof(digits), "%d", state.next + 1);
    variable_set(shell, "OPTIND", digits, 0);
    return 0;
}

static void show_time(clock_t ticks, const char *end)
{
    long second = sysconf(_SC_CLK_TCK), whole = (long)ticks / second;
    long rest = (long)ticks % second * 1000000 / second;

    dprintf(STDOUT_FILENO, "%ldm%ld.%06lds%s", whole / 60, whole % 60, rest, end);
}

int options_times(struct shell *shell, int count, char **arguments)
{
    struct tms used;

    (void)shell, (void)count, (void)arguments;
    times(&used);
    show_time(used.tms_utime, " ");
    show_time(used.tms_stime, "\n");
    show_time(used.tms_cutime, " ");
    show_time(used.tms_cstime, "\n");
    return 0;
}
