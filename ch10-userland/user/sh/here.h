// Here-documents: the lines behind a command as its input.
#ifndef RUNG_USER_SH_HERE_H
#define RUNG_USER_SH_HERE_H

#include "user/sh/parser.h"

struct here;

// Remembers that a redirection's text begins at the next newline, if it is of that kind: the word
// that the lexer has is its end.
void here_expect(struct lexer *lexer, struct redirection *redirection);

// Reads what is expected: the lexer is behind a newline.
void here_read(struct lexer *lexer);

// Makes the descriptor one to read an expanded text from. False: an error, which has been told.
bool here_open(struct shell *shell, const struct redirection *redirection);

#endif
