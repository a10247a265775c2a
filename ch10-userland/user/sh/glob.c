#include "user/sh/glob.h"

#include "user/sh/expand.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// The character that a pattern begins with, and whether it stands for itself alone; moves behind
// it.
static unsigned char next_char(const char **pattern, bool *literal)
{
    *literal = (**pattern == EXPAND_ESCAPE || **pattern == '\\') && (*pattern)[1];
    *pattern += *literal;
    return (unsigned char)*(*pattern)++;
}

// [:name:] at *pattern, behind the bracket: whether c is of the class; moves behind it. False and
// no move if it is none.
static bool in_class(const char **pattern, unsigned char c)
{
    bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
    bool blank = c == ' ' || c == '\t', print = c >= ' ' && c <= '~';
    bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const struct {
        const char *name;
        bool is;
    } classes[] = {
        {":alpha:]", lower || upper}, {":digit:]", digit}, {":alnum:]", lower || upper || digit},
        {":lower:]", lower}, {":upper:]", upper}, {":blank:]", blank}, {":xdigit:]", hex},
        {":space:]", c == ' ' || (c >= '\t' && c <= '\r')}, {":print:]", print},
        {":graph:]", print && c != ' '}, {":cntrl:]", c < ' ' || c == 127},
        {":punct:]", print && c != ' ' && !(lower || upper || digit)},
    };

    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        size_t length = strlen(classes[i].name);

        if (strncmp(*pattern, classes[i].name, length) == 0) {
            *pattern += length;
            return classes[i].is;
        }
    }
    return false;
}

// A bracket expression behind its [: moves behind its ] and tells whether c matches; without a ]
// *pattern becomes NULL: it is none.
static bool in_brackets(const char **pattern, unsigned char c)
{
    const char *p = *pattern;
    bool literal, found = false, not = *p == '!' || *p == '^';
    const char *first = p += not ;

    while (*p && (*p != ']' || p == first)) {
        const char *class = p + 1;
        unsigned char low, high;

        if (*p == '[' && p[1] == ':') {
            found |= in_class(&class, c);
            if (class != p + 1) {
                p = class;
                continue;
            }
        }
        low = high = next_char(&p, &literal);
        if (*p == '-' && p[1] && p[1] != ']') {
            p++;
            high = next_char(&p, &literal);
        }
        found |= c >= low && c <= high;
    }
    *pattern = *p ? p + 1 : NULL;
    return found != not ;
}

// Whether c matches what the pattern begins with; moves behind that.
static bool match_one(const char **pattern, unsigned char c)
{
    const char *brackets;
    bool literal, matches;
    unsigned char first = next_char(pattern, &literal);

    if (literal || (first != '?' && first != '[')) {
        return first == c;
    }
    if (first == '?') {
        return true;
    }
    brackets = *pattern;
    matches = in_brackets(&brackets, c);
    if (!brackets) {
        return c == '[';
    }
    *pattern = brackets;
    return matches;
}

bool glob_match(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL; // behind the last *, and where its rest was tried last

    while (*text) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = text;
        } else if (*pattern && match_one(&pattern, (unsigned char)*text)) {
            text++;
        } else if (star) {
            pattern = star;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

// Whether text[0..length) is more than plain characters.
static bool is_pattern(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == EXPAND_ESCAPE || text[i] == '\\') {
            i++;
        } else if (text[i] == '*' || text[i] == '?' || text[i] == '[') {
            return true;
        }
    }
    return false;
}

// A list of paths under way, with its end at hand.
struct paths {
    struct arena *arena;
    struct word *first, **end;
    size_t count;
};

static void add(struct paths *paths, const char *folder, const char *name)
{
    struct buffer path = {.arena = paths->arena};
    struct word *word = arena_get(paths->arena, sizeof(*word));

    buffer_add(&path, folder, strlen(folder));
    buffer_add(&path, name, strlen(name));
    word->text = buffer_string(&path);
    *paths->end = word;
    paths->end = &word->next;
    paths->count++;
}

// Adds the names in a folder that match.
static void add_matches(struct paths *paths, const char *folder, const char *pattern)
{
    DIR *directory = opendir(*folder ? folder : ".");
    struct dirent *entry;
    bool literal;
    const char *first = pattern;
    bool hidden = next_char(&first, &literal) == '.';

    if (!directory) {
        return;
    }
    while ((entry = readdir(directory)) != NULL) {
        if ((entry->d_name[0] != '.' || hidden) && glob_match(pattern, entry->d_name)) {
            add(paths, folder, entry->d_name);
        }
    }
    closedir(directory);
}

// From paths to the folders where a part of the pattern is looked for, to those that it leads to.
static struct paths step(struct arena *arena, const struct paths *from, const char *part,
                         size_t length)
{
    struct paths to = {.arena = arena};
    char *text = arena_text(arena, part, length);

    to.end = &to.first;
    for (const struct word *path = from->first; path; path = path->next) {
        if (is_pattern(part, length)) {
            add_matches(&to, path->text, text);
        } else {
            add(&to, path->text, expand_unmark(arena_string(arena, text)));
        }
    }
    return to;
}

static int compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

// Gives those that exist, in order.
static void finish(struct arena *arena, const struct paths *paths, struct word **list)
{
    const char **sorted = arena_get(arena, (paths->count + 1) * sizeof(*sorted));
    size_t count = 0;
    struct stat status;

    for (const struct word *path = paths->first; path; path = path->next) {
        if (lstat(path->text, &status) == 0) {
            sorted[count++] = path->text;
        }
    }
    qsort(sorted, count, sizeof(*sorted), compare);
    for (size_t i = 0; i < count; i++) {
        parser_add_word(arena, list, sorted[i]);
        while (*list) {
            list = &(*list)->next;
        }
    }
}

void glob_expand(struct shell *shell, const char *pattern, struct word **list)
{
    struct paths paths = {.arena = &shell->arena};

    if (!is_pattern(pattern, strlen(pattern))) {
        return;
    }
    if (shell->options & SHELL_NO_GLOB) {
        return;
    }
    paths.end = &paths.first;
    add(&paths, "", "");
    while (*pattern && paths.count > 0) {
        size_t length = strcspn(pattern, "/"), slashes = strspn(pattern + length, "/");

        if (length > 0) {
            paths = step(&shell->arena, &paths, pattern, length);
        }
        if (slashes > 0) {
            paths = step(&shell->arena, &paths, pattern + length, slashes);
        }
        pattern += length + slashes;
    }
    finish(&shell->arena, &paths, list);
}
