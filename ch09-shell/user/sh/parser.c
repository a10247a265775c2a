#include "user/sh/parser.h"

#include <stdio.h>
#include <string.h>

struct node *parser_node(struct lexer *lexer, enum node_kind kind, struct node *first)
{
    struct node *node = arena_get(&lexer->shell->arena, sizeof(*node));

    node->kind = kind;
    node->line = first ? first->line : lexer->line;
    node->first = node->last = first;
    return node;
}

void parser_add(struct node *node, struct node *part)
{
    if (node->last) {
        node->last->next = part;
    } else {
        node->first = part;
    }
    node->last = part;
}

struct word **parser_add_word(struct arena *arena, struct word **list, const char *text)
{
    struct word *word = arena_get(arena, sizeof(*word));

    word->text = arena_string(arena, text);
    while (*list) {
        list = &(*list)->next;
    }
    *list = word;
    return &word->next;
}

static struct word *copy_words(struct arena *arena, const struct word *words)
{
    struct word *copy = NULL, **end = &copy;

    for (; words; words = words->next) {
        end = parser_add_word(arena, end, words->text);
    }
    return copy;
}

struct node *parser_copy(struct arena *arena, const struct node *node)
{
    struct node *copy = arena_get(arena, sizeof(*copy));
    struct redirection **last = &copy->redirections;

    *copy = *node;
    copy->first = copy->last = copy->next = NULL;
    copy->assignments = copy_words(arena, node->assignments);
    copy->words = copy_words(arena, node->words);
    if (node->text) {
        copy->text = arena_string(arena, node->text);
    }
    for (const struct redirection *from = node->redirections; from; from = from->next) {
        *last = arena_get(arena, sizeof(**last));
        **last = *from;
        (*last)->text = arena_string(arena, from->text);
        last = &(*last)->next;
    }
    *last = NULL;
    for (const struct node *part = node->first; part; part = part->next) {
        parser_add(copy, parser_copy(arena, part));
    }
    return copy;
}

// Words that are not one by themselves where a command begins.
static bool is_reserved(const struct lexer *lexer)
{
    static const char *const words[] = {
        "!",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (lexer_is(lexer, words[i])) {
            return true;
        }
    }
    return false;
}

struct node *parser_unexpected(struct lexer *lexer, const char *expected)
{
    static const char *const names[] = {
        [TOKEN_END] = "end of file", [TOKEN_NEWLINE] = "newline", [TOKEN_WORD] = "word",
        [TOKEN_REDIRECT] = "redirection", [TOKEN_SEMICOLON] = "\";\"", [TOKEN_TWICE] = "\";;\"",
        [TOKEN_BACKGROUND] = "\"&\"", [TOKEN_AND] = "\"&&\"", [TOKEN_PIPE] = "\"|\"",
        [TOKEN_OR] = "\"||\"", [TOKEN_OPEN] = "\"(\"", [TOKEN_CLOSE] = "\")\"",
    };
    char reserved[16];
    const char *found = names[lexer->token];

    if (is_reserved(lexer)) {
        snprintf(reserved, sizeof(reserved), "\"%s\"", lexer->word);
        found = reserved;
    }
    if (expected) {
        lexer_error(lexer, "%s unexpected (expecting \"%s\")", found, expected);
    } else {
        lexer_error(lexer, "%s unexpected", found);
    }
    return NULL;
}

bool parser_expect(struct lexer *lexer, enum token token, const char *word)
{
    bool there = token == TOKEN_WORD ? lexer_is(lexer, word) : lexer->token == token;

    if (there) {
        lexer_next(lexer);
    } else {
        parser_unexpected(lexer, word);
    }
    return there;
}

bool parser_redirections(struct lexer *lexer, struct redirection **list)
{
    struct arena *arena = &lexer->shell->arena;

    while (*list) {
        list = &(*list)->next;
    }
    for (; lexer->token == TOKEN_REDIRECT; list = &(*list)->next) {
        struct redirection *one = arena_get(arena, sizeof(*one));

        one->kind = lexer->redirect;
        one->number = lexer->number;
        lexer_next(lexer);
        if (lexer->token != TOKEN_WORD) {
            parser_unexpected(lexer, NULL);
            return false;
        }
        one->text = lexer->word;
        *list = one;
        lexer_next(lexer);
    }
    return !lexer->failed;
}

static bool is_assignment(const char *text)
{
    size_t name = lexer_name(text);

    return name > 0 && text[name] == '=';
}

static struct node *simple_command(struct lexer *lexer)
{
    struct arena *arena = &lexer->shell->arena;
    struct node *node = parser_node(lexer, NODE_SIMPLE, NULL);
    struct word **words = &node->words, **assignments = &node->assignments;

    while (lexer->token == TOKEN_WORD || lexer->token == TOKEN_REDIRECT) {
        bool assigns = !node->words && lexer->token == TOKEN_WORD && is_assignment(lexer->word);

        if (lexer->token == TOKEN_REDIRECT) {
            if (!parser_redirections(lexer, &node->redirections)) {
                return NULL;
            }
            continue;
        }
        if (assigns) {
            assignments = parser_add_word(arena, assignments, lexer->word);
        } else {
            words = parser_add_word(arena, words, lexer->word);
        }
        lexer_next(lexer);
    }
    if (!node->words && !node->assignments && !node->redirections) {
        return parser_unexpected(lexer, NULL);
    }
    return lexer->failed ? NULL : node;
}

static struct node *command(struct lexer *lexer)
{
    return lexer_is(lexer, "!") ? parser_unexpected(lexer, NULL) : simple_command(lexer);
}

static void skip_newlines(struct lexer *lexer)
{
    while (lexer->token == TOKEN_NEWLINE) {
        lexer_next(lexer);
    }
}

// The source of what has just been read, for people to see.
static void keep_text(struct lexer *lexer, struct node *node, size_t start)
{
    if (node && lexer->end > start) {
        node->text = arena_text(&lexer->shell->arena, lexer->text.text + start, lexer->end - start);
    }
}

// [!] command | command ...
static struct node *pipeline(struct lexer *lexer)
{
    struct node *node, *part;
    size_t start = lexer->start;
    bool negated = false;

    if (lexer_is(lexer, "!")) {
        negated = true;
        lexer_next(lexer);
    }
    node = command(lexer);
    if (node && lexer->token == TOKEN_PIPE) {
        node = parser_node(lexer, NODE_PIPE, node);
    }
    while (node && lexer->token == TOKEN_PIPE) {
        lexer_next(lexer);
        skip_newlines(lexer);
        part = command(lexer);
        if (!part) {
            return NULL;
        }
        parser_add(node, part);
    }
    keep_text(lexer, node, start);
    return node && negated ? parser_node(lexer, NODE_NOT, node) : node;
}

// pipeline && pipeline || pipeline ...
static struct node *and_or(struct lexer *lexer)
{
    size_t start = lexer->start;
    struct node *node = pipeline(lexer), *part;

    if (node && (lexer->token == TOKEN_AND || lexer->token == TOKEN_OR)) {
        node = parser_node(lexer, NODE_CHAIN, node);
    }
    while (node && (lexer->token == TOKEN_AND || lexer->token == TOKEN_OR)) {
        enum node_kind kind = lexer->token == TOKEN_AND ? NODE_AND : NODE_OR;

        lexer_next(lexer);
        skip_newlines(lexer);
        part = pipeline(lexer);
        if (!part) {
            return NULL;
        }
        parser_add(node, parser_node(lexer, kind, part));
    }
    keep_text(lexer, node, start);
    return node;
}

// Whether a list ends here: at what can't begin a command.
static bool list_ends(const struct lexer *lexer)
{
    return lexer->token == TOKEN_END || lexer->token == TOKEN_CLOSE || lexer->token == TOKEN_TWICE;
}

// Commands with ; & and, if there may be some, newlines behind them.
static struct node *list(struct lexer *lexer, bool newlines)
{
    struct node *whole = parser_node(lexer, NODE_LIST, NULL);

    for (;;) {
        struct node *node;

        if (newlines) {
            skip_newlines(lexer);
        }
        if (list_ends(lexer) || (!newlines && lexer->token == TOKEN_NEWLINE)) {
            break;
        }
        node = and_or(lexer);
        if (!node) {
            return NULL;
        }
        if (lexer->token == TOKEN_BACKGROUND) {
            struct node *command = node;

            node = parser_node(lexer, NODE_BACKGROUND, command);
            node->text = command->text;
        }
        parser_add(whole, node);
        if (lexer->token != TOKEN_SEMICOLON && lexer->token != TOKEN_BACKGROUND &&
            (!newlines || lexer->token != TOKEN_NEWLINE)) {
            break;
        }
        lexer_next(lexer);
    }
    if (!whole->first || lexer->failed) {
        return NULL;
    }
    return whole->first->next ? whole : whole->first;
}

struct node *parser_list(struct lexer *lexer)
{
    struct node *node = NULL;

    if (shell_enter(lexer->shell)) {
        node = list(lexer, true);
        shell_return(lexer->shell);
    } else {
        lexer->failed = true;
    }
    if (!node) {
        parser_unexpected(lexer, NULL); // says nothing after another error
    }
    return node;
}

enum parse parser_line(struct lexer *lexer, struct node **node)
{
    *node = NULL;
    lexer->shell->line = lexer->line;
    lexer->failed = lexer->short_text = false;
    if (lexer->input && lexer->position == lexer->text.length) {
        lexer->text = (struct buffer){.arena = &lexer->shell->arena};
        lexer->position = lexer->start = 0;
    }
    lexer_next(lexer);
    if (lexer->token == TOKEN_END && !lexer->failed) {
        return PARSE_END;
    }
    *node = list(lexer, false);
    if (!lexer->failed && lexer->token != TOKEN_NEWLINE && lexer->token != TOKEN_END) {
        parser_unexpected(lexer, NULL);
    }
    return lexer->failed ? PARSE_ERROR : PARSE_COMMAND;
}
