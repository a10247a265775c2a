// Where a program begins and ends.
#include "user/libc/program_start.h"

#include <stdlib.h>
#include <unistd.h>

#include "user/libc/stream.h"

#define FUNCTION_MAX 32 // of atexit: as many as ISO C wants at least

int main(int argc, char **argv, char **environment);

static struct program_state state = {.name = ""};
char **environ;
static void (*functions[FUNCTION_MAX])(void);
static unsigned function_count;

// Set by the streams as soon as one of them may hold something: who uses none has none.
void (*stream_at_exit)(void);

struct program_state *program_state(void)
{
    return &state;
}

void program_start(int argc, char **argv)
{
    environ = argv + argc + 1;
    if (argc > 0) {
        state.name = argv[0];
        for (const char *at = argv[0]; *at != '\0'; at++) {
            state.name = at[0] == '/' && at[1] != '\0' ? at + 1 : state.name;
        }
    }
    exit(main(argc, argv, environ));
}

int atexit(void (*function)(void))
{
    if (function_count == FUNCTION_MAX) {
        return -1;
    }
    functions[function_count++] = function;
    return 0;
}

void exit(int status)
{
    while (function_count > 0) {
        functions[--function_count]();
    }
    if (stream_at_exit != NULL) {
        stream_at_exit();
    }
    _exit(status);
}

void _Exit(int status)
{
    _exit(status);
}
