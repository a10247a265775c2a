// sort: lines in order.
#include "user/libc/command.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct order {
    bool blanks, end_blanks, fold, numeric, reverse; // blanks: that lead the start, the end
};

// A part of a line: from a character of a field to one of another; numbers from 1 on.
struct key {
    size_t field, character; // where it starts
    size_t end_field, end_character; // 0: at the line's end; character 0: at the field's
    struct order order;
    bool has_order;
};

struct line {
    char *text;
    size_t length;
};

struct sort {
    struct order order;
    struct key *keys;
    size_t key_count;
    int separator; // of fields; -1: blanks before each
    bool unique, stable, check, quiet;
    struct line *lines;
    size_t count;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

// Where a field ends that starts at a place.
static const char *field_end(const struct sort *sort, const char *at, const char *end)
{
    if (sort->separator >= 0) {
        const char *found = memchr(at, sort->separator, (size_t)(end - at));
        return found != NULL ? found : end;
    }
    while (at < end && is_blank(*at)) {
        at++;
    }
    while (at < end && !is_blank(*at)) {
        at++;
    }
    return at;
}

// Where the n-th field (from 1) starts; the line's end where it has fewer.
static const char *field_start(const struct sort *sort, const struct line *line, size_t n)
{
    const char *at = line->text, *end = at + line->length;
    for (; n > 1 && at < end; n--) {
        at = field_end(sort, at, end);
        at += sort->separator >= 0 && at < end;
    }
    return at;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    return at;
}

// The part of a line that a key names.
static struct line key_of(const struct sort *sort, const struct key *key, const struct order *order,
                          const struct line *line)
{
    const char *end = line->text + line->length;
    const char *start = field_start(sort, line, key->field), *stop = end;
    start = order->blanks ? skip_blanks(start, end) : start;
    start = (size_t)(end - start) < key->character - 1 ? end : start + key->character - 1;
    if (key->end_field > 0) {
        stop = field_start(sort, line, key->end_field);
        if (key->end_character == 0) {
            stop = field_end(sort, stop, end);
        } else {
            stop = order->end_blanks ? skip_blanks(stop, end) : stop;
            bool far = (size_t)(end - stop) < key->end_character;
            stop = far ? end : stop + key->end_character;
        }
    }
    return (struct line){(char *)start, stop > start ? (size_t)(stop - start) : 0};
}

// A number in a text: its digits before and after the point, without zeros that mean nothing.
struct number {
    bool negative;
    const char *whole, *rest;
    size_t whole_length, rest_length;
};

static struct number parse_number(const struct line *text)
{
    struct number number = {0};
    const char *end = text->text + text->length, *at = skip_blanks(text->text, end);
    if (at < end && *at == '-') {
        number.negative = true;
        at++;
    }
    while (at < end && *at == '0') {
        at++;
    }
    for (number.whole = at; at < end && *at >= '0' && *at <= '9'; at++) {
        number.whole_length++;
    }
    if (at < end && *at == '.') {
        number.rest = ++at;
        for (; at < end && *at >= '0' && *at <= '9'; at++) {
            number.rest_length = *at != '0' ? (size_t)(at + 1 - number.rest) : number.rest_length;
        }
    }
    number.negative &= number.whole_length + number.rest_length > 0; // -0 is 0
    return number;
}

static int compare_numbers(const struct line *left, const struct line *right)
{
    struct number one = parse_number(left), other = parse_number(right);
    if (one.negative != other.negative) {
        return one.negative ? -1 : 1;
    }
    int order = (one.whole_length > other.whole_length) - (one.whole_length < other.whole_length);
    if (order == 0) {
        order = memcmp(one.whole, other.whole, one.whole_length);
    }
    size_t common = one.rest_length < other.rest_length ? one.rest_length : other.rest_length;
    if (order == 0 && common > 0) {
        order = memcmp(one.rest, other.rest, common);
    }
    if (order == 0) {
        order = (one.rest_length > other.rest_length) - (one.rest_length < other.rest_length);
    }
    return one.negative ? -order : order;
}

static unsigned char fold(char byte, bool folds)
{
    return (unsigned char)(folds && byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
}

static int compare_texts(const struct line *left, const struct line *right, bool folds)
{
    size_t common = left->length < right->length ? left->length : right->length;
    if (!folds) {
        int order = common > 0 ? memcmp(left->text, right->text, common) : 0;
        return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
    }
    for (size_t i = 0; i < common; i++) {
        unsigned char one = fold(left->text[i], folds), other = fold(right->text[i], folds);
        if (one != other) {
            return one - other;
        }
    }
    return (left->length > right->length) - (left->length < right->length);
}

// By the keys alone.
static int compare_keys(const struct sort *sort, const struct line *left, const struct line *right)
{
    const struct key whole = {.field = 1, .character = 1};
    for (size_t i = 0; i < sort->key_count || i == 0; i++) {
        const struct key *key = sort->key_count > 0 ? &sort->keys[i] : &whole;
        const struct order *order = key->has_order ? &key->order : &sort->order;
        struct line one = key_of(sort, key, order, left), other = key_of(sort, key, order, right);
        int result = order->numeric ? compare_numbers(&one, &other)
                                    : compare_texts(&one, &other, order->fold);
        if (result != 0) {
            return order->reverse ? -result : result;
        }
    }
    return 0;
}

// By the keys, and where these are equal by all bytes.
static int compare(const struct sort *sort, const struct line *left, const struct line *right)
{
    int order = compare_keys(sort, left, right);
    if (order != 0 || sort->unique || sort->stable) {
        return order;
    }
    order = compare_texts(left, right, false);
    return sort->order.reverse ? -order : order;
}

// Merge sort, from the bottom up: equal lines keep their order.
static void sort_lines(struct sort *sort)
{
    size_t count = sort->count;
    struct line *from = sort->lines, *to = must_malloc(count * sizeof(*to));
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t start = 0; start < count; start += 2 * run) {
            size_t middle = start + run < count ? start + run : count;
            size_t end = middle + run < count ? middle + run : count;
            size_t left = start, right = middle;
            for (size_t i = start; i < end; i++) {
                bool take_left = left < middle &&
                                 (right == end || compare(sort, &from[left], &from[right]) <= 0);
                to[i] = from[take_left ? left++ : right++];
            }
        }
        struct line *swap = from;
        from = to;
        to = swap;
    }
    sort->lines = from;
    free(to);
}

static void read_lines(struct sort *sort, const char *path)
{
    struct reader *reader = reader_open(path);
    if (reader == NULL) {
        exit(2);
    }
    size_t length;
    for (char *text; (text = reader_line(reader, &length)) != NULL;) {
        sort->lines = must_grow(sort->lines, sort->count, sizeof(*sort->lines));
        char *copy = memcpy(must_malloc(length), text, length);
        sort->lines[sort->count++] = (struct line){copy, length};
    }
    if (reader_failed(reader)) {
        exit(2);
    }
    reader_close(reader);
}

static bool set_order(struct order *order, int letter, bool start, bool end)
{
    order->blanks |= letter == 'b' && start;
    order->end_blanks |= letter == 'b' && end;
    order->fold |= letter == 'f';
    order->numeric |= letter == 'n';
    order->reverse |= letter == 'r';
    return letter != '\0' && strchr("bfnr", letter) != NULL;
}

// Reads a number of a key and what follows it: ".3", letters.
static const char *parse_place(struct key *key, const char *text, size_t *field, size_t *character)
{
    bool start = field == &key->field;
    char *end;
    *field = strtoul(text, &end, 10);
    if (*end == '.') {
        *character = strtoul(end + 1, &end, 10);
    }
    while (set_order(&key->order, *end, start, !start)) {
        key->has_order = true;
        end++;
    }
    return end;
}

static void add_key(struct sort *sort, const char *text)
{
    struct key key = {.character = 1};
    const char *end = parse_place(&key, text, &key.field, &key.character);
    if (*end == ',') {
        end = parse_place(&key, end + 1, &key.end_field, &key.end_character);
        if (key.end_field == 0) {
            errx(2, "field number is zero: invalid field specification '%s'", text);
        }
    }
    if (key.field == 0 || key.character == 0 || *end != '\0') {
        errx(2, "%sinvalid field specification '%s'",
             key.field == 0 && *end == '\0' ? "field number is zero: " : "", text);
    }
    sort->keys = must_grow(sort->keys, sort->key_count, sizeof(*sort->keys));
    sort->keys[sort->key_count++] = key;
}

// Says which line is the first that is out of order.
static int check(const struct sort *sort, const char *path)
{
    for (size_t i = 1; i < sort->count; i++) {
        int order = compare(sort, &sort->lines[i - 1], &sort->lines[i]);
        if (order > 0 || (sort->unique && order == 0)) {
            const struct line *line = &sort->lines[i];
            if (!sort->quiet) {
                warnx("%s:%zu: disorder: %.*s", path, i + 1, (int)line->length, line->text);
            }
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *usage = "sort [-bcCfnrsu] [-k field[,field]] [-t separator] [-o file] [file...]";
    struct sort sort = {.separator = -1};
    const char *target = NULL;
    int option;
    while ((option = getopt(argc, argv, "bcCfnrsuk:t:o:")) != -1) {
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'k') {
            add_key(&sort, optarg);
        } else if (option == 't') {
            if (strlen(optarg) != 1) {
                errx(2, *optarg == '\0' ? "empty tab" : "multi-character tab '%s'", optarg);
            }
            sort.separator = (unsigned char)*optarg;
        } else if (option == 'o') {
            target = optarg;
        }
        set_order(&sort.order, option, true, true);
        sort.unique |= option == 'u';
        sort.stable |= option == 's';
        sort.check |= option == 'c' || option == 'C';
        sort.quiet |= option == 'C';
    }
    char *input[] = {"-", NULL};
    char **paths = optind < argc ? argv + optind : input;
    for (char **path = paths; *path != NULL; path++) {
        read_lines(&sort, *path);
    }
    if (sort.check) {
        return check(&sort, paths[0]);
    }
    sort_lines(&sort);
    // The target may be one of the files: all of them have been read by now.
    int to = STDOUT_FILENO;
    if (target != NULL && (to = open(target, O_WRONLY | O_CREAT | O_TRUNC, 0666)) < 0) {
        err(2, "open failed: %s", target);
    }
    struct output *out = output_open(to);
    const struct line *last = NULL;
    for (size_t i = 0; i < sort.count; i++) {
        const struct line *line = &sort.lines[i];
        if (sort.unique && last != NULL && compare_keys(&sort, last, line) == 0) {
            continue;
        }
        output_bytes(out, line->text, line->length);
        output_char(out, '\n');
        last = line;
    }
    return output_close(out) != 0 ? 2 : 0;
}
