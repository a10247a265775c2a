// test and [: conditions (POSIX, test).
#include "user/sh/builtin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct test {
    struct shell *shell;
    const char *name; // it is called by
    char **at, **end; // the arguments that are left
    bool failed; // it makes no sense, which has been told
};

static bool either(struct test *test);

static bool fail(struct test *test, const char *what, const char *text)
{
    if (!test->failed) {
        shell_error(test->shell, "%s: %s%s", test->name, text, what);
    }
    test->failed = true;
    return false;
}

static long number(struct test *test, const char *text)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    while (*end == ' ') {
        end++;
    }
    if (end == text || *end || errno) {
        if (!test->failed) {
            shell_error(test->shell, "%s: Illegal number: %s", test->name, text);
        }
        test->failed = true;
    }
    return value;
}

static bool is_unary(const char *text)
{
    return text[0] == '-' && text[1] && !text[2] && strchr("bcdefghLnprSstuwxz", text[1]);
}

static bool unary(struct test *test, char what, const char *text)
{
    static const char kinds[] = "bcdfpSLh";
    static const mode_t modes[] = {S_IFBLK, S_IFCHR, S_IFDIR, S_IFREG, S_IFIFO, S_IFSOCK, S_IFLNK,
                                   S_IFLNK};
    const char *kind = strchr(kinds, what);
    struct stat status;

    switch (what) {
    case 'n':
        return *text != '\0';
    case 'z':
        return *text == '\0';
    case 't':
        return isatty((int)number(test, text));
    case 'r':
        return access(text, R_OK) == 0;
    case 'w':
        return access(text, W_OK) == 0;
    case 'x':
        return access(text, X_OK) == 0;
    }
    if ((what == 'L' || what == 'h' ? lstat : stat)(text, &status) < 0) {
        return false;
    }
    if (kind) {
        return (status.st_mode & S_IFMT) == modes[kind - kinds];
    }
    switch (what) {
    case 's':
        return status.st_size > 0;
    case 'g':
        return status.st_mode & 02000;
    case 'u':
        return status.st_mode & 04000;
    default: // e
        return true;
    }
}

// -nt, -ot and -ef: two files.
static bool compare_files(const char *sign, const char *left, const char *right)
{
    struct stat one, two;
    bool has_one = stat(left, &one) == 0, has_two = stat(right, &two) == 0;
    bool newer = one.st_mtim.tv_sec != two.st_mtim.tv_sec
                     ? one.st_mtim.tv_sec > two.st_mtim.tv_sec
                     : one.st_mtim.tv_nsec > two.st_mtim.tv_nsec;

    if (!has_one || !has_two) {
        return false;
    }
    if (sign[1] == 'e') {
        return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
    }
    return sign[1] == 'n' ? newer
                          : !newer && memcmp(&one.st_mtim, &two.st_mtim, sizeof(one.st_mtim)) != 0;
}

static const char operators[][4] = {
    "=", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef",
};

// The number of a binary operator, -1: it is none.
static int find_operator(const char *text)
{
    for (int i = 0; i < (int)(sizeof(operators) / sizeof(operators[0])); i++) {
        if (strcmp(operators[i], text) == 0) {
            return i;
        }
    }
    return -1;
}

static bool binary(struct test *test, int sign, const char *left, const char *right)
{
    int order;
    long difference;

    if (sign >= 10) {
        return compare_files(operators[sign], left, right);
    }
    if (sign < 4) {
        order = strcmp(left, right);
        return sign == 0 ? order == 0 : sign == 1 ? order != 0 : sign == 2 ? order < 0 : order > 0;
    }
    order =
        number(test, left) < number(test, right) ? -1 : number(test, left) > number(test, right);
    difference = order;
    switch (sign) {
    case 4:
        return difference == 0;
    case 5:
        return difference != 0;
    case 6:
        return difference < 0;
    case 7:
        return difference <= 0;
    case 8:
        return difference > 0;
    default:
        return difference >= 0;
    }
}

// A condition without -a and -o.
static bool primary(struct test *test)
{
    size_t left = (size_t)(test->end - test->at);
    char **at = test->at;
    bool result;

    if (left == 0) {
        return fail(test, "argument expected", "");
    }
    if (left >= 3 && find_operator(at[1]) >= 0) {
        test->at += 3;
        return binary(test, find_operator(at[1]), at[0], at[2]);
    }
    if (left >= 2 && strcmp(at[0], "!") == 0) {
        if (!shell_enter(test->shell)) {
            return fail(test, "", "too deep");
        }
        test->at++;
        result = !primary(test);
        shell_return(test->shell);
        return result;
    }
    if (left >= 3 && strcmp(at[0], "(") == 0) {
        if (!shell_enter(test->shell)) {
            return fail(test, "", "too deep");
        }
        test->at++;
        result = either(test);
        shell_return(test->shell);
        if (test->at == test->end || strcmp(*test->at, ")") != 0) {
            return fail(test, "closing paren expected", "");
        }
        test->at++;
        return result;
    }
    if (left >= 2 && is_unary(at[0])) {
        test->at += 2;
        return unary(test, at[0][1], at[1]);
    }
    test->at++;
    return at[0][0] != '\0';
}

static bool both(struct test *test)
{
    bool result = primary(test);

    while (test->at < test->end && strcmp(*test->at, "-a") == 0) {
        test->at++;
        result = primary(test) && result;
    }
    return result;
}

static bool either(struct test *test)
{
    bool result = both(test);

    while (test->at < test->end && strcmp(*test->at, "-o") == 0) {
        test->at++;
        result = both(test) || result;
    }
    return result;
}

int builtin_test(struct shell *shell, int count, char **arguments)
{
    struct test test = {shell, arguments[0], arguments + 1, arguments + count, false};
    bool result;

    if (strcmp(arguments[0], "[") == 0) {
        if (strcmp(arguments[count - 1], "]") != 0) {
            shell_error(shell, "[: missing ]");
            return 2;
        }
        test.end--;
    }
    if (test.at >= test.end) {
        return 1;
    }
    result = either(&test);
    if (test.at < test.end && !test.failed) {
        fail(&test, ": unexpected operator", test.at[-1]);
    }
    return test.failed ? 2 : !result;
}
