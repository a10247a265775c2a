// Redirections: which file a descriptor names.
#ifndef RUNG_USER_SH_REDIRECT_H
#define RUNG_USER_SH_REDIRECT_H

#include "user/sh/parser.h"

// What descriptors were before.
struct redirect_saved {
    struct redirect_saved *next;
    int number, copy; // copy -1: it was closed
};

// Expands the words of redirections into a new list; false: an error, which has been told.
bool redirect_expand(struct shell *shell, const struct redirection *from, struct redirection **to);

// Does expanded redirections. *saved (unless NULL) gets what is needed to undo them, also after an
// error. False: an error, which has been told.
bool redirect_do(struct shell *shell, const struct redirection *list,
                 struct redirect_saved **saved);

// Undoes them; or leaves them so.
void redirect_undo(struct shell *shell, struct redirect_saved *saved);
void redirect_keep(struct shell *shell, struct redirect_saved *saved);

// Moves a descriptor to where commands don't use it, and programs don't see it: its new number, or
// -1. Closes it; closes all such.
int redirect_hide(struct shell *shell, int file);
void redirect_close_hidden(struct shell *shell, int file);
void redirect_close_all_hidden(struct shell *shell);

#endif
