// Characters to tokens (POSIX, Shell Command Language, 2.3). Words keep their quotes: they are
// looked at again when they are expanded.
#ifndef RUNG_USER_SH_LEXER_H
#define RUNG_USER_SH_LEXER_H

#include "user/sh/input.h"

enum token {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_WORD,
    TOKEN_REDIRECT,
    TOKEN_SEMICOLON, // ;
    TOKEN_TWICE, // ;;
    TOKEN_BACKGROUND, // &
    TOKEN_AND, // &&
    TOKEN_PIPE, // |
    TOKEN_OR, // ||
    TOKEN_OPEN, // (
    TOKEN_CLOSE, // )
};

enum redirect {
    REDIRECT_READ, // <
    REDIRECT_WRITE, // >
    REDIRECT_CLOBBER, // >|
    REDIRECT_APPEND, // >>
    REDIRECT_BOTH, // <>
    REDIRECT_DUPLICATE, // <& and >&
    REDIRECT_HERE, // <<
    REDIRECT_HERE_TABS, // <<-
};

struct lexer {
    struct shell *shell;
    struct input *input; // where more lines come from; NULL: there are none
    struct buffer text; // the lines read so far
    size_t position; // the next character's
    size_t start, end; // the token's; `end` that of the one before
    int line; // that the position is in

    enum token token; // the next one: it has been read, but not taken
    const char *word; // the text of a TOKEN_WORD
    enum redirect redirect; // of a TOKEN_REDIRECT, with the descriptor's number
    int number;
    bool failed; // an error has been told about
    bool partial; // a piece of a text is looked at: its end is no error but `short`
    bool short_text;
    struct here *here; // here-documents whose text begins at the next newline
    struct alias_use *uses; // aliases that the text has been put in for
};

// Begins with a text, or with an input's next line.
void lexer_begin(struct lexer *lexer, struct shell *shell, struct input *input);
void lexer_begin_text(struct lexer *lexer, struct shell *shell, const char *text, size_t length);

// Takes the token: the next one is read.
void lexer_next(struct lexer *lexer);

// Whether the next token is this word, unquoted.
bool lexer_is(const struct lexer *lexer, const char *word);

// Has another line appended; false: there is none.
bool lexer_more(struct lexer *lexer);

// Tells about an error in the text.
void lexer_error(struct lexer *lexer, const char *text, ...) __attribute__((format(printf, 2, 3)));

// What lexer_double_quotes and its like give instead of a position.
#define LEXER_NO_QUOTE ((size_t)-1)
#define LEXER_NO_BRACE ((size_t)-2)
#define LEXER_NO_BACKQUOTE ((size_t)-3)
#define LEXER_NO_PARENTHESIS ((size_t)-4)
#define LEXER_NO_PARENTHESES ((size_t)-5)
#define LEXER_ERROR ((size_t)-6) // the lowest

// How a quoted part ends, found in text[position..length), which begins behind its opening mark:
// the position behind the closing one, or what stands above: it is not there, or there was an error
// that has been told. `quoted`: the part is itself within double quotes.
size_t lexer_double_quotes(struct shell *shell, const char *text, size_t position, size_t length);
size_t lexer_braces(struct shell *shell, const char *text, size_t position, size_t length,
                    bool quoted);

// The length of the name that a text begins with: letters, digits, _, and no digit first. 0: none.
size_t lexer_name(const char *text);

#endif
