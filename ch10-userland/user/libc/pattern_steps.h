// How pattern.c and pattern_parse.c see a pattern.
#ifndef RUNG_USER_LIBC_PATTERN_STEPS_H
#define RUNG_USER_LIBC_PATTERN_STEPS_H

#include "user/libc/pattern.h"

#include <stdint.h>

// A pattern is a program for a machine that is in many places of it at once (Thompson 1968). Jumps
// are relative, so that a piece of program can be moved and copied.
enum operation {
    SET,
    JUMP,
    FORK,
    LINE_START,
    LINE_END,
    WORD_START,
    WORD_END,
    BORDER,
    NO_BORDER,
    WORD_NOT_BEFORE,
    WORD_NOT_BEHIND,
    MATCH
};

struct step {
    enum operation operation;
    int to; // JUMP, and the second way of FORK, whose first is the next step
    uint64_t set[4]; // SET: the bytes that it takes
};

// Where the machine is in the program, and where in the text the match that leads here began.
struct places {
    size_t count;
    uint16_t *step;
    size_t *start; // for each place
};

struct pattern {
    struct step *steps;
    size_t count;
    uint64_t first[4]; // what a match can begin with; all where it may be empty
    struct places now, next;
    uint32_t *mark; // for each step: the round in which it was added last
    uint32_t round;
    uint16_t *stack; // steps still to follow
};

static inline bool pattern_set_has(const uint64_t set[4], unsigned char byte)
{
    return set[byte / 64] >> byte % 64 & 1;
}

// Whether a byte is a letter, a digit or '_'.
static inline bool pattern_is_word(unsigned char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           (byte >= 'a' && byte <= 'z');
}

// Translates a pattern into steps, with MATCH at the end. Returns NULL, or what is wrong.
const char *pattern_parse(struct pattern *pattern, const char *text, int flags);

#endif
