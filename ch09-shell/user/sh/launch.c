#include "user/sh/launch.h"

#include "kernel/cpu/cpu.h"
#include "kernel/proc/process.h"
#include "user/libc/program_start.h"
#include "user/sh/shell.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A child is a kernel process in the same memory, and its stack is small: this many bytes of it
// must be left for another of the shell's functions, and for a command.
#define NEST_ROOM 6144
#define COMMAND_ROOM 8192

static size_t stack_left(void)
{
    return (size_t)((char *)__builtin_frame_address(0) - (char *)process_current()->stack);
}

bool launch_may_nest(unsigned depth)
{
    (void)depth;
    return stack_left() > NEST_ROOM;
}

// What a new child takes over, while its parent waits.
struct start {
    struct shell *shell;
    int (*run)(struct shell *shell, const struct launch *work);
    const struct launch *work;
    struct wait_queue *parent; // in which it waits
    bool done;
};

// The child: it copies everything, lets the parent go on, and begins.
static int begin(void *argument)
{
    struct start *start = argument;
    struct wait_queue *parent = start->parent;
    int (*run)(struct shell * shell, const struct launch *work) = start->run;
    struct shell *shell = memory_get(sizeof(*shell));
    struct launch *work = memory_get(sizeof(*work));

    *shell = *start->shell;
    shell->arena = (struct arena){0};
    variable_copy_all(shell);
    *work = *start->work;
    work->node = parser_copy(&shell->arena, work->node);
    bool interrupts = cpu_save_interrupts(); // or the parent goes on, and ends, in between
    start->done = true; // from here on `start` may be gone
    wait_wake_all(parent);
    cpu_restore_interrupts(interrupts);
    return run(shell, work);
}

static bool has_ended(int pid)
{
    struct process *process = process_find(pid);

    return !process || process->ended;
}

pid_t launch_child(struct shell *shell, int (*run)(struct shell *shell, const struct launch *work),
                   const struct launch *work)
{
    struct wait_queue *children = &process_current()->child_ended;
    struct start *start = memory_get(sizeof(*start));
    int pid;

    *start = (struct start){.shell = shell, .run = run, .work = work, .parent = children};
    pid = program_start(shell->name, begin, start);
    if (pid > 0) {
        wait_until(children, start->done || has_ended(pid));
    }
    free(start);
    if (pid < 0) {
        errno = pid == -1 ? errno : -pid;
        return -1;
    }
    return pid;
}

static const struct program *find(const char *name)
{
    const struct program *program = programs;

    while (program->name && strcmp(program->name, name) != 0) {
        program++;
    }
    return program->name ? program : NULL;
}

int launch_program(struct shell *shell, const char *who, char **arguments)
{
    const struct program *program = find(arguments[0]);
    int count = 0;

    if (!program) {
        shell_error(shell, "%s%s: not found", who, arguments[0]);
        return 127;
    }
    if (stack_left() < COMMAND_ROOM) { // exec within exec within ...
        shell_error(shell, "%s%s: %s", who, arguments[0], strerror(ENOMEM));
        return 126;
    }
    while (arguments[count]) {
        count++;
    }
    environ = variable_environment(shell);
    program_become(arguments[0]);
    program_state()->name = arguments[0];
    exit(program->main(count, arguments));
}

const char *launch_find(struct shell *shell, const char *name)
{
    const struct program *program = find(name);

    (void)shell;
    return program ? program->name : NULL;
}

void launch_list(struct shell *shell, void (*each)(void *context, const char *name), void *context)
{
    (void)shell;
    for (const struct program *program = programs; program->name; program++) {
        each(context, program->name);
    }
}
