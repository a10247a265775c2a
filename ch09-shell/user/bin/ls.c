// ls: what is in a directory.
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#define GAP 2 // blanks between columns
#define SIX_MONTHS (182 * 24 * 3600l)
#define LINK_SIZE 4096

struct entry {
    char *name;
    struct stat stat; // zeros where it is not asked for, or not told
};

struct entries {
    struct entry *entry;
    size_t count;
};

struct ls {
    bool all, almost_all, long_form, itself, recursive, reverse, by_size, by_time, marks, numbers;
    bool slashes, plain_owners;
    bool readable_sizes, color, columns, has_stat;
    bool printed; // anything yet
    int width; // of the terminal
    int status;
    time_t now;
    struct output *out;
};

// By what was asked for; names decide where that is the same.
static int compare(const struct ls *ls, const struct entry *left, const struct entry *right)
{
    int order = 0;
    if (ls->by_size) {
        order =
            (left->stat.st_size < right->stat.st_size) - (left->stat.st_size > right->stat.st_size);
    } else if (ls->by_time) {
        order = (left->stat.st_mtim.tv_sec < right->stat.st_mtim.tv_sec) -
                (left->stat.st_mtim.tv_sec > right->stat.st_mtim.tv_sec);
        if (order == 0) {
            order = (left->stat.st_mtim.tv_nsec < right->stat.st_mtim.tv_nsec) -
                    (left->stat.st_mtim.tv_nsec > right->stat.st_mtim.tv_nsec);
        }
    }
    if (order == 0) {
        order = strcmp(left->name, right->name);
    }
    return ls->reverse ? -order : order;
}

// Merge sort, from the bottom up: qsort's function could not know what was asked for.
static void sort(const struct ls *ls, struct entries *entries)
{
    size_t count = entries->count;
    struct entry *from = entries->entry, *to = must_malloc(count * sizeof(*to));
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t middle = start + run < count ? start + run : count;
            size_t end = middle + run < count ? middle + run : count;
            size_t left = start, right = middle;
            for (size_t i = start; i < end; i++) {
                bool take_left =
                    left < middle && (right == end || compare(ls, &from[left], &from[right]) <= 0);
                to[i] = from[take_left ? left++ : right++];
            }
        }
        struct entry *swap = from;
        from = to;
        to = swap;
    }
    entries->entry = from;
    free(to);
}

static char kind_of(mode_t mode)
{
    return S_ISDIR(mode)                    ? '/'
           : S_ISLNK(mode)                  ? '@'
           : S_ISFIFO(mode)                 ? '|'
           : S_ISREG(mode) && (mode & 0111) ? '*'
                                            : '\0';
}

// What is shown behind a name, NUL: nothing.
static char mark_of(const struct ls *ls, mode_t mode)
{
    char kind = kind_of(mode);
    return ls->marks || (ls->slashes && kind == '/') ? kind : '\0';
}

// Columns that a name takes: UTF-8's further bytes take none.
static int name_width(const struct ls *ls, const struct entry *entry)
{
    int width = mark_of(ls, entry->stat.st_mode) != '\0';
    for (const char *byte = entry->name; *byte != '\0'; byte++) {
        width += (*byte & 0xc0) != 0x80;
    }
    return width;
}

static void print_name(struct ls *ls, const struct entry *entry)
{
    char mark = mark_of(ls, entry->stat.st_mode), kind = kind_of(entry->stat.st_mode);
    const char *color = !ls->color    ? ""
                        : kind == '/' ? "\033[1;34m"
                        : kind == '@' ? "\033[1;36m"
                        : kind == '*' ? "\033[1;32m"
                                      : "";
    output_text(ls->out, color);
    for (const char *byte = entry->name; *byte != '\0'; byte++) {
        bool control = (unsigned char)*byte < ' ' || *byte == 0x7f;
        output_char(ls->out, control && ls->columns ? '?' : *byte); // a terminal obeys them
    }
    output_text(ls->out, *color != '\0' ? "\033[m" : "");
    if (mark != '\0' && !(ls->long_form && mark == '@')) {
        output_char(ls->out, mark);
    }
}

static void owner_text(const struct ls *ls, char text[12], unsigned owner)
{
    snprintf(text, 12, owner == 0 && !ls->plain_owners ? "root" : "%u", owner);
}

static void length_text(const struct ls *ls, char text[24], const struct stat *stat)
{
    if (S_ISCHR(stat->st_mode) || S_ISBLK(stat->st_mode)) {
        snprintf(text, 24, "%u, %3u", major(stat->st_rdev), minor(stat->st_rdev));
    } else if (ls->readable_sizes) {
        size_text(text, (uint64_t)stat->st_size);
    } else {
        snprintf(text, 24, "%lld", (long long)stat->st_size);
    }
}

// The mode of what a link leads to; 0: nothing.
static mode_t mode_behind(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode : 0;
}

static int max(int left, size_t right)
{
    return left > (int)right ? left : (int)right;
}

static void print_long(struct ls *ls, const struct entries *entries, const char *directory)
{
    int links_width = 1, owner_width = 1, group_width = 1, size_width = 1, number_width = 1;
    char text[24];
    for (size_t i = 0; i < entries->count; i++) {
        const struct stat *stat = &entries->entry[i].stat;
        links_width = max(links_width, (size_t)snprintf(text, 24, "%lu", (long)stat->st_nlink));
        number_width = max(number_width, (size_t)snprintf(text, 24, "%lu", (long)stat->st_ino));
        owner_text(ls, text, stat->st_uid);
        owner_width = max(owner_width, strlen(text));
        owner_text(ls, text, stat->st_gid);
        group_width = max(group_width, strlen(text));
        length_text(ls, text, stat);
        size_width = max(size_width, strlen(text));
    }
    char *target = must_malloc(LINK_SIZE);
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->entry[i];
        const struct stat *stat = &entry->stat;
        char mode[11], owner[12], group[12], date[24] = "";
        mode_text(mode, stat->st_mode);
        owner_text(ls, owner, stat->st_uid);
        owner_text(ls, group, stat->st_gid);
        length_text(ls, text, stat);
        struct tm time;
        time_t changed = stat->st_mtim.tv_sec;
        bool recent = changed > ls->now - SIX_MONTHS && changed <= ls->now;
        if (gmtime_r(&changed, &time) != NULL) {
            strftime(date, sizeof(date), recent ? "%b %e %H:%M" : "%b %e  %Y", &time);
        }
        if (ls->numbers) {
            output_format(ls->out, "%*lu ", number_width, (unsigned long)stat->st_ino);
        }
        output_format(ls->out, "%s %*lu %-*s %-*s %*s %s ", mode, links_width,
                      (unsigned long)stat->st_nlink, owner_width, owner, group_width, group,
                      size_width, text, date);
        print_name(ls, entry);
        if (S_ISLNK(stat->st_mode)) {
            char *path = path_join(directory, entry->name);
            ssize_t length = readlink(path, target, LINK_SIZE);
            char mark = mark_of(ls, ls->marks || ls->slashes ? mode_behind(path) : 0);
            free(path);
            output_text(ls->out, " -> ");
            output_bytes(ls->out, target, length > 0 ? (size_t)length : 0);
            output_bytes(ls->out, &mark, mark != '\0');
        }
        output_char(ls->out, '\n');
    }
    free(target);
}

// In as few rows as fit, filled column by column, each as wide as it must be.
static void print_columns(struct ls *ls, const struct entries *entries)
{
    size_t count = entries->count, rows = 1, columns = 0;
    int *width = must_malloc(count * sizeof(*width)), *of_column = must_malloc(count * sizeof(int));
    for (size_t i = 0; i < count; i++) {
        width[i] = name_width(ls, &entries->entry[i]) + GAP;
    }
    for (;; rows++) {
        int total = -GAP;
        columns = 0;
        for (size_t i = 0; i < count && total <= ls->width; i++) {
            if (i % rows == 0) {
                of_column[columns++] = 0;
            }
            if (width[i] > of_column[columns - 1]) {
                total += width[i] - of_column[columns - 1];
                of_column[columns - 1] = width[i];
            }
        }
        if (total < ls->width || rows >= count) {
            break;
        }
    }
    for (size_t row = 0; row < rows && count > 0; row++) {
        for (size_t i = row, column = 0; i < count; i += rows, column++) {
            print_name(ls, &entries->entry[i]);
            output_blanks(ls->out, i + rows < count ? of_column[column] - width[i] + GAP : 0);
        }
        output_char(ls->out, '\n');
    }
    free(width);
    free(of_column);
}

static void print_entries(struct ls *ls, struct entries *entries, const char *directory)
{
    if (entries->count > 0) {
        sort(ls, entries);
    }
    if (ls->long_form) {
        print_long(ls, entries, directory);
        return;
    }
    if (ls->columns && !ls->numbers) {
        print_columns(ls, entries);
        return;
    }
    for (size_t i = 0; i < entries->count; i++) {
        if (ls->numbers) {
            output_format(ls->out, "%lu ", (unsigned long)entries->entry[i].stat.st_ino);
        }
        print_name(ls, &entries->entry[i]);
        output_char(ls->out, '\n');
    }
}

static void add(struct ls *ls, struct entries *entries, const char *directory, const char *name)
{
    entries->entry = must_grow(entries->entry, entries->count, sizeof(*entries->entry));
    struct entry *entry = &entries->entry[entries->count];
    *entry = (struct entry){0};
    if (ls->has_stat) {
        char *path = path_join(directory, name);
        if (lstat(path, &entry->stat) != 0) {
            entry->stat = (struct stat){0};
            output_flush(ls->out);
            warn("cannot access '%s'", path);
            ls->status = ls->status < 1 ? 1 : ls->status;
        }
        free(path);
    }
    entry->name = must_strdup(name);
    entries->count++;
}

static void free_entries(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->entry[i].name);
    }
    free(entries->entry);
    *entries = (struct entries){0};
}

// Lists one directory; those in it are put on the list of what is still to do, the first one last.
static void list(struct ls *ls, const char *path, bool header, struct names *todo)
{
    struct names names;
    if (names_read(&names, path) != 0) {
        output_flush(ls->out);
        warn("cannot open directory '%s'", path);
        ls->status = header && todo->count > 0 ? 1 : 2;
        return;
    }
    output_text(ls->out, ls->printed ? "\n" : "");
    ls->printed = true;
    if (header) {
        output_text(ls->out, path);
        output_text(ls->out, ":\n");
    }
    struct entries entries = {0};
    if (ls->all) {
        add(ls, &entries, path, ".");
        add(ls, &entries, path, "..");
    }
    for (size_t i = 0; i < names.count; i++) {
        if (names.name[i][0] != '.' || ls->all || ls->almost_all) {
            add(ls, &entries, path, names.name[i]);
        }
    }
    names_free(&names);
    uint64_t blocks = 0;
    for (size_t i = 0; i < entries.count; i++) {
        blocks += (uint64_t)entries.entry[i].stat.st_blocks;
    }
    if (ls->long_form) {
        char total[24];
        snprintf(total, sizeof(total), "%llu", (unsigned long long)(blocks + 1) / 2);
        if (ls->readable_sizes) {
            size_text(total, blocks * 512);
        }
        output_format(ls->out, "total %s\n", total);
    }
    print_entries(ls, &entries, path);
    for (size_t i = entries.count; ls->recursive && i-- > 0;) {
        const char *name = entries.entry[i].name;
        if (S_ISDIR(entries.entry[i].stat.st_mode) && strcmp(name, ".") && strcmp(name, "..")) {
            todo->name = must_grow(todo->name, todo->count, sizeof(*todo->name));
            todo->name[todo->count++] = path_join(path, name);
        }
    }
    free_entries(&entries);
}

static int terminal_width(void)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    int64_t number;
    if (columns != NULL && command_number(columns, &number) && number > 0 && number < 10000) {
        return (int)number;
    }
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void parse_options(struct ls *ls, int argc, char **argv)
{
    int option;
    bool terminal = isatty(STDOUT_FILENO);
    ls->columns = terminal;
    while ((option = getopt(argc, argv, "1aACdFGhilnprRSt")) != -1) {
        ls->columns =
            option == 'C' || (ls->columns && option != '1' && option != 'l' && option != 'n');
        ls->all = option == 'a' || (ls->all && option != 'A');
        ls->almost_all = option == 'A' || (ls->almost_all && option != 'a');
        ls->itself |= option == 'd';
        ls->marks |= option == 'F';
        ls->color |= option == 'G';
        ls->readable_sizes |= option == 'h';
        ls->numbers |= option == 'i';
        ls->long_form |= option == 'l' || option == 'n';
        ls->plain_owners |= option == 'n';
        ls->slashes |= option == 'p';
        ls->reverse |= option == 'r';
        ls->recursive |= option == 'R';
        ls->by_size |= option == 'S';
        ls->by_time |= option == 't';
        if (option == '?') {
            command_usage("ls [-1aACdFGhilnprRSt] [file...]");
        }
    }
    ls->color &= terminal;
    ls->has_stat = ls->long_form || ls->marks || ls->slashes || ls->color || ls->recursive ||
                   ls->by_size || ls->by_time || ls->numbers;
}

int main(int argc, char **argv)
{
    struct ls *ls = must_malloc(sizeof(*ls));
    *ls = (struct ls){.now = time(NULL), .width = terminal_width()};
    parse_options(ls, argc, argv);
    ls->out = output_open(STDOUT_FILENO);
    char *here[] = {".", NULL};
    char **paths = optind < argc ? argv + optind : here;
    struct entries files = {0}, directories = {0};
    for (char **path = paths; *path != NULL; path++) {
        // A link is followed where its target is what is to be listed.
        struct stat status;
        bool follow = !ls->itself && !ls->long_form && !ls->marks;
        bool is_directory = !ls->itself && stat(*path, &status) == 0 && S_ISDIR(status.st_mode);
        if (!is_directory || !follow) {
            if (lstat(*path, &status) != 0) {
                warn("cannot access '%s'", *path);
                ls->status = 2;
                continue;
            }
            is_directory = !ls->itself && S_ISDIR(status.st_mode);
        }
        add(ls, is_directory ? &directories : &files, "", *path);
    }
    bool header = ls->recursive || ls->status != 0 || files.count + directories.count > 1;
    if (files.count > 0) {
        print_entries(ls, &files, "");
        ls->printed = true;
    }
    if (directories.count > 0) {
        sort(ls, &directories);
    }
    for (size_t i = 0; i < directories.count; i++) {
        struct names todo = {0};
        list(ls, directories.entry[i].name, header, &todo);
        while (todo.count > 0 && !output_failed(ls->out)) {
            char *path = todo.name[--todo.count];
            // Its place is free: what is found in it comes next.
            list(ls, path, true, &todo);
            free(path);
        }
        names_free(&todo);
    }
    free_entries(&files);
    free_entries(&directories);
    int status = output_close(ls->out) != 0 ? 2 : ls->status;
    free(ls);
    return status;
}
