#include "user/sh/input.h"

#include "user/sh/expand.h"
#include "user/sh/history.h"
#include "user/sh/jobs.h"
#include "user/sh/line.h"
#include "user/sh/variable.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define INPUT_SIZE 1024 // bytes read at once

void input_begin(struct input *input, int file, bool terminal)
{
    *input = (struct input){.file = file, .terminal = terminal};
    if (file != STDIN_FILENO) {
        input->bytes = memory_get(INPUT_SIZE);
    }
}

void input_end(struct input *input)
{
    free(input->bytes);
}

// The next byte, or -1 at the end.
static int next_byte(struct input *input)
{
    char single;
    ssize_t got;

    if (input->position < input->length) {
        return (unsigned char)input->bytes[input->position++];
    }
    do {
        got = input->bytes ? read(input->file, input->bytes, INPUT_SIZE)
                           : read(input->file, &single, 1);
    } while (got < 0 && errno == EINTR);
    if (got <= 0) {
        return -1;
    }
    if (!input->bytes) {
        return (unsigned char)single;
    }
    input->position = 1;
    input->length = (size_t)got;
    return (unsigned char)input->bytes[0];
}

static bool file_line(struct input *input, struct buffer *text)
{
    size_t before = text->length;
    int c;

    do {
        c = next_byte(input);
        if (c > 0) { // a NUL is nothing that a command could have in it
            buffer_put(text, (char)c);
        }
    } while (c >= 0 && c != '\n');
    return text->length > before;
}

static bool terminal_line(struct shell *shell, struct buffer *text, bool continued)
{
    const char *prompt = variable_get(shell, continued ? "PS2" : "PS1");
    enum line_end end;

    if (!continued) {
        jobs_tell(shell);
    }
    prompt = expand_prompt(shell, prompt ? prompt : continued ? "> " : "$ ");
    end = line_read(shell, prompt, text);
    if (end == LINE_INTERRUPTED) {
        shell->status = 130;
        shell->leave = LEAVE_LINE;
    }
    return end == LINE_DONE;
}

bool input_line(struct shell *shell, struct input *input, struct buffer *text, bool continued)
{
    bool more = input->terminal ? terminal_line(shell, text, continued) : file_line(input, text);

    if (more) {
        input->line++;
    }
    return more;
}
