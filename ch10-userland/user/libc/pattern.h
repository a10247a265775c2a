// Regular expressions of POSIX (XBD, chapter 9) without back references: basic ones with GNU's
// \+ \? \|, and extended ones; \< \> \b \B \w \W \s \S in both. Bytes are characters. The longest
// of the leftmost matches is found, in time proportional to the lengths of pattern and text
// multiplied: no pattern makes it slower.
#ifndef RUNG_USER_LIBC_PATTERN_H
#define RUNG_USER_LIBC_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_EXTENDED 1
#define PATTERN_IGNORE_CASE 2
#define PATTERN_FIXED 4 // no byte is special
#define PATTERN_WORD 8 // only matches without letter, digit or '_' before and behind

struct pattern;

// Translates a pattern. NULL, and *error says why, when it is none; without memory the program
// ends.
struct pattern *pattern_compile(const char *text, int flags, const char **error);

// Finds the first match that starts at `from` or later: text[*start..*end), which may be empty.
// What is before `from` is looked at as context, so "^" matches at 0 alone.
bool pattern_find(struct pattern *pattern, const char *text, size_t length, size_t from,
                  size_t *start, size_t *end);

// Gives its memory back. NULL is allowed.
void pattern_free(struct pattern *pattern);

#endif
