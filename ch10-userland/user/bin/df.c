// df: how full the file systems are.
#include "user/libc/command.h"
#include "user/libc/proc.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

static void print(struct output *out, const char *device, const char *path, bool readable,
                  const struct statfs *status)
{
    uint64_t unit = (uint64_t)status->f_bsize, total = status->f_blocks * unit;
    uint64_t used = (status->f_blocks - status->f_bfree) * unit, left = status->f_bavail * unit;
    uint64_t numbers[] = {total, used, left};
    output_format(out, "%-14.60s", device);
    for (int i = 0; i < 3; i++) {
        char text[24];
        if (readable) {
            size_text(text, numbers[i]);
        } else {
            snprintf(text, sizeof(text), "%llu", (unsigned long long)(numbers[i] / 1024));
        }
        output_format(out, " %*s", readable ? 5 : 9, text);
    }
    // In hundredths of what those who write may use, rounded up.
    char percent[8] = "-";
    if (used + left > 0) {
        snprintf(
            percent, sizeof(percent), "%u%%",
            (unsigned)((used / 1024 * 100 + (used + left) / 1024 - 1) / ((used + left) / 1024)));
    }
    output_format(out, " %4s ", percent);
    output_text(out, path);
    output_char(out, '\n');
}

int main(int argc, char **argv)
{
    bool readable = false, all = false;
    int option, status = 0;
    while ((option = getopt(argc, argv, "ahk")) != -1) {
        if (option == '?') {
            command_usage("df [-ahk] [file...]");
        }
        readable = option == 'h' || (readable && option != 'k');
        all |= option == 'a';
    }
    char *mounts = proc_read("/proc/mounts");
    if (mounts == NULL) {
        err(1, "/proc/mounts");
    }
    struct output *out = output_open(STDOUT_FILENO);
    output_format(out, "Filesystem     %s Use%% Mounted on\n",
                  readable ? " Size  Used Avail" : "1K-blocks      Used Available");
    // For each file the mount whose root has its device, of several the last.
    for (int i = optind; i == optind || i < argc; i++) {
        struct stat file;
        if (optind < argc && stat(argv[i], &file) != 0) {
            warn("%s", argv[i]);
            status = 1;
            continue;
        }
        char *text = must_strdup(mounts), *rest = text, *line, *found = NULL;
        while ((line = strsep(&rest, "\n")) != NULL && *line != '\0') {
            char *device = strsep(&line, " "), *path = strsep(&line, " ");
            struct statfs about;
            struct stat root;
            if (path == NULL || statfs(path, &about) != 0 || stat(path, &root) != 0) {
                continue;
            }
            if (optind < argc) {
                found = root.st_dev == file.st_dev ? device : found;
            } else if (all || about.f_blocks > 0) { // others have no room at all: /proc
                print(out, device, path, readable, &about);
            }
        }
        struct statfs about;
        if (found != NULL && statfs(found + strlen(found) + 1, &about) == 0) {
            print(out, found, found + strlen(found) + 1, readable, &about);
        }
        free(text);
    }
    free(mounts);
    return status | output_close(out);
}
