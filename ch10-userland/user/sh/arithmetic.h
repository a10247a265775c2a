// Arithmetic in 64 bits (POSIX, Shell Command Language, 2.6.4).
#ifndef RUNG_USER_SH_ARITHMETIC_H
#define RUNG_USER_SH_ARITHMETIC_H

#include "user/sh/shell.h"

// The value of an expression; false: an error, which has been told.
bool arithmetic_evaluate(struct shell *shell, const char *text, int64_t *value);

#endif
