#include "user/sh/function.h"

#include "user/sh/builtin.h"
#include "user/sh/redirect.h"
#include "user/sh/run.h"
#include "user/sh/variable.h"

#include <stdlib.h>
#include <string.h>

struct function {
    struct function *next;
    char *name;
    struct arena arena; // its body's
    const struct node *body;
    unsigned calls; // of it that are under way
    bool forgotten; // it goes when the last of them has returned
};

struct function *function_find(struct shell *shell, const char *name)
{
    for (struct function *function = shell->function_list; function; function = function->next) {
        if (!function->forgotten && strcmp(function->name, name) == 0) {
            return function;
        }
    }
    return NULL;
}

// Frees a function that is forgotten and not called.
static void collect(struct shell *shell, struct function *function)
{
    struct function **place = &shell->function_list;

    if (!function->forgotten || function->calls > 0) {
        return;
    }
    while (*place != function) {
        place = &(*place)->next;
    }
    *place = function->next;
    arena_release(&function->arena, (struct arena_mark){0});
    free(function->name);
    free(function);
}

void function_forget(struct shell *shell, const char *name)
{
    struct function *function = function_find(shell, name);

    if (!function) {
        return;
    }
    function->forgotten = true;
    collect(shell, function);
}

int function_define(struct shell *shell, const struct node *node)
{
    struct function *function = memory_get(sizeof(*function));

    function_forget(shell, node->words->text);
    *function = (struct function){.next = shell->function_list};
    function->name = memory_string(node->words->text);
    function->body = parser_copy(&function->arena, node->first);
    shell->function_list = function;
    return 0;
}

// Calls a function with parameters of its own, from which it returns to the old ones.
static int call(struct shell *shell, struct function *function, const struct node *node)
{
    struct variable_saved *locals = shell->locals;
    char **arguments = shell->arguments;
    int count = shell->argument_count, status, given;
    unsigned loops = shell->loops;
    char **words = run_arguments(shell, node->words, &given);

    shell->arguments = NULL;
    shell->argument_count = 0;
    variable_set_arguments(shell, given - 1, words + 1);
    shell->locals = NULL;
    shell->loops = 0;
    shell->functions++;
    function->calls++;
    status = run_node(shell, function->body, 0);
    function->calls--;
    shell->functions--;
    shell->loops = loops;
    variable_restore(shell, shell->locals);
    shell->locals = locals;
    variable_set_arguments(shell, 0, NULL);
    free(shell->arguments);
    shell->arguments = arguments;
    shell->argument_count = count;
    if (shell->leave == LEAVE_FUNCTION) {
        shell->leave = LEAVE_NOTHING;
    }
    collect(shell, function);
    return status;
}

int function_call(struct shell *shell, struct function *function, const struct node *node)
{
    struct redirect_saved *files;
    struct variable_saved *variables = NULL;
    int status = 2;

    if (redirect_do(shell, node->redirections, &files) &&
        run_assign(shell, node, VARIABLE_EXPORTED, &variables)) {
        status = call(shell, function, node);
    }
    variable_restore(shell, variables);
    redirect_undo(shell, files);
    return status;
}

int function_return(struct shell *shell, int count, char **arguments)
{
    int status = count > 1 ? builtin_number(shell, "return", arguments[1]) : shell->status;

    if (status < 0) {
        return 2;
    }
    shell->leave = LEAVE_FUNCTION;
    return status;
}

int function_local(struct shell *shell, int count, char **arguments)
{
    if (shell->functions == 0) {
        shell_fail(shell, "local: not in a function");
        return 2;
    }
    for (int i = 1; i < count; i++) {
        size_t name = lexer_name(arguments[i]);

        if (name == 0 || (arguments[i][name] && arguments[i][name] != '=')) {
            shell_fail(shell, "local: %s: bad variable name", arguments[i]);
            return 2;
        }
        variable_save(shell, arguments[i], name, &shell->locals);
        if (arguments[i][name] && !variable_assign(shell, arguments[i], 0)) {
            return 2;
        }
    }
    return 0;
}
