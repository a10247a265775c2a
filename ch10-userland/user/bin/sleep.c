// sleep: waits.
#include "user/libc/command.h"

#include <err.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000l
#define SECONDS_MAX (100000l * 24 * 3600)

// Reads a span, "2", "0.25" or "3m"; -1 for what is none. What is longer than SECONDS_MAX is as
// long.
static int64_t parse_span(const char *text)
{
    int64_t whole = 0, rest = 0;
    bool digits = false;
    for (; *text >= '0' && *text <= '9'; text++, digits = true) {
        whole = whole < SECONDS_MAX ? whole * 10 + *text - '0' : whole;
    }
    if (*text == '.') {
        int64_t place = NS_PER_SECOND / 10;
        for (text++; *text >= '0' && *text <= '9'; text++, digits = true) {
            rest += (*text - '0') * place;
            place /= 10;
        }
    }
    const char *units = "smhd";
    const int64_t seconds[] = {1, 60, 3600, 24 * 3600};
    const char *unit = *text == '\0' ? units : strchr(units, *text);
    if (!digits || unit == NULL || (*text != '\0' && text[1] != '\0')) {
        return -1;
    }
    int64_t factor = seconds[unit - units];
    whole = whole < SECONDS_MAX / factor ? whole : SECONDS_MAX / factor;
    return (whole * NS_PER_SECOND + rest) * factor;
}

int main(int argc, char **argv)
{
    int64_t sum = 0;
    if (argc < 2) {
        warnx("missing operand");
        command_usage("sleep number[smhd]...");
    }
    for (int i = 1; i < argc; i++) {
        int64_t span = parse_span(argv[i]);
        if (span < 0) {
            warnx("invalid time interval '%s'", argv[i]);
            return 1;
        }
        sum = span < INT64_MAX - sum ? sum + span : INT64_MAX;
    }
    struct timespec left = {.tv_sec = sum / NS_PER_SECOND, .tv_nsec = sum % NS_PER_SECOND};
    while (nanosleep(&left, &left) != 0) {
        if (errno != EINTR) {
            err(1, "cannot sleep");
        }
    }
    return 0;
}
