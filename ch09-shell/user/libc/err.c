// Messages about errors: err, warn, perror.
#include <err.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_SIZE 256

// One write for the whole line, so that messages of several programs are not mixed: what is too
// long for that is written in pieces.
static void message(const char *text, va_list arguments, const char *reason)
{
    char line[MESSAGE_SIZE];
    va_list again;
    va_copy(again, arguments);
    const char *name = program_state()->name, *colon = reason != NULL ? ": " : "";
    reason = reason != NULL ? reason : "";
    int length = vsnprintf(line, sizeof(line), text, arguments);
    if ((size_t)length < sizeof(line)) {
        dprintf(STDERR_FILENO, "%s: %s%s%s\n", name, line, colon, reason);
    } else {
        dprintf(STDERR_FILENO, "%s: ", name);
        vdprintf(STDERR_FILENO, text, again);
        dprintf(STDERR_FILENO, "%s%s\n", colon, reason);
    }
    va_end(again);
}

void warn(const char *text, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, text);
    message(text, arguments, errno_text(error));
    va_end(arguments);
    errno = error;
}

void warnx(const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    message(text, arguments, NULL);
    va_end(arguments);
}

void err(int status, const char *text, ...)
{
    int error = errno;
    va_list arguments;
    va_start(arguments, text);
    message(text, arguments, errno_text(error));
    exit(status);
}

void errx(int status, const char *text, ...)
{
    va_list arguments;
    va_start(arguments, text);
    message(text, arguments, NULL);
    exit(status);
}

void perror(const char *text)
{
    bool named = text != NULL && *text != '\0';
    dprintf(STDERR_FILENO, "%s%s%s\n", named ? text : "", named ? ": " : "", errno_text(errno));
}
