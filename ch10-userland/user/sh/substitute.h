// What commands and arithmetic put into words: $(...), `...`, $((...)).
#ifndef RUNG_USER_SH_SUBSTITUTE_H
#define RUNG_USER_SH_SUBSTITUTE_H

#include "user/sh/expand.h"

// Where what begins before the position ends (`$(`, a backquote): see lexer_double_quotes.
size_t substitute_end(struct shell *shell, const char *text, size_t position, size_t length);
size_t substitute_backquote_end(const char *text, size_t position, size_t length);

// Expands the $(...) or $((...)), or the `...`, at text[position] into the field and returns the
// position behind it, or LEXER_ERROR.
size_t substitute_expand(struct expander *expander, const char *text, size_t position, size_t end,
                         bool quoted);
size_t substitute_backquote(struct expander *expander, const char *text, size_t position,
                            size_t end, bool quoted);

#endif
