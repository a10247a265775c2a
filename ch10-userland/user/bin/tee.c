// tee: the input, to the output and to files.
#include "user/libc/command.h"

#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int flags = O_WRONLY | O_CREAT | O_TRUNC, option, status = 0;
    while ((option = getopt(argc, argv, "ai")) != -1) {
        if (option == '?') {
            command_usage("tee [-ai] [file...]");
        }
        if (option == 'a') {
            flags = O_WRONLY | O_CREAT | O_APPEND;
        } else {
            signal(SIGINT, SIG_IGN);
        }
    }
    size_t count = 1;
    struct output **outs = must_malloc((size_t)(argc - optind + 1) * sizeof(struct output *));
    outs[0] = output_open(STDOUT_FILENO);
    for (int i = optind; i < argc; i++) {
        int descriptor = open(argv[i], flags, 0666);
        if (descriptor < 0) {
            warn("%s", argv[i]);
            status = 1;
        } else {
            outs[count++] = output_open(descriptor);
        }
    }
    struct reader *reader = reader_new(STDIN_FILENO);
    char *piece;
    for (ssize_t length; (length = reader_piece(reader, &piece)) > 0;) {
        for (size_t i = 0; i < count; i++) {
            output_bytes(outs[i], piece, (size_t)length);
            output_flush(outs[i]);
        }
    }
    status |= reader_failed(reader);
    reader_close(reader);
    for (size_t i = 0; i < count; i++) {
        status |= output_close(outs[i]);
    }
    free(outs);
    return status;
}
