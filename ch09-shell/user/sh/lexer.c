#include "user/sh/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

size_t lexer_name(const char *text)
{
    size_t length = 0;

    while ((text[length] >= 'a' && text[length] <= 'z') ||
           (text[length] >= 'A' && text[length] <= 'Z') || text[length] == '_' ||
           (length > 0 && text[length] >= '0' && text[length] <= '9')) {
        length++;
    }
    return length;
}

void lexer_begin(struct lexer *lexer, struct shell *shell, struct input *input)
{
    *lexer = (struct lexer){.shell = shell, .input = input, .line = 1};
    lexer->text.arena = &shell->arena;
}

void lexer_begin_text(struct lexer *lexer, struct shell *shell, const char *text, size_t length)
{
    lexer_begin(lexer, shell, NULL);
    lexer->text.text = (char *)text; // never written to: only lexer_more adds to it
    lexer->text.length = length;
}

bool lexer_more(struct lexer *lexer)
{
    if (lexer->input &&
        input_line(lexer->shell, lexer->input, &lexer->text, lexer->text.length > 0)) {
        return true;
    }
    if (lexer->shell->leave != LEAVE_NOTHING) {
        lexer->failed = true;
    }
    lexer->short_text = true;
    return false;
}

void lexer_error(struct lexer *lexer, const char *text, ...)
{
    char message[160];
    va_list arguments;

    if (lexer->failed) {
        return;
    }
    lexer->failed = true;
    if (lexer->partial && lexer->short_text) {
        return;
    }
    va_start(arguments, text);
    vsnprintf(message, sizeof(message), text, arguments);
    va_end(arguments);
    lexer->shell->line = lexer->line;
    shell_fail(lexer->shell, "Syntax error: %s", message);
}

// The part that begins at text[position] with a `$`.
static size_t dollar(struct shell *shell, const char *text, size_t position, size_t length,
                     bool quoted)
{
    char next = position + 1 < length ? text[position + 1] : '\0';

    if (next == '{') {
        return lexer_braces(shell, text, position + 2, length, quoted);
    }
    return position + 1;
}

// The end of whatever begins at text[position] in double quotes or braces: one character or more.
static size_t piece(struct shell *shell, const char *text, size_t position, size_t length,
                    bool quoted)
{
    switch (text[position]) {
    case '\\':
        return position + 2 <= length ? position + 2 : length;
    case '$':
        return dollar(shell, text, position, length, quoted);
    default:
        return position + 1;
    }
}

size_t lexer_double_quotes(struct shell *shell, const char *text, size_t position, size_t length)
{
    while (position < length && text[position] != '"') {
        position = piece(shell, text, position, length, true);
    }
    return position < length ? position + 1 : position == length ? LEXER_NO_QUOTE : position;
}

static size_t single_quotes(const char *text, size_t position, size_t length)
{
    const char *end = memchr(text + position, '\'', length - position);

    return end ? (size_t)(end - text) + 1 : LEXER_NO_QUOTE;
}

size_t lexer_braces(struct shell *shell, const char *text, size_t position, size_t length,
                    bool quoted)
{
    size_t name = position;

    if (!shell_enter(shell)) {
        return LEXER_ERROR;
    }
    // In double quotes an apostrophe is one, except in a pattern.
    if (name < length && text[name] != '#' && text[name] != '}') {
        name += lexer_name(text + name) ? lexer_name(text + name) : 1;
    }
    if (name < length && (text[name] == '#' || text[name] == '%')) {
        quoted = false;
    }
    while (position < length && text[position] != '}') {
        if (text[position] == '"') {
            position = lexer_double_quotes(shell, text, position + 1, length);
        } else if (text[position] == '\'' && !quoted) {
            position = single_quotes(text, position + 1, length);
        } else {
            position = piece(shell, text, position, length, quoted);
        }
    }
    shell_return(shell);
    return position < length ? position + 1 : position == length ? LEXER_NO_BRACE : position;
}

// The end of a word that begins at the position, as far as there is text.
static size_t word_end(struct lexer *lexer, size_t position)
{
    const char *text = lexer->text.text;
    size_t length = lexer->text.length;

    while (position < length && !strchr(" \t\n;&|<>()", text[position])) {
        if (text[position] == '\'') {
            position = single_quotes(text, position + 1, length);
        } else if (text[position] == '"') {
            position = lexer_double_quotes(lexer->shell, text, position + 1, length);
        } else {
            position = piece(lexer->shell, text, position, length, false);
        }
    }
    return position;
}

// Tells what a word lacks.
static void tell_missing(struct lexer *lexer, size_t what)
{
    static const char *const texts[] = {
        "Unterminated quoted string",
        "Missing '}'",
        "EOF in backquote substitution",
        "end of file unexpected (expecting \")\")",
        "Missing '))'",
    };

    for (size_t i = lexer->start; i < lexer->text.length; i++) {
        lexer->line += lexer->text.text[i] == '\n';
    }
    if (what > LEXER_ERROR) {
        lexer_error(lexer, "%s", texts[LEXER_NO_QUOTE - what]);
    }
    lexer->failed = true;
}

// Reads the word at the position.
static void read_word(struct lexer *lexer)
{
    size_t end;

    do {
        end = word_end(lexer, lexer->start);
    } while ((end == lexer->text.length || end > LEXER_ERROR) && lexer_more(lexer));
    if (end >= LEXER_ERROR) {
        tell_missing(lexer, end);
        lexer->token = TOKEN_END;
        return;
    }
    lexer->short_text = false; // what has ended well lacks nothing
    for (size_t i = lexer->start; i < end; i++) {
        lexer->line += lexer->text.text[i] == '\n';
    }
    lexer->word =
        arena_text(&lexer->shell->arena, lexer->text.text + lexer->start, end - lexer->start);
    lexer->position = end;
    lexer->token = TOKEN_WORD;
}

// The characters at the position: as many of a text's as there are.
static bool at(const struct lexer *lexer, const char *text)
{
    size_t length = strlen(text);

    return lexer->text.length - lexer->position >= length &&
           memcmp(lexer->text.text + lexer->position, text, length) == 0;
}

// Reads a redirection, with the number of a descriptor before it.
static bool read_redirection(struct lexer *lexer)
{
    static const struct {
        const char text[4];
        enum redirect kind;
        int number; // where none is given
    } operators[] = { // a longer one before one that it begins with
        {"<&", REDIRECT_DUPLICATE, 0},
        {"<>", REDIRECT_BOTH, 0},
        {"<", REDIRECT_READ, 0},
        {">>", REDIRECT_APPEND, 1},
        {">&", REDIRECT_DUPLICATE, 1},
        {">|", REDIRECT_CLOBBER, 1},
        {">", REDIRECT_WRITE, 1},
    };
    size_t before = lexer->position;
    char first = lexer->text.text[before];
    bool digit = first >= '0' && first <= '9';

    lexer->position += digit;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (at(lexer, operators[i].text)) {
            lexer->token = TOKEN_REDIRECT;
            lexer->redirect = operators[i].kind;
            lexer->number = digit ? first - '0' : operators[i].number;
            lexer->position += strlen(operators[i].text);
            return true;
        }
    }
    lexer->position = before;
    return false;
}

static bool read_operator(struct lexer *lexer)
{
    static const struct {
        const char text[3];
        enum token token;
    } operators[] = {
        {"\n", TOKEN_NEWLINE}, {"&&", TOKEN_AND}, {"&", TOKEN_BACKGROUND}, {"||", TOKEN_OR},
        {"|", TOKEN_PIPE},     {";;", TOKEN_TWICE}, {";", TOKEN_SEMICOLON}, {"(", TOKEN_OPEN},
        {")", TOKEN_CLOSE},
    };

    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        if (at(lexer, operators[i].text)) {
            lexer->token = operators[i].token;
            lexer->position += strlen(operators[i].text);
            return true;
        }
    }
    return read_redirection(lexer);
}

// Skips blanks, escaped newlines and a comment; false: there is nothing more.
static bool skip_blanks(struct lexer *lexer)
{
    for (;;) {
        if (lexer->position >= lexer->text.length) {
            lexer->start = lexer->position;
            if (!lexer_more(lexer)) {
                return false;
            }
        } else if (at(lexer, " ") || at(lexer, "\t")) {
            lexer->position++;
        } else if (at(lexer, "\\\n")) {
            lexer->position += 2;
            lexer->line++;
        } else if (at(lexer, "#")) {
            while (lexer->position < lexer->text.length && !at(lexer, "\n")) {
                lexer->position++;
            }
        } else {
            return true;
        }
    }
}

void lexer_next(struct lexer *lexer)
{
    lexer->end = lexer->position;
    if (lexer->failed || !skip_blanks(lexer)) {
        lexer->token = TOKEN_END;
        return;
    }
    lexer->start = lexer->position;
    if (!read_operator(lexer)) {
        read_word(lexer);
    } else if (lexer->token == TOKEN_NEWLINE) {
        lexer->line++;
    }
}

bool lexer_is(const struct lexer *lexer, const char *word)
{
    return lexer->token == TOKEN_WORD && strcmp(lexer->word, word) == 0;
}
