#include "user/libc/command.h"
#include "user/libc/pattern_steps.h"

#include <stdlib.h>
#include <string.h>

// Whether a step that takes no byte lets the machine through at this place of the text.
static bool passes(enum operation operation, const char *text, size_t length, size_t at)
{
    bool before = at > 0 && pattern_is_word((unsigned char)text[at - 1]);
    bool behind = at < length && pattern_is_word((unsigned char)text[at]);
    switch (operation) {
    case LINE_START:
        return at == 0;
    case LINE_END:
        return at == length;
    case WORD_START:
        return !before && behind;
    case WORD_END:
        return before && !behind;
    case BORDER:
        return before != behind;
    case NO_BORDER:
        return before == behind;
    case WORD_NOT_BEFORE:
        return !before;
    case WORD_NOT_BEHIND:
        return !behind;
    default:
        return true;
    }
}

// Adds a step, and all that can be reached from it without taking a byte.
static void add_place(struct pattern *pattern, struct places *places, size_t step, size_t start,
                      const char *text, size_t length, size_t at)
{
    size_t depth = 0;
    pattern->stack[depth++] = (uint16_t)step;
    while (depth > 0) {
        step = pattern->stack[--depth];
        if (pattern->mark[step] == pattern->round) {
            continue; // there already, for a match that began no later
        }
        pattern->mark[step] = pattern->round;
        const struct step *what = &pattern->steps[step];
        if (what->operation == SET || what->operation == MATCH) {
            places->step[places->count] = (uint16_t)step;
            places->start[places->count++] = start;
        } else if (what->operation == JUMP) {
            pattern->stack[depth++] = (uint16_t)(step + (size_t)what->to);
        } else if (passes(what->operation, text, length, at)) {
            if (what->operation == FORK) {
                pattern->stack[depth++] = (uint16_t)(step + (size_t)what->to);
            }
            pattern->stack[depth++] = (uint16_t)(step + 1);
        }
    }
}

bool pattern_find(struct pattern *pattern, const char *text, size_t length, size_t from,
                  size_t *start, size_t *end)
{
    bool found = false;
    pattern->now.count = 0;
    for (size_t at = from;; at++) {
        if (pattern->now.count == 0) {
            while (at < length && !found &&
                   !pattern_set_has(pattern->first, (unsigned char)text[at])) {
                at++;
            }
        }
        // The places are in the order of their starts, and a new match starts behind all others.
        if (!found) {
            if (pattern->now.count == 0) {
                pattern->round++;
            }
            add_place(pattern, &pattern->now, 0, at, text, length, at);
        }
        struct places *next = &pattern->next;
        next->count = 0;
        pattern->round++;
        for (size_t i = 0; i < pattern->now.count; i++) {
            size_t step = pattern->now.step[i], began = pattern->now.start[i];
            if (found && began > *start) {
                break;
            }
            if (pattern->steps[step].operation == MATCH) {
                found = true;
                *start = began;
                *end = at;
            } else if (at < length &&
                       pattern_set_has(pattern->steps[step].set, (unsigned char)text[at])) {
                add_place(pattern, next, step + 1, began, text, length, at + 1);
            }
        }
        struct places swap = pattern->now;
        pattern->now = *next;
        *next = swap;
        if (at >= length || (found && pattern->now.count == 0)) {
            return found;
        }
    }
}

// Finds what a match can begin with.
static void find_first(struct pattern *pattern)
{
    pattern->round++;
    pattern->now.count = 0;
    size_t depth = 0;
    pattern->stack[depth++] = 0;
    while (depth > 0) {
        size_t at = pattern->stack[--depth];
        const struct step *step = &pattern->steps[at];
        if (pattern->mark[at] == pattern->round) {
            continue;
        }
        pattern->mark[at] = pattern->round;
        if (step->operation == SET) {
            for (int i = 0; i < 4; i++) {
                pattern->first[i] |= step->set[i];
            }
        } else if (step->operation == MATCH) {
            memset(pattern->first, 0xff, sizeof(pattern->first));
        } else {
            if (step->operation == JUMP || step->operation == FORK) {
                pattern->stack[depth++] = (uint16_t)(at + (size_t)step->to);
            }
            if (step->operation != JUMP) {
                pattern->stack[depth++] = (uint16_t)(at + 1);
            }
        }
    }
}

struct pattern *pattern_compile(const char *text, int flags, const char **error)
{
    struct pattern *pattern = must_malloc(sizeof(*pattern));
    memset(pattern, 0, sizeof(*pattern));
    *error = pattern_parse(pattern, text, flags);
    if (*error != NULL) {
        pattern_free(pattern);
        return NULL;
    }
    size_t count = pattern->count;
    pattern->now.step = must_malloc(count * sizeof(uint16_t));
    pattern->now.start = must_malloc(count * sizeof(size_t));
    pattern->next.step = must_malloc(count * sizeof(uint16_t));
    pattern->next.start = must_malloc(count * sizeof(size_t));
    pattern->mark = must_malloc(count * sizeof(uint32_t));
    memset(pattern->mark, 0, count * sizeof(uint32_t));
    pattern->stack = must_malloc((2 * count + 2) * sizeof(uint16_t)); // two for each step
    find_first(pattern);
    return pattern;
}

void pattern_free(struct pattern *pattern)
{
    if (pattern != NULL) {
        free(pattern->steps);
        free(pattern->now.step);
        free(pattern->now.start);
        free(pattern->next.step);
        free(pattern->next.start);
        free(pattern->mark);
        free(pattern->stack);
        free(pattern);
    }
}
