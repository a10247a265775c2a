// xargs: runs a command with words from its input as arguments.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_MAX 32768 // of one command's arguments

struct xargs {
    char **command; // with which each run starts
    size_t command_count;
    size_t words_max, bytes;
    const char *replace; // -I: what stands for the word
    bool trace, zero, not_empty;
    char delimiter; // with -0 and -d
    char **words;
    size_t count;
    int status;
};

// Runs the command with the words there are, and forgets them.
static void run(struct xargs *xargs)
{
    char **arguments = must_malloc((xargs->command_count + xargs->count + 1) * sizeof(char *));
    size_t count = 0;
    for (size_t i = 0; i < xargs->command_count; i++) {
        arguments[count++] = xargs->command[i];
    }
    for (size_t i = 0; i < xargs->count; i++) {
        arguments[count++] = xargs->words[i];
    }
    arguments[count] = NULL;
    if (xargs->trace) {
        struct output *out = output_open(STDERR_FILENO);
        for (size_t i = 0; i < count; i++) {
            output_text(out, arguments[i]);
            output_char(out, i + 1 < count ? ' ' : '\n');
        }
        output_close(out);
    }
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDONLY); // the input is ours
        dup2(null, STDIN_FILENO);
        execvp(arguments[0], arguments);
        warn("%s", arguments[0]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (child < 0) {
        err(1, "cannot fork");
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFSIGNALED(status)) {
        errx(125, "%s: terminated by signal %d", arguments[0], WTERMSIG(status));
    }
    int code = WEXITSTATUS(status);
    if (code == 255) {
        errx(124, "%s: exited with status 255; aborting", arguments[0]);
    }
    if (code == 126 || code == 127) {
        exit(code);
    }
    xargs->status = code != 0 ? 123 : xargs->status;
    free(arguments);
    for (size_t i = 0; i < xargs->count; i++) {
        free(xargs->words[i]);
    }
    xargs->count = xargs->bytes = 0;
}

// A text with each `what` replaced by a word.
static char *replaced(const char *text, const char *what, const char *word)
{
    size_t length = 0, room = strlen(text) + 1, what_length = strlen(what),
           word_length = strlen(word);
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += what_length) {
        room += word_length;
    }
    char *result = must_malloc(room);
    for (const char *at = text, *next;; at = next + what_length) {
        next = strstr(at, what);
        size_t part = next != NULL ? (size_t)(next - at) : strlen(at);
        memcpy(result + length, at, part);
        length += part;
        if (next == NULL) {
            break;
        }
        memcpy(result + length, word, word_length);
        length += word_length;
    }
    result[length] = '\0';
    return result;
}

static void take(struct xargs *xargs, const char *word, size_t length)
{
    if (xargs->replace != NULL) {
        struct xargs once = *xargs;
        char *text = must_malloc(length + 1);
        memcpy(text, word, length);
        text[length] = '\0';
        once.command = must_malloc((xargs->command_count + 1) * sizeof(char *));
        for (size_t i = 0; i < xargs->command_count; i++) {
            once.command[i] = replaced(xargs->command[i], xargs->replace, text);
        }
        run(&once);
        for (size_t i = 0; i < xargs->command_count; i++) {
            free(once.command[i]);
        }
        free(once.command);
        free(text);
        xargs->status = once.status;
        xargs->not_empty = true;
        return;
    }
    if (xargs->count > 0 && (xargs->bytes + length + 1 > BYTES_MAX)) {
        run(xargs);
    }
    xargs->words = must_grow(xargs->words, xargs->count, sizeof(char *));
    char *copy = memcpy(must_malloc(length + 1), word, length);
    copy[length] = '\0';
    xargs->words[xargs->count++] = copy;
    xargs->bytes += length + 1;
    xargs->not_empty = true;
    if (xargs->count == xargs->words_max) {
        run(xargs);
    }
}

struct word {
    char *text;
    size_t length;
};

static void word_add(struct word *word, char byte)
{
    word->text = must_grow(word->text, word->length, 1);
    word->text[word->length++] = byte;
}

// Takes the words of the input: between blanks and line ends, with quotes and backslashes; with -I
// whole lines; with -0 and -d what ends with a NUL or that.
static void read_words(struct xargs *xargs, struct reader *reader)
{
    struct word word = {0};
    bool inside = false, escaped = false;
    char quote = '\0', *piece;
    for (ssize_t length; (length = reader_piece(reader, &piece)) > 0;) {
        for (ssize_t i = 0; i < length; i++) {
            char byte = piece[i];
            bool blank = byte == '\n' ||
                         ((byte == ' ' || byte == '\t') && (xargs->replace == NULL || !inside));
            if (quote != '\0' && byte == '\n' && !escaped) {
                errx(1, "unmatched %s quote", quote == '"' ? "double" : "single");
            }
            if (xargs->zero ? byte == xargs->delimiter : blank && !escaped && quote == '\0') {
                if (inside || xargs->zero) {
                    take(xargs, word.text, word.length);
                }
                inside = false;
                word.length = 0;
                continue;
            }
            inside = true;
            if (xargs->zero || escaped) {
                word_add(&word, byte);
                escaped = false;
            } else if (quote == '\0' && byte == '\\') {
                escaped = true;
            } else if (quote == byte) {
                quote = '\0';
            } else if (quote == '\0' && (byte == '\'' || byte == '"')) {
                quote = byte;
            } else {
                word_add(&word, byte);
            }
        }
    }
    if (quote != '\0') {
        errx(1, "unmatched %s quote", quote == '"' ? "double" : "single");
    }
    if (inside) {
        take(xargs, word.text, word.length);
    }
    free(word.text);
}

int main(int argc, char **argv)
{
    static char *echo[] = {"echo", NULL};
    const char *usage = "xargs [-0rt] [-d delimiter] [-n words] [-I text] [command [argument...]]";
    struct xargs xargs = {.words_max = SIZE_MAX};
    bool only_if_any = false;
    int option;
    // GNU's getopt looks for options behind the command as well, where they are the command's.
    while ((option = getopt(argc, argv, "+0rtd:n:I:")) != -1) {
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'n') {
            xargs.words_max = (size_t)command_count(optarg, "number");
            if (xargs.words_max == 0) {
                errx(1, "value 0 for -n option should be >= 1");
            }
        } else if (option == 'I') {
            xargs.replace = optarg;
        }
        if (option == 'd') {
            const char *letters = "0nt", *letter = *optarg == '\\' && optarg[1] != '\0'
                                                       ? strchr(letters, optarg[1])
                                                       : NULL;
            xargs.delimiter = letter != NULL ? "\0\n\t"[letter - letters] : *optarg;
        }
        xargs.zero |= option == '0' || option == 'd';
        xargs.trace |= option == 't';
        only_if_any |= option == 'r';
    }
    xargs.command = optind < argc ? argv + optind : echo;
    while (xargs.command[xargs.command_count] != NULL) {
        xargs.command_count++;
    }
    struct reader *reader = reader_new(STDIN_FILENO);
    read_words(&xargs, reader);
    if (xargs.count > 0 || (!xargs.not_empty && !only_if_any && xargs.replace == NULL)) {
        run(&xargs);
    }
    int status = reader_failed(reader) ? 1 : xargs.status;
    reader_close(reader);
    free(xargs.words);
    return status;
}
