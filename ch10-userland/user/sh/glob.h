// Patterns: * ? [...] (POSIX, Shell Command Language, 2.14). What was quoted is behind an
// EXPAND_ESCAPE, or behind a backslash that an expansion gave.
#ifndef RUNG_USER_SH_GLOB_H
#define RUNG_USER_SH_GLOB_H

#include "user/sh/parser.h"

// Whether a text matches a pattern as a whole.
bool glob_match(const char *pattern, const char *text);

// Puts the paths that match a pattern at the end of a list, in order; nothing if there are none, or
// if it is no pattern.
void glob_expand(struct shell *shell, const char *pattern, struct word **list);

#endif
