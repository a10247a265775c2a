// Runs trees of commands.
#ifndef RUNG_USER_SH_RUN_H
#define RUNG_USER_SH_RUN_H

#include "user/sh/launch.h"

#define RUN_LAST 1u // it is a child's last command: a program takes the child's place

// Runs a tree; its status, which is $? now. After that shell->leave says whether to go on.
int run_node(struct shell *shell, const struct node *node, unsigned flags);

// What a child of the shell does.
int run_child(struct shell *shell, const struct launch *work);

struct job;
struct variable_saved;

// Starts a child that runs a tree with these descriptors as 0 and 1 (-1: as they are; `unused`: a
// pipe's other end), as the next process of a job. False: it can't be, which has been told.
bool run_start(struct shell *shell, struct job *job, const struct node *node, int input, int output,
               int unused);

// Runs a program, in a child unless it is the last command; its status.
int run_program(struct shell *shell, const struct node *node, unsigned flags);

// Sets the variables before an expanded command; *saved (unless NULL) gets what they were. False:
// an error, which has been told.
bool run_assign(struct shell *shell, const struct node *node, unsigned flags,
                struct variable_saved **saved);

// A list of words as a program's arguments, in the arena; *count gets their number.
char **run_arguments(struct shell *shell, const struct word *words, int *count);

#endif
