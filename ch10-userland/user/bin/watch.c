// watch: the output of a command, again and again.
#include "user/libc/command.h"
#include "user/libc/screen.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Runs the command and shows as much of its output as there is room for.
static void show(const char *command, int64_t seconds)
{
    int ends[2];
    if (pipe(ends) != 0) {
        err(1, "pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDONLY);
        dup2(null, STDIN_FILENO);
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (child < 0) {
        err(1, "cannot fork");
    }
    screen_begin();
    time_t now = time(NULL);
    struct tm date;
    char clock[16] = "";
    if (gmtime_r(&now, &date) != NULL) {
        strftime(clock, sizeof(clock), "%H:%M:%S", &date);
    }
    screen_row(0);
    screen_format("Every %llds: %.60s", (long long)seconds, command);
    screen_fill(screen_columns() - (unsigned)strlen(clock));
    screen_text(clock);
    screen_row(1);
    struct reader *reader = reader_new(ends[0]);
    unsigned row = 2;
    size_t length;
    for (char *line; (line = reader_line(reader, &length)) != NULL;) {
        if (row < screen_rows()) {
            screen_row(row++);
            unsigned column = 0;
            for (size_t i = 0; i < length; i++) {
                column = line[i] == '\t' ? column / 8 * 8 + 8 : column + 1;
                line[i] == '\t' ? screen_fill(column) : screen_put(line[i]);
            }
        }
    }
    while (row < screen_rows()) {
        screen_row(row++);
    }
    reader_close(reader);
    close(ends[0]);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    screen_show_hidden();
}

int main(int argc, char **argv)
{
    int64_t seconds = 2;
    int option;
    while ((option = getopt(argc, argv, "+n:")) != -1) {
        if (option == '?') {
            command_usage("watch [-n seconds] command [argument...]");
        }
        seconds = command_count(optarg, "interval");
        seconds = seconds < 1 ? 1 : seconds < 86400 ? seconds : 86400;
    }
    if (optind == argc) {
        command_usage("watch [-n seconds] command [argument...]");
    }
    size_t length = 0;
    for (int i = optind; i < argc; i++) {
        length += strlen(argv[i]) + 1;
    }
    char *command = must_malloc(length + 1);
    command[0] = '\0';
    for (int i = optind; i < argc; i++) {
        strcat(strcat(command, argv[i]), i + 1 < argc ? " " : "");
    }
    screen_open();
    while (true) {
        show(command, seconds);
        int key = screen_key((int)seconds * 1000);
        if (key == 'q' || key == CONTROL('C') || key == KEY_CLOSED) {
            return 0;
        }
    }
}
