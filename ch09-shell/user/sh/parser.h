// The grammar: tokens to a tree of commands (POSIX, Shell Command Language, 2.10).
#ifndef RUNG_USER_SH_PARSER_H
#define RUNG_USER_SH_PARSER_H

#include "user/sh/lexer.h"

// A kind of command, and what its parts are.
enum node_kind {
    NODE_SIMPLE, // assignments, words, redirections
    NODE_READY, // the same, expanded already
    NODE_PROGRAM, // the same, and nothing but a program: no function of that name
    NODE_PIPE, // its commands
    NODE_NOT, // a pipeline
    NODE_CHAIN, // a pipeline, and then pipelines within NODE_AND and NODE_OR
    NODE_AND, // one
    NODE_OR, // one
    NODE_BACKGROUND, // one
    NODE_LIST, // any number
};

struct word {
    struct word *next;
    const char *text; // as typed, with its quotes
};

struct redirection {
    struct redirection *next;
    enum redirect kind;
    int number; // the descriptor
    const char *text; // the word behind it
};

struct node {
    enum node_kind kind;
    int line;
    struct word *assignments, *words;
    struct redirection *redirections;
    struct node *first, *last; // of its parts
    struct node *next; // the next part of what it is part of
    const char *text; // what `jobs` shows; NULL: none
};

enum parse { PARSE_COMMAND, PARSE_END, PARSE_ERROR };

// Reads the next line, and as many as belong to it: PARSE_COMMAND and in *node what is to be run
// (NULL: nothing); the end of the text; an error, which has been told about. The tree is in the
// shell's arena.
enum parse parser_line(struct lexer *lexer, struct node **node);

// Reads commands up to a token that can't begin one, which is then the lexer's; NULL with
// lexer->failed on errors, and when there is none.
struct node *parser_list(struct lexer *lexer);

// For those who read what parser_list does not: the next token must be this one (of words: this
// word), and is skipped; false: it was not, and an error has been told.
bool parser_expect(struct lexer *lexer, enum token token, const char *word);

// Tells that the token is not expected (where `expected` is, unless NULL). Returns NULL.
struct node *parser_unexpected(struct lexer *lexer, const char *expected);

// Makes a node; puts another at the end of its parts; puts a copy of a word at the end of a list
// (or anywhere before it) and returns the new end.
struct node *parser_node(struct lexer *lexer, enum node_kind kind, struct node *first);
void parser_add(struct node *node, struct node *part);
struct word **parser_add_word(struct arena *arena, struct word **list, const char *text);

// Reads redirections, if there are any, to the end of a list; false: an error.
bool parser_redirections(struct lexer *lexer, struct redirection **list);

// Copies a tree into another arena.
struct node *parser_copy(struct arena *arena, const struct node *node);

#endif
