// Feeds lexer and parser what libFuzzer makes of the conformance cases; nothing is run. What can be
// parsed is copied too, as for a function.
#include "user/sh/alias.h"
#include "user/sh/parser.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *aliases[] = {"alias", "e=echo ", "a=e a; b ", "b=x 'y", "x=a\nb", "i=if", "n=", NULL};
    char *all[] = {"unalias", "-a", NULL};
    struct shell shell = {.name = "sh"};
    struct arena copies = {0};
    struct lexer lexer;
    struct node *node;
    enum parse parse;
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    alias_builtin(&shell, sizeof(aliases) / sizeof(aliases[0]) - 1, aliases);
    lexer_begin_text(&lexer, &shell, text, strlen(text));
    do {
        parse = parser_line(&lexer, &node);
        if (parse == PARSE_COMMAND && node) {
            parser_copy(&copies, node);
        }
    } while (parse == PARSE_COMMAND);
    alias_unalias(&shell, 2, all);
    arena_release(&copies, (struct arena_mark){0});
    arena_release(&shell.arena, (struct arena_mark){0});
    free(text);
    return 0;
}
