// What a word that has been begun may become: a command, or a path.
#ifndef RUNG_USER_SH_COMPLETE_H
#define RUNG_USER_SH_COMPLETE_H

#include "user/sh/parser.h"

struct completion {
    const char *more; // what all candidates go on with, quoted as the word is
    struct word *candidates; // in order
    size_t count;
};

// Looks at the word that ends at text[cursor]. The result is in the shell's arena.
void complete(struct shell *shell, const char *text, size_t cursor, struct completion *completion);

#endif
