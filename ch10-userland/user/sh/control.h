// The shell as a language: if, while, for, case, { } and ( ).
#ifndef RUNG_USER_SH_CONTROL_H
#define RUNG_USER_SH_CONTROL_H

#include "user/sh/parser.h"

// Reads a compound command and its redirections; NULL: none begins here, or lexer->failed.
struct node *control_parse(struct lexer *lexer);

// Reads what follows a function's name: ( ) and a compound command. NULL: an error.
struct node *control_function(struct lexer *lexer, const char *name);

// Whether the token is a word that ends the list before it, as `done` does.
bool control_ends(const struct lexer *lexer);

// Whether a word is reserved.
bool control_is_keyword(const char *word);

// Runs a compound command; its status.
int control_run(struct shell *shell, const struct node *node, unsigned flags);

// Built-in commands.
int control_break(struct shell *shell, int count, char **arguments);
int control_continue(struct shell *shell, int count, char **arguments);

#endif
