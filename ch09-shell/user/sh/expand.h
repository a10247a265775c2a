// Words to what they stand for (POSIX, Shell Command Language, 2.6).
#ifndef RUNG_USER_SH_EXPAND_H
#define RUNG_USER_SH_EXPAND_H

#include "user/sh/parser.h"

// In the result of EXPAND_PATTERN, and in a field until it has been globbed, this stands before a
// character that was quoted.
#define EXPAND_ESCAPE '\1'

enum expand_mode {
    EXPAND_VALUE, // of an assignment: tildes, no fields
    EXPAND_TARGET, // of a redirection and the like: no fields
    EXPAND_PATTERN, // quoted characters stay marked
    EXPAND_QUOTED, // as if in double quotes, and those themselves mean nothing
};

// One expansion under way.
struct expander {
    struct shell *shell;
    struct buffer field; // quoted characters that matter behind an EXPAND_ESCAPE
    bool started; // there is a field, even if nothing is in it yet
    bool blank_ended; // the last one was ended by a blank: a separator now would not end another
    bool splits; // results outside quotes are split, and globbed
    bool word; // it is the word of a ${x-word}, which is split like a result
    bool here; // double quotes mean nothing
    struct word **end; // of the list that gets the fields
};

// Expands words to fields, put at the end of a list. False: an error, which has been told.
bool expand_words(struct shell *shell, const struct word *words, struct word **fields);

// Expands one text to one, in the arena. NULL: an error.
char *expand_text(struct shell *shell, const char *text, enum expand_mode mode);

// Expands a prompt (parameters), and never fails.
const char *expand_prompt(struct shell *shell, const char *text);

// For those who know a part of it: expands text[position..end) into the field. False: an error.
bool expand_part(struct expander *expander, const char *text, size_t position, size_t end,
                 bool quoted);

// Puts the home directory for a `~` at the position that stands alone, or before a slash (or if it
// is an assignment's value, a colon); the position behind it, or else as it was.
size_t expand_tilde(struct expander *expander, const char *text, size_t position, size_t end,
                    bool value);

// Puts a value into the field: quoted, or split.
void expand_put_value(struct expander *expander, const char *value, bool quoted);

// Ends the field, if there is one.
void expand_end_field(struct expander *expander);

// Takes the marks out of a text, in place; returns it.
char *expand_unmark(char *text);

#endif
