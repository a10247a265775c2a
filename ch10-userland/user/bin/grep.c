// grep: lines that match a pattern.
#include "user/libc/pattern.h"
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AROUND_MAX 100000

struct grep {
    bool invert, numbers, count, recursive, list, list_others, quiet, silent, names, no_names,
        whole, only;
    int64_t limit; // of lines in a file
    int64_t before, after; // lines that are shown around one
    char **kept; // those before, of this file: ended by newlines, a ring
    bool shown; // a line, in any file
    int flags; // PATTERN_
    struct pattern **patterns;
    size_t pattern_count;
    bool found; // a line, in any file
    int status; // 2 after an error
    struct output *out;
};

static const char usage[] =
    "grep [-EFHLchilnoqrsvwx] [-m lines] [-A lines] [-B lines] [-C lines] [-e] pattern [file...]";

static void add_pattern(struct grep *grep, const char *text)
{
    const char *error;
    grep->patterns = must_grow(grep->patterns, grep->pattern_count, sizeof(*grep->patterns));
    struct pattern *pattern = pattern_compile(text, grep->flags, &error);
    if (pattern == NULL) {
        errx(2, "%s", error);
    }
    grep->patterns[grep->pattern_count++] = pattern;
}

// Each line of the text is a pattern.
static void add_patterns(struct grep *grep, char *text)
{
    for (char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        *end = '\0';
        add_pattern(grep, text);
        *end = '\n';
    }
    add_pattern(grep, text);
}

// The first match at `from` or later, of the longest of those that start there.
static bool find(struct grep *grep, const char *line, size_t length, size_t from, size_t *start,
                 size_t *end)
{
    bool found = false;
    for (size_t i = 0; i < grep->pattern_count; i++) {
        size_t begin, behind;
        if (pattern_find(grep->patterns[i], line, length, from, &begin, &behind) &&
            (!grep->whole || (begin == 0 && behind == length)) &&
            (!found || begin < *start || (begin == *start && behind > *end))) {
            found = true;
            *start = begin;
            *end = behind;
        }
    }
    return found;
}

static void print_prefix(struct grep *grep, const char *name, uint64_t number, char mark)
{
    if (grep->names) {
        output_text(grep->out, name);
        output_char(grep->out, mark);
    }
    if (grep->numbers) {
        output_format(grep->out, "%llu%c", (unsigned long long)number, mark);
    }
}

static void print_around(struct grep *grep, const char *name, uint64_t number, const char *line,
                         size_t length)
{
    if (!grep->only) {
        print_prefix(grep, name, number, '-');
        output_bytes(grep->out, line, length);
        output_char(grep->out, '\n');
    }
}

// Keeps a line that may come to be shown before one, in the place of the oldest.
static void keep(struct grep *grep, uint64_t number, const char *line, size_t length)
{
    char **place = &grep->kept[number % (uint64_t)grep->before];
    *place = must_realloc(*place, length + 1);
    memcpy(*place, line, length);
    (*place)[length] = '\n';
}

// Shows those before a line, from the one behind `last` on, which was shown last: 0 if none was.
static void print_before(struct grep *grep, const char *name, uint64_t number, uint64_t last)
{
    uint64_t first = number > (uint64_t)grep->before ? number - (uint64_t)grep->before : 1;
    if (first <= last) {
        first = last + 1;
    }
    if (grep->shown && grep->before + grep->after > 0 && (first > last + 1 || last == 0)) {
        output_text(grep->out, "--\n");
    }
    for (; first < number; first++) {
        const char *line = grep->kept[first % (uint64_t)grep->before];
        print_around(grep, name, first, line, strcspn(line, "\n"));
    }
}

static void print_line(struct grep *grep, const char *name, uint64_t number, const char *line,
                       size_t length)
{
    if (!grep->only) {
        print_prefix(grep, name, number, ':');
        output_bytes(grep->out, line, length);
        output_char(grep->out, '\n');
        return;
    }
    size_t start, end;
    for (size_t from = 0;
         !grep->invert && from <= length && find(grep, line, length, from, &start, &end);) {
        if (end > start) {
            print_prefix(grep, name, number, ':');
            output_bytes(grep->out, line + start, end - start);
            output_char(grep->out, '\n');
        }
        from = end > start ? end : end + 1;
    }
}

static void search(struct grep *grep, struct reader *reader, const char *name)
{
    uint64_t number = 0, last = 0; // the line shown last
    int64_t count = 0, after = 0; // as many as are still to be shown behind it
    bool silent = grep->quiet || grep->count || grep->list || grep->list_others;
    bool binary = false; // not a text: its bytes would do things to a terminal
    char *line;
    size_t length, start, end;
    while ((count < grep->limit || after > 0) && (line = reader_line(reader, &length)) != NULL) {
        number++;
        binary |= memchr(line, '\0', length) != NULL;
        if (count == grep->limit || find(grep, line, length, 0, &start, &end) == grep->invert) {
            if (after > 0) {
                after--;
                print_around(grep, name, last = number, line, length);
            } else if (grep->before > 0 && !silent) {
                keep(grep, number, line, length);
            }
            continue;
        }
        count++;
        if (grep->quiet || grep->list || grep->list_others) {
            break; // one is enough
        }
        if (!silent && binary) {
            output_format(grep->out, "grep: %.400s: binary file matches\n", name);
            break;
        }
        if (!silent) {
            print_before(grep, name, number, last);
            print_line(grep, name, last = number, line, length);
            after = grep->after;
            grep->shown = true;
        }
        if (output_failed(grep->out)) {
            break;
        }
    }
    grep->found |= count > 0;
    if (grep->count && !grep->quiet && !grep->list && !grep->list_others) {
        bool numbers = grep->numbers;
        grep->numbers = false;
        print_prefix(grep, name, 0, ':');
        grep->numbers = numbers;
        output_format(grep->out, "%lld\n", (long long)count);
    }
    if (!grep->quiet && (grep->list ? count > 0 : grep->list_others && count == 0)) {
        output_text(grep->out, name);
        output_char(grep->out, '\n');
    }
}

static void search_file(struct grep *grep, const char *path)
{
    bool input = strcmp(path, "-") == 0;
    int descriptor = input ? STDIN_FILENO : open(path, O_RDONLY);
    struct stat status;
    bool folder = descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
    if (descriptor < 0 || folder) {
        errno = folder ? EISDIR : errno;
        output_flush(grep->out);
        if (!grep->silent) {
            warn("%s", path);
        }
        grep->status = 2;
    } else {
        struct reader *reader = reader_new(descriptor);
        search(grep, reader, input ? "(standard input)" : path);
        if (reader_failed(reader)) {
            grep->status = 2;
        }
        reader_close(reader);
    }
    if (descriptor >= 0 && !input) {
        close(descriptor);
    }
}

static void search_tree(struct grep *grep, const char *path, bool here)
{
    struct walk walk;
    enum walk_event event;
    walk_start(&walk, path, true);
    while ((event = walk_next(&walk)) != WALK_END) {
        if (event == WALK_ERROR && !grep->silent) {
            warn("%s", walk.path);
        }
        if (event == WALK_ERROR) {
            grep->status = 2;
        } else if (event == WALK_FILE && (S_ISREG(walk.stat.st_mode) || walk.depth == 0)) {
            search_file(grep, walk.path + (here ? strlen("./") : 0));
        }
    }
}

// Reads the options; returns the first pattern's text, or NULL where -e gave the patterns.
static char *parse_options(struct grep *grep, int argc, char **argv)
{
    char *expressions = NULL;
    int option;
    while ((option = getopt(argc, argv, "A:B:C:EFGHLce:hilm:noqrRsvwxy")) != -1) {
        const char *letter = strchr("E1F4i2y2w8", option);
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'e') {
            size_t used = expressions != NULL ? strlen(expressions) + 1 : 0;
            expressions = must_realloc(expressions, used + strlen(optarg) + 1);
            memcpy(expressions + used, optarg, strlen(optarg) + 1);
            if (used > 0) {
                expressions[used - 1] = '\n';
            }
        } else if (option == 'm') {
            grep->limit = command_count(optarg, "max count");
        } else if (option == 'A' || option == 'B' || option == 'C') {
            int64_t lines = command_count(optarg, "context length");
            lines = lines < AROUND_MAX ? lines : AROUND_MAX;
            grep->before = option == 'A' ? grep->before : lines;
            grep->after = option == 'B' ? grep->after : lines;
        } else if (letter != NULL) {
            grep->flags |= letter[1] - '0';
        }
        grep->invert |= option == 'v';
        grep->numbers |= option == 'n';
        grep->count |= option == 'c';
        grep->recursive |= option == 'r' || option == 'R';
        grep->list = option == 'l' || (grep->list && option != 'L');
        grep->list_others = option == 'L' || (grep->list_others && option != 'l');
        grep->quiet |= option == 'q';
        grep->silent |= option == 's';
        grep->whole |= option == 'x';
        grep->only |= option == 'o';
        grep->names = option == 'H' || (grep->names && option != 'h');
        grep->no_names = option == 'h' || (grep->no_names && option != 'H');
    }
    return expressions;
}

int main(int argc, char **argv)
{
    struct grep grep = {.limit = INT64_MAX};
    char *expressions = parse_options(&grep, argc, argv);
    if (expressions == NULL && optind == argc) {
        command_usage(usage);
    }
    add_patterns(&grep, expressions != NULL ? expressions : argv[optind++]);
    if (grep.before > 0) {
        grep.kept = must_malloc((size_t)grep.before * sizeof(char *));
        memset(grep.kept, 0, (size_t)grep.before * sizeof(char *));
    }
    grep.names |= !grep.no_names && (grep.recursive || argc - optind > 1);
    grep.out = output_open(STDOUT_FILENO);
    if (optind == argc) {
        grep.recursive ? search_tree(&grep, ".", true) : search_file(&grep, "-");
    }
    for (int i = optind; i < argc && !output_failed(grep.out) && !(grep.quiet && grep.found); i++) {
        bool tree = grep.recursive && strcmp(argv[i], "-") != 0;
        tree ? search_tree(&grep, argv[i], false) : search_file(&grep, argv[i]);
    }
    for (size_t i = 0; i < grep.pattern_count; i++) {
        pattern_free(grep.patterns[i]);
    }
    free(grep.patterns);
    for (int64_t i = 0; i < grep.before; i++) {
        free(grep.kept[i]);
    }
    free(grep.kept);
    free(expressions);
    bool failed = output_close(grep.out) != 0;
    if (grep.quiet && grep.found) {
        return 0;
    }
    return failed || grep.status != 0 ? 2 : !grep.found;
}
