// date: the time, as a text.
#include "user/libc/command.h"

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TEXT_SIZE 400

int main(int argc, char **argv)
{
    const char *format = "%a %b %e %H:%M:%S UTC %Y", *usage = "date [-u] [-d date] [-r file] "
                                                              "[+format]";
    time_t now = time(NULL);
    int option;
    while ((option = getopt(argc, argv, "uRd:r:")) != -1) {
        struct stat status;
        int64_t number;
        if (option == '?') {
            command_usage(usage);
        } else if (option == 'R') {
            format = "%a, %d %b %Y %H:%M:%S +0000";
        } else if (option == 'd') {
            bool valid = optarg[0] == '@' && command_number(optarg + 1, &number);
            if (!valid) {
                errx(1, "invalid date '%s'", optarg);
            }
            now = number;
        } else if (option == 'r') {
            if (stat(optarg, &status) != 0) {
                err(1, "%s", optarg);
            }
            now = status.st_mtim.tv_sec;
        }
    }
    if (optind < argc && argv[optind][0] == '+') {
        format = argv[optind++] + 1;
    }
    if (optind < argc) {
        warnx("%s '%s'", argv[optind][0] == '+' ? "extra operand" : "invalid date", argv[optind]);
        command_usage(usage);
    }
    struct tm date;
    char text[TEXT_SIZE];
    if (gmtime_r(&now, &date) == NULL) {
        errx(1, "time %lld is out of range", (long long)now);
    }
    size_t length = *format == '\0' ? 0 : strftime(text, sizeof(text), format, &date);
    text[length] = '\0';
    dprintf(STDOUT_FILENO, "%s\n", text);
    return 0;
}
