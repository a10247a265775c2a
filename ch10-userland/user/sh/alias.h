// Aliases: names that stand for a text where a command begins (POSIX, 2.3.1).
#ifndef RUNG_USER_SH_ALIAS_H
#define RUNG_USER_SH_ALIAS_H

#include "user/sh/lexer.h"

struct alias;

// Puts an alias's text in the place of the lexer's token, if that is one, and goes on to what this
// begins with. `first`: the token begins a command; else it is one only behind an alias that ends
// with a blank.
void alias_expand(struct lexer *lexer, bool first);

// Whether there are commands behind the line that was read, as an alias's text is of several, and
// nothing is to be left.
bool alias_remains(const struct lexer *lexer);

// What a name stands for; NULL: nothing.
const char *alias_text(struct shell *shell, const char *name);

// Built-in commands.
int alias_builtin(struct shell *shell, int count, char **arguments);
int alias_unalias(struct shell *shell, int count, char **arguments);

#endif
