#include "user/sh/control.h"

#include "user/sh/builtin.h"
#include "user/sh/expand.h"
#include "user/sh/function.h"
#include "user/sh/glob.h"
#include "user/sh/jobs.h"
#include "user/sh/redirect.h"
#include "user/sh/run.h"
#include "user/sh/variable.h"

#include <string.h>

static void skip_newlines(struct lexer *lexer)
{
    while (lexer->token == TOKEN_NEWLINE) {
        lexer_next(lexer);
    }
}

// Reads a list and the word behind it, as what follows a node's parts so far.
static bool add_list(struct lexer *lexer, struct node *node, const char *end)
{
    struct node *list;

    skip_newlines(lexer);
    if (end && lexer->token == TOKEN_END) {
        return parser_unexpected(lexer, end) != NULL;
    }
    list = parser_list(lexer);
    if (!list) {
        return false;
    }
    parser_add(node, list);
    return !end || parser_expect(lexer, TOKEN_WORD, end);
}

// Behind `if` or `elif`.
static struct node *parse_if(struct lexer *lexer)
{
    struct node *node = parser_node(lexer, NODE_IF, NULL), *rest;

    if (!shell_enter(lexer->shell)) {
        return NULL;
    }
    lexer_next(lexer);
    rest = add_list(lexer, node, "then") && add_list(lexer, node, NULL) ? node : NULL;
    if (rest && lexer_is(lexer, "elif")) {
        rest = parse_if(lexer);
        if (rest) {
            parser_add(node, rest);
        }
    } else if (rest && lexer_is(lexer, "else")) {
        lexer_next(lexer);
        rest = add_list(lexer, node, "fi") ? node : NULL;
    } else if (rest) {
        rest = parser_expect(lexer, TOKEN_WORD, "fi") ? node : NULL;
    }
    shell_return(lexer->shell);
    return rest ? node : NULL;
}

static struct node *parse_while(struct lexer *lexer, enum node_kind kind)
{
    struct node *node = parser_node(lexer, kind, NULL);

    lexer_next(lexer);
    return add_list(lexer, node, "do") && add_list(lexer, node, "done") ? node : NULL;
}

static struct node *parse_for(struct lexer *lexer)
{
    struct node *node = parser_node(lexer, NODE_FOR, NULL);
    struct arena *arena = &lexer->shell->arena;

    lexer_next(lexer);
    if (lexer->token != TOKEN_WORD || lexer->word[lexer_name(lexer->word)] || !*lexer->word) {
        lexer_error(lexer, "Bad for loop variable");
        return NULL;
    }
    parser_add_word(arena, &node->words, lexer->word);
    lexer_next(lexer);
    if (lexer->token == TOKEN_SEMICOLON) {
        lexer_next(lexer);
    }
    skip_newlines(lexer);
    if (!lexer_is(lexer, "in")) {
        parser_add_word(arena, &node->words, "\"$@\"");
    } else {
        for (lexer_next(lexer); lexer->token == TOKEN_WORD; lexer_next(lexer)) {
            parser_add_word(arena, &node->words, lexer->word);
        }
        if (lexer->token != TOKEN_SEMICOLON && lexer->token != TOKEN_NEWLINE) {
            return parser_unexpected(lexer, NULL);
        }
        lexer_next(lexer);
        skip_newlines(lexer);
    }
    return parser_expect(lexer, TOKEN_WORD, "do") && add_list(lexer, node, "done") ? node : NULL;
}

// [(] pattern | pattern ) list ;;
static struct node *parse_item(struct lexer *lexer)
{
    struct node *item = parser_node(lexer, NODE_ITEM, NULL);

    if (lexer->token == TOKEN_OPEN) {
        lexer_next(lexer);
    }
    for (;;) {
        if (lexer->token != TOKEN_WORD) {
            return parser_unexpected(lexer, ")");
        }
        parser_add_word(&lexer->shell->arena, &item->words, lexer->word);
        lexer_next(lexer);
        if (lexer->token != TOKEN_PIPE) {
            break;
        }
        lexer_next(lexer);
    }
    if (!parser_expect(lexer, TOKEN_CLOSE, ")")) {
        return NULL;
    }
    skip_newlines(lexer);
    if (lexer->token != TOKEN_TWICE && !lexer_is(lexer, "esac") && !add_list(lexer, item, NULL)) {
        return NULL;
    }
    if (lexer->token == TOKEN_TWICE) {
        lexer_next(lexer);
    } else if (!lexer_is(lexer, "esac")) {
        return parser_unexpected(lexer, ";;");
    }
    skip_newlines(lexer);
    return item;
}

static struct node *parse_case(struct lexer *lexer)
{
    struct node *node = parser_node(lexer, NODE_CASE, NULL);

    lexer_next(lexer);
    if (lexer->token != TOKEN_WORD) {
        return parser_unexpected(lexer, NULL);
    }
    parser_add_word(&lexer->shell->arena, &node->words, lexer->word);
    lexer_next(lexer);
    skip_newlines(lexer);
    if (!parser_expect(lexer, TOKEN_WORD, "in")) {
        return NULL;
    }
    skip_newlines(lexer);
    while (!lexer_is(lexer, "esac")) {
        struct node *item = parse_item(lexer);

        if (!item) {
            return NULL;
        }
        parser_add(node, item);
    }
    lexer_next(lexer);
    return node;
}

static struct node *parse_group(struct lexer *lexer, enum node_kind kind)
{
    struct node *node = parser_node(lexer, kind, NULL);

    lexer_next(lexer);
    if (!add_list(lexer, node, NULL)) {
        return NULL;
    }
    if (kind == NODE_GROUP ? !parser_expect(lexer, TOKEN_WORD, "}")
                           : !parser_expect(lexer, TOKEN_CLOSE, ")")) {
        return NULL;
    }
    return node;
}

struct node *control_parse(struct lexer *lexer)
{
    struct node *node;

    if (lexer->token == TOKEN_OPEN) {
        node = parse_group(lexer, NODE_SUBSHELL);
    } else if (lexer_is(lexer, "{")) {
        node = parse_group(lexer, NODE_GROUP);
    } else if (lexer_is(lexer, "if")) {
        node = parse_if(lexer);
    } else if (lexer_is(lexer, "while")) {
        node = parse_while(lexer, NODE_WHILE);
    } else if (lexer_is(lexer, "until")) {
        node = parse_while(lexer, NODE_UNTIL);
    } else if (lexer_is(lexer, "for")) {
        node = parse_for(lexer);
    } else if (lexer_is(lexer, "case")) {
        node = parse_case(lexer);
    } else {
        return NULL;
    }
    if (!node) {
        lexer->failed = true;
        return NULL;
    }
    return parser_redirections(lexer, &node->redirections) ? node : NULL;
}

struct node *control_function(struct lexer *lexer, const char *name)
{
    struct node *node = parser_node(lexer, NODE_FUNCTION, NULL), *body;

    lexer_next(lexer);
    if (!parser_expect(lexer, TOKEN_CLOSE, ")")) {
        return NULL;
    }
    if (name[lexer_name(name)]) {
        lexer_error(lexer, "Bad function name");
        return NULL;
    }
    skip_newlines(lexer);
    parser_add_word(&lexer->shell->arena, &node->words, name);
    body = control_parse(lexer);
    if (!body) {
        return parser_unexpected(lexer, NULL);
    }
    parser_add(node, body);
    return node;
}

static const char *const keywords[] = {
    "then", "elif", "else", "fi", "do", "done", "esac", "}", // these end a list
    "if", "while", "until", "for", "case", "{", "!", "in",
};

bool control_ends(const struct lexer *lexer)
{
    for (size_t i = 0; i < 8; i++) {
        if (lexer_is(lexer, keywords[i])) {
            return true;
        }
    }
    return false;
}

bool control_is_keyword(const char *word)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(word, keywords[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Runs what decides about another command: -e does not count there.
static int run_condition(struct shell *shell, const struct node *node)
{
    int status;

    shell->tested++;
    status = run_node(shell, node, 0);
    shell->tested--;
    return status;
}

static int run_if(struct shell *shell, const struct node *node, unsigned flags)
{
    const struct node *then = node->first->next;
    int status = run_condition(shell, node->first);

    if (shell->leave != LEAVE_NOTHING) {
        return status;
    }
    if (status == 0) {
        return run_node(shell, then, flags);
    }
    return then->next ? run_node(shell, then->next, flags) : 0;
}

// After a turn of a loop: whether there may be another.
static bool goes_on(struct shell *shell)
{
    bool turn = shell->leave == LEAVE_TURN;

    if (shell->leave == LEAVE_LOOP || turn) {
        if (--shell->leave_count > 0) {
            return false; // it is for a loop around this one
        }
        shell->leave = LEAVE_NOTHING;
        return turn;
    }
    return shell->leave == LEAVE_NOTHING;
}

static int run_while(struct shell *shell, const struct node *node)
{
    int status = 0;

    shell->loops++;
    for (;;) {
        int condition = run_condition(shell, node->first);

        if (shell->leave != LEAVE_NOTHING) {
            status = condition;
            if (goes_on(shell)) {
                continue;
            }
            break;
        }
        if ((condition == 0) != (node->kind == NODE_WHILE)) {
            break;
        }
        status = run_node(shell, node->first->next, 0);
        if (!goes_on(shell)) {
            break;
        }
    }
    shell->loops--;
    return status;
}

static int run_for(struct shell *shell, const struct node *node)
{
    struct word *items = NULL;
    int status = 0;

    if (!expand_words(shell, node->words->next, &items)) {
        return 2;
    }
    shell->loops++;
    for (; items; items = items->next) {
        if (!variable_set(shell, node->words->text, items->text, 0)) {
            status = 2;
            break;
        }
        status = run_node(shell, node->first, 0);
        if (!goes_on(shell)) {
            break;
        }
    }
    shell->loops--;
    return status;
}

static int run_case(struct shell *shell, const struct node *node, unsigned flags)
{
    const char *subject = expand_text(shell, node->words->text, EXPAND_TARGET), *pattern;

    if (!subject) {
        return 2;
    }
    for (const struct node *item = node->first; item; item = item->next) {
        for (const struct word *word = item->words; word; word = word->next) {
            pattern = expand_text(shell, word->text, EXPAND_PATTERN);
            if (!pattern) {
                return 2;
            }
            if (glob_match(pattern, subject)) {
                return item->first ? run_node(shell, item->first, flags) : 0;
            }
        }
    }
    return 0;
}

static int run_subshell(struct shell *shell, const struct node *node)
{
    struct job *job = jobs_begin(shell, node->text, 1, false);

    return run_start(shell, job, node, -1, -1, -1) ? jobs_foreground(shell, job)
                                                   : jobs_give_up(shell, job);
}

static int run_kind(struct shell *shell, const struct node *node, unsigned flags)
{
    switch (node->kind) {
    case NODE_IF:
        return run_if(shell, node, flags);
    case NODE_WHILE:
    case NODE_UNTIL:
        return run_while(shell, node);
    case NODE_FOR:
        return run_for(shell, node);
    case NODE_CASE:
        return run_case(shell, node, flags);
    case NODE_FUNCTION:
        return function_define(shell, node);
    default: // NODE_GROUP, and NODE_SUBSHELL in a child
        return run_node(shell, node->first, flags);
    }
}

int control_run(struct shell *shell, const struct node *node, unsigned flags)
{
    struct redirection *redirections = NULL;
    struct redirect_saved *files;
    int status = 2;

    if (node->kind == NODE_SUBSHELL && !(flags & RUN_LAST)) {
        return run_subshell(shell, node);
    }
    if (!redirect_expand(shell, node->redirections, &redirections)) {
        return 2;
    }
    if (redirect_do(shell, redirections, &files)) {
        status = run_kind(shell, node, flags);
    }
    if (node->kind == NODE_SUBSHELL) {
        redirect_keep(shell, files); // a trap at its end has them too
    } else {
        redirect_undo(shell, files);
    }
    return status;
}

// break and continue: out of so many loops.
static int leave_loops(struct shell *shell, int count, char **arguments, enum shell_leave leave)
{
    int number = count > 1 ? builtin_number(shell, arguments[0], arguments[1]) : 1;

    if (number < 0) {
        return 2;
    }
    if (number == 0) {
        shell_fail(shell, "%s: Illegal number: %s", arguments[0], arguments[1]);
        return 2;
    }
    if (shell->loops > 0) {
        shell->leave = leave;
        shell->leave_count = (unsigned)number < shell->loops ? (unsigned)number : shell->loops;
    }
    return 0;
}

int control_break(struct shell *shell, int count, char **arguments)
{
    return leave_loops(shell, count, arguments, LEAVE_LOOP);
}

int control_continue(struct shell *shell, int count, char **arguments)
{
    return leave_loops(shell, count, arguments, LEAVE_TURN);
}
