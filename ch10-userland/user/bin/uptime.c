// uptime: for how long the system has been running, and how busy it is.
#include "user/libc/command.h"
#include "user/libc/proc.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (getopt(argc, argv, "") != -1 || optind < argc) {
        command_usage("uptime");
    }
    char *up = proc_read("/proc/uptime"), *load = proc_read("/proc/loadavg");
    if (up == NULL || load == NULL) {
        err(1, up == NULL ? "/proc/uptime" : "/proc/loadavg");
    }
    const char *text = up;
    uint64_t minutes = proc_number(&text) / 60;
    time_t now = time(NULL);
    struct tm date;
    char clock[16] = "";
    if (gmtime_r(&now, &date) != NULL) {
        strftime(clock, sizeof(clock), "%H:%M:%S", &date);
    }
    struct output *out = output_open(STDOUT_FILENO);
    output_format(out, " %s up ", clock);
    uint64_t days = minutes / 60 / 24, hours = minutes / 60 % 24;
    if (days > 0) {
        output_format(out, "%llu day%s, ", (unsigned long long)days, days == 1 ? "" : "s");
    }
    if (hours > 0) {
        output_format(out, "%2u:%02u", (unsigned)hours, (unsigned)(minutes % 60));
    } else {
        output_format(out, "%u min", (unsigned)(minutes % 60));
    }
    // "0.00 0.01 0.05 1/12 34": three averages
    char *rest, *one = strtok_r(load, " ", &rest), *two = strtok_r(NULL, " ", &rest);
    char *three = strtok_r(NULL, " \n", &rest);
    if (three != NULL) {
        output_format(out, ",  load average: %s, %s, %s", one, two, three);
    }
    output_char(out, '\n');
    free(up);
    free(load);
    return output_close(out);
}
