// What begins with a `$` and is a parameter: $x, ${x}, ${x:-word}, ${x%pattern}, ...
#ifndef RUNG_USER_SH_PARAMETER_H
#define RUNG_USER_SH_PARAMETER_H

#include "user/sh/expand.h"

// Expands the parameter at text[position] (a `$`) into the field and returns the position behind
// it, or LEXER_ERROR.
size_t parameter_expand(struct expander *expander, const char *text, size_t position, size_t end,
                        bool quoted);

#endif
