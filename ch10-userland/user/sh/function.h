// Functions: commands made of commands, with parameters and variables of their own.
#ifndef RUNG_USER_SH_FUNCTION_H
#define RUNG_USER_SH_FUNCTION_H

#include "user/sh/parser.h"

struct function;

// Defines what a NODE_FUNCTION says; 0.
int function_define(struct shell *shell, const struct node *node);

// Finds a function (NULL: none), calls it with an expanded command's words, forgets it.
struct function *function_find(struct shell *shell, const char *name);
int function_call(struct shell *shell, struct function *function, const struct node *node);
void function_forget(struct shell *shell, const char *name);

// Built-in commands.
int function_return(struct shell *shell, int count, char **arguments);
int function_local(struct shell *shell, int count, char **arguments);

#endif
