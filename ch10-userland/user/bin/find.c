// find: files of which something is true.
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARGUMENTS_MAX 128 // of a command that gets several paths at once

enum kind {
    AND,
    OR,
    NOT,
    NAME,
    INAME,
    PATH,
    TYPE,
    SIZE,
    MTIME,
    MMIN,
    LINKS,
    NEWER,
    EMPTY,
    PERM,
    PRINT,
    PRINT0,
    DELETE,
    PRUNE,
    EXEC,
    ALWAYS,
    NEVER
};

struct test {
    enum kind kind;
    struct test *left, *right; // AND, OR, NOT (right)
    const char *text; // NAME, INAME, PATH, TYPE
    int sign; // SIZE, MTIME, PERM: less (-1), exactly (0), more (1)
    int64_t number, unit;
    char **command; // EXEC, up to the ";" or the "+"
    size_t command_count;
    bool many; // "+"
    char **paths;
    size_t path_count;
};

struct find {
    char **argument; // the next of the expression
    bool acts; // it does something, so what is found is not printed
    bool depth_first;
    uint64_t depth_min, depth_max;
    time_t now;
    struct walk walk;
    int status;
    struct output *out;
};

// Whether a name matches a pattern with * ? [..] and \. Of a star's places only the last is tried
// again: so it takes at most pattern times name steps.
static bool matches(const char *pattern, const char *name, bool fold)
{
    const char *star = NULL, *again = NULL;
    while (*name != '\0') {
        const char *next = pattern + 1;
        unsigned char byte = (unsigned char)*name, wanted = (unsigned char)*pattern;
        bool fits = false;
        if (wanted == '*') {
            star = ++pattern;
            again = name;
            continue;
        }
        const char *end = wanted == '[' ? strchr(pattern + 2 + (pattern[1] == '!'), ']') : NULL;
        if (end != NULL) {
            bool inverted = pattern[1] == '!' || pattern[1] == '^';
            for (const char *at = pattern + 1 + inverted; at < end; at++) {
                bool range = at[1] == '-' && at + 2 < end;
                fits |= byte >= (unsigned char)at[0] && byte <= (unsigned char)at[range ? 2 : 0];
                at += range ? 2 : 0;
            }
            fits ^= inverted;
            next = end + 1;
        } else {
            if (wanted == '\\' && pattern[1] != '\0') {
                wanted = (unsigned char)pattern[1];
                next++;
            } else if (wanted == '?') {
                wanted = byte;
            }
            bool letters = fold && (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
            fits = wanted == byte || (letters && (wanted | 0x20) == (byte | 0x20));
        }
        if (fits && *pattern != '\0') {
            pattern = next;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++again;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

// ---- The expression ----

static struct test *new_test(enum kind kind, struct test *left, struct test *right)
{
    struct test *test = must_malloc(sizeof(*test));
    *test = (struct test){.kind = kind, .left = left, .right = right};
    return test;
}

static const char *operand(struct find *find, const char *name)
{
    if (*find->argument == NULL) {
        errx(1, "missing argument to '%s'", name);
    }
    return *find->argument++;
}

// "+3", "-3", "3": what a number must be compared with.
static const char *parse_sign(struct test *test, const char *text)
{
    test->sign = *text == '+' ? 1 : *text == '-' ? -1 : 0;
    return text + (test->sign != 0);
}

static void parse_number(struct test *test, const char *name, const char *text)
{
    char *end;
    const char *digits = parse_sign(test, text);
    test->number = strtol(digits, &end, test->kind == PERM ? 8 : 10);
    test->unit = 1;
    if (test->kind == SIZE) {
        test->unit = 512;
        if (*end != '\0') {
            const char *letters = "cwbkMG", *letter = strchr(letters, *end++);
            const int64_t units[] = {1, 2, 512, 1024, 1 << 20, 1 << 30};
            test->unit = letter != NULL ? units[letter - letters] : 0;
        }
    }
    if (*digits == '\0' || end == digits || *end != '\0' || test->unit == 0 || *digits == '-') {
        errx(1, "invalid argument '%s' to '%s'", text, name);
    }
}

static void parse_command(struct find *find, struct test *test, const char *name)
{
    test->command = find->argument;
    for (;; test->command_count++) {
        const char *word = operand(find, name);
        bool last_is_path =
            test->command_count > 0 && strcmp(test->command[test->command_count - 1], "{}") == 0;
        if (strcmp(word, ";") == 0) {
            break;
        }
        if (strcmp(word, "+") == 0 && last_is_path) {
            test->many = true;
            test->command_count--; // the paths come in the place of "{}"
            break;
        }
    }
    if (test->command_count == 0) {
        errx(1, "missing argument to '%s'", name);
    }
}

static struct test *parse_or(struct find *find, int depth);

static struct test *parse_primary(struct find *find, int depth)
{
    static const struct {
        const char *name;
        enum kind kind;
    } names[] = {
        {"-name", NAME}, {"-iname", INAME}, {"-path", PATH}, {"-type", TYPE}, {"-size", SIZE},
        {"-mtime", MTIME}, {"-mmin", MMIN}, {"-links", LINKS},
        {"-newer", NEWER}, {"-empty", EMPTY}, {"-perm", PERM},
        {"-print", PRINT}, {"-print0", PRINT0}, {"-delete", DELETE}, {"-prune", PRUNE},
        {"-exec", EXEC}, {"-true", ALWAYS}, {"-false", NEVER}, {"-maxdepth", ALWAYS},
        {"-mindepth", ALWAYS}, {"-depth", ALWAYS},
    };
    if (*find->argument == NULL) {
        errx(1, "expected an expression at the end");
    }
    const char *name = *find->argument++;
    if (strcmp(name, "!") == 0 || strcmp(name, "-not") == 0) {
        return new_test(NOT, NULL, parse_primary(find, depth));
    }
    if (strcmp(name, "(") == 0) {
        struct test *inside = depth < 100 ? parse_or(find, depth + 1) : NULL;
        if (inside == NULL || *find->argument == NULL || strcmp(*find->argument++, ")") != 0) {
            errx(1, "invalid expression; I was expecting to find a ')' somewhere");
        }
        return inside;
    }
    size_t i = 0, count = sizeof(names) / sizeof(names[0]);
    while (i < count && strcmp(names[i].name, name) != 0) {
        i++;
    }
    if (i == count) {
        errx(1, *name == '-' ? "unknown predicate '%s'" : "paths must precede expression: '%s'",
             name);
    }
    struct test *test = new_test(names[i].kind, NULL, NULL);
    struct stat status;
    switch (test->kind) {
    case NAME:
    case INAME:
    case PATH:
        test->text = operand(find, name);
        break;
    case TYPE:
        test->text = operand(find, name);
        if (strlen(test->text) != 1 || strchr("fdlcbps", *test->text) == NULL) {
            errx(1, "Unknown argument to -type: %s", test->text);
        }
        break;
    case SIZE:
    case MTIME:
    case MMIN:
    case LINKS:
    case PERM:
        parse_number(test, name, operand(find, name));
        break;
    case NEWER:
        test->text = operand(find, name);
        if (lstat(test->text, &status) != 0) {
            err(1, "'%s'", test->text);
        }
        test->number = status.st_mtim.tv_sec;
        test->unit = status.st_mtim.tv_nsec;
        break;
    case EXEC:
        parse_command(find, test, name);
        break;
    case DELETE:
        find->depth_first = true;
        break;
    default:
        if (strcmp(name, "-maxdepth") == 0 || strcmp(name, "-mindepth") == 0) {
            const char *text = operand(find, name);
            *(name[2] == 'a' ? &find->depth_max : &find->depth_min) =
                (uint64_t)command_count(text, "depth");
        }
        find->depth_first |= strcmp(name, "-depth") == 0;
    }
    find->acts |=
        test->kind == PRINT || test->kind == PRINT0 || test->kind == DELETE || test->kind == EXEC;
    return test;
}

static bool is_word(const char *argument, const char *one, const char *other)
{
    return argument != NULL && (strcmp(argument, one) == 0 || strcmp(argument, other) == 0);
}

static struct test *parse_and(struct find *find, int depth)
{
    struct test *test = parse_primary(find, depth);
    while (*find->argument != NULL && !is_word(*find->argument, "-o", "-or") &&
           strcmp(*find->argument, ")") != 0) {
        find->argument += is_word(*find->argument, "-a", "-and");
        test = new_test(AND, test, parse_primary(find, depth));
    }
    return test;
}

static struct test *parse_or(struct find *find, int depth)
{
    struct test *test = parse_and(find, depth);
    while (is_word(*find->argument, "-o", "-or")) {
        find->argument++;
        test = new_test(OR, test, parse_and(find, depth));
    }
    return test;
}

// ---- What it says about a file ----

static bool run_command(struct find *find, char **arguments)
{
    output_flush(find->out);
    pid_t child = fork();
    if (child < 0) {
        err(1, "cannot fork");
    }
    if (child == 0) {
        execvp(arguments[0], arguments);
        warn("'%s'", arguments[0]);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Runs a command with the paths that were collected for it.
static void run_collected(struct find *find, struct test *test)
{
    if (test->path_count == 0) {
        return;
    }
    char **arguments = must_malloc((test->command_count + test->path_count + 1) * sizeof(char *));
    memcpy(arguments, test->command, test->command_count * sizeof(char *));
    memcpy(arguments + test->command_count, test->paths, test->path_count * sizeof(char *));
    arguments[test->command_count + test->path_count] = NULL;
    find->status |= !run_command(find, arguments);
    free(arguments);
    while (test->path_count > 0) {
        free(test->paths[--test->path_count]);
    }
}

static bool run_exec(struct find *find, struct test *test)
{
    if (test->many) {
        test->paths = must_grow(test->paths, test->path_count, sizeof(char *));
        test->paths[test->path_count++] = must_strdup(find->walk.path);
        if (test->path_count == ARGUMENTS_MAX) {
            run_collected(find, test);
        }
        return true;
    }
    char **arguments = must_malloc((test->command_count + 1) * sizeof(char *));
    for (size_t i = 0; i < test->command_count; i++) {
        bool path = strcmp(test->command[i], "{}") == 0;
        arguments[i] = path ? find->walk.path : test->command[i];
    }
    arguments[test->command_count] = NULL;
    bool succeeded = run_command(find, arguments);
    free(arguments);
    return succeeded;
}

static bool is_empty(const struct walk *walk)
{
    struct names names;
    if (!S_ISDIR(walk->stat.st_mode)) {
        return S_ISREG(walk->stat.st_mode) && walk->stat.st_size == 0;
    }
    bool empty = names_read(&names, walk->path) == 0 && names.count == 0;
    names_free(&names);
    return empty;
}

static bool compare(const struct test *test, int64_t value)
{
    return test->sign == 0 ? value == test->number
                           : (test->sign > 0 ? value > test->number : value < test->number);
}

static bool is_true(struct find *find, struct test *test)
{
    struct walk *walk = &find->walk;
    const struct stat *stat = &walk->stat;
    static const char types[] = "?pc?d?b?f?l?s???";
    switch (test->kind) {
    case AND:
        return is_true(find, test->left) && is_true(find, test->right);
    case OR:
        return is_true(find, test->left) || is_true(find, test->right);
    case NOT:
        return !is_true(find, test->right);
    case NAME:
    case INAME: {
        char *name = path_last(walk->path);
        bool result = matches(test->text, name, test->kind == INAME);
        free(name);
        return result;
    }
    case PATH:
        return matches(test->text, walk->path, false);
    case TYPE:
        return types[stat->st_mode >> 12 & 15] == *test->text;
    case SIZE:
        return compare(test, (stat->st_size + test->unit - 1) / test->unit);
    case MTIME:
        return compare(test, (find->now - stat->st_mtim.tv_sec) / (24 * 3600));
    case MMIN: // GNU's counts a minute that has begun
        return compare(test, (find->now - stat->st_mtim.tv_sec + 59) / 60);
    case LINKS:
        return compare(test, (int64_t)stat->st_nlink);
    case NEWER:
        return stat->st_mtim.tv_sec > test->number ||
               (stat->st_mtim.tv_sec == test->number && stat->st_mtim.tv_nsec > test->unit);
    case EMPTY:
        return is_empty(walk);
    case PERM: {
        mode_t wanted = (mode_t)test->number, mode = stat->st_mode & 07777;
        return test->sign < 0 ? (mode & wanted) == wanted : mode == wanted;
    }
    case PRINT:
    case PRINT0:
        output_text(find->out, walk->path);
        output_char(find->out, test->kind == PRINT ? '\n' : '\0');
        return true;
    case DELETE:
        if (strcmp(walk->path, ".") != 0 &&
            (S_ISDIR(stat->st_mode) ? rmdir : unlink)(walk->path) != 0) {
            output_flush(find->out);
            warn("cannot delete '%s'", walk->path);
            find->status = 1;
            return false;
        }
        return true;
    case PRUNE:
        walk_skip(walk);
        return true;
    case EXEC:
        return run_exec(find, test);
    case ALWAYS:
        return true;
    case NEVER:
        return false;
    }
    return false;
}

static void search(struct find *find, struct test *test, const char *path)
{
    enum walk_event event;
    walk_start(&find->walk, path, false);
    while ((event = walk_next(&find->walk)) != WALK_END && !output_failed(find->out)) {
        unsigned depth = find->walk.depth;
        if (event == WALK_ERROR) {
            output_flush(find->out);
            warn("'%s'", find->walk.path);
            find->status = 1;
            continue;
        }
        if (event == WALK_ENTER && depth >= find->depth_max) {
            walk_skip(&find->walk);
        }
        // A directory is looked at once: before what is in it, or after.
        if (depth >= find->depth_min && event != (find->depth_first ? WALK_ENTER : WALK_LEAVE)) {
            is_true(find, test);
        }
    }
}

static void finish(struct find *find, struct test *test)
{
    if (test != NULL) {
        finish(find, test->left);
        finish(find, test->right);
        run_collected(find, test);
    }
}

int main(int argc, char **argv)
{
    struct find find = {.depth_max = UINT64_MAX, .now = time(NULL)};
    int first = 1;
    while (first < argc && argv[first][0] != '-' && strcmp(argv[first], "(") != 0 &&
           strcmp(argv[first], "!") != 0) {
        first++;
    }
    find.argument = argv + first;
    struct test *test = new_test(ALWAYS, NULL, NULL);
    if (*find.argument != NULL) {
        test = parse_or(&find, 0);
    }
    if (*find.argument != NULL) {
        errx(1, "invalid expression: '%s' is unexpected", *find.argument);
    }
    if (!find.acts) {
        test = new_test(AND, test, new_test(PRINT, NULL, NULL));
    }
    find.out = output_open(STDOUT_FILENO);
    if (first == 1) {
        search(&find, test, ".");
    }
    for (int i = 1; i < first; i++) {
        search(&find, test, argv[i]);
    }
    finish(&find, test);
    return find.status | output_close(find.out);
}
