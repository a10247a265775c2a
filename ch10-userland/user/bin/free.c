// free: how much memory there is.
#include "user/libc/command.h"
#include "user/libc/proc.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void print(struct output *out, const char *name, const uint64_t *numbers, int count,
                  int option)
{
    output_format(out, "%-7s", name);
    for (int i = 0; i < count; i++) {
        char text[24];
        if (option == 'h') {
            size_text(text, numbers[i]);
        } else {
            int shift = option == 'b' ? 0 : option == 'm' ? 20 : 10;
            snprintf(text, sizeof(text), "%llu", (unsigned long long)(numbers[i] >> shift));
        }
        output_format(out, " %*s", i == 0 ? 12 : 11, text);
    }
    output_char(out, '\n');
}

int main(int argc, char **argv)
{
    int option, unit = 'k';
    while ((option = getopt(argc, argv, "bkmh")) != -1) {
        if (option == '?') {
            command_usage("free [-bkmh]");
        }
        unit = option;
    }
    char *info = proc_read("/proc/meminfo");
    if (info == NULL) {
        err(1, "/proc/meminfo");
    }
    uint64_t total = proc_memory(info, "MemTotal"), unused = proc_memory(info, "MemFree");
    uint64_t cached = proc_memory(info, "Buffers") + proc_memory(info, "Cached") +
                      proc_memory(info, "SReclaimable");
    uint64_t available = proc_memory(info, "MemAvailable");
    uint64_t used = available <= total ? total - available : total - unused;
    uint64_t numbers[] = {total, used, unused, proc_memory(info, "Shmem"), cached, available};
    uint64_t swap = proc_memory(info, "SwapTotal"), swap_free = proc_memory(info, "SwapFree");
    uint64_t swap_numbers[] = {swap, swap - swap_free, swap_free};
    struct output *out = output_open(STDOUT_FILENO);
    output_text(out, "               total        used        free      shared  buff/cache"
                     "   available\n");
    print(out, "Mem:", numbers, 6, unit);
    print(out, "Swap:", swap_numbers, 3, unit);
    free(info);
    return output_close(out);
}
