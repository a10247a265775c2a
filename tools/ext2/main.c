// ext2: looks into an image, and changes it, with the kernel's own file system code.
#include "commands.h"

#include "lib/errno.h"

#include <inttypes.h>

static void usage(FILE *out)
{
    fprintf(out,
            "usage: ext2 [OPTION...] IMAGE[:PARTITION] COMMAND [ARGUMENT...]\n"
            "       ext2 [OPTION...] IMAGE[:PARTITION] script FILE    (- for standard input)\n"
            "\n"
            "Mounts the ext2 file system in an image of a disk or a partition (:0 is the whole\n"
            "image) with the kernel's own code, runs a command, and unmounts it. Commands that\n"
            "only look leave the image alone: what a replay of its journal changes stays in\n"
            "memory. A script has a command on each line, all in one mount; it prints what they\n"
            "print, and behind each its result, as in \"= 0\" or \"= ENOENT\".\n"
            "\n"
            "DATA is =TEXT, @FILE, @FILE:OFFSET:LENGTH, or 0:LENGTH for zeroes.\n"
            "\n"
            "  -p          change nothing in the image, whatever the command\n"
            "  -q          say nothing of what the kernel prints\n"
            "  -c BLOCKS   of cache (1024); 0: as few as it can do with\n"
            "  -t SECONDS  the time, since 1970\n"
            "  -l FILE     log of all writes and flushes (as QEMU's blklogwrites has it)\n"
            "  -k WRITES   cut the power after so many writes: exit status 3\n"
            "  -f FAULT    as the command fail, words separated by commas: read,0,1,2056\n"
            "\n"
            "Commands:\n");
    commands_help(out);
}

static int say(const char *what, const char *name, int64_t error)
{
    fprintf(stderr, "ext2: %s%s%s: %s\n", what, name ? " " : "", name ? name : "",
            errno_text((int)error));
    return 1;
}

static int run_script(struct session *session, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    if (!file) {
        host_fail("%s: can't be read", path);
    }
    while (getline(&line, &room, file) >= 0) {
        int64_t result = session_line(session, line);
        if (result < 0) {
            fprintf(session->out, "= %s\n", error_name(result));
        } else {
            fprintf(session->out, "= %" PRId64 "\n", result);
        }
        fflush(session->out);
    }
    free(line);
    if (file != stdin) {
        fclose(file);
    }
    return 0;
}

// Takes ":PARTITION" off the name of an image: -1 if there is none.
static int partition_of(char *image)
{
    char *colon = strrchr(image, ':');
    if (!colon || colon[1] < '0' || colon[1] > '4' || colon[2] != '\0') {
        return -1;
    }
    *colon = '\0';
    return colon[1] - '0';
}

struct options {
    bool private;
    size_t cache_blocks;
    const char *log;
    uint64_t cut;
    char *fault;
};

static int parse_options(int count, char **words, struct options *options)
{
    int i = 1;

    for (; i < count && words[i][0] == '-' && words[i][1] != '\0'; i++) {
        char letter = words[i][2] == '\0' ? words[i][1] : 'h';
        if (letter == 'p') {
            options->private = true;
            continue;
        }
        if (letter == 'q') {
            host_quiet = true;
            continue;
        }
        if (letter == 'h' || !strchr("ctlkf", letter) || i + 1 == count) {
            usage(strcmp(words[i], "--help") == 0 ? stdout : stderr);
            exit(strcmp(words[i], "--help") == 0 ? 0 : 2);
        }
        char *value = words[++i];
        switch (letter) {
        case 'c':
            options->cache_blocks = strtoull(value, NULL, 0);
            if (options->cache_blocks == 0) {
                options->cache_blocks = CACHE_BLOCKS_MIN;
            }
            break;
        case 't':
            host_time_ns = strtoull(value, NULL, 0) * 1000000000;
            break;
        case 'l':
            options->log = value;
            break;
        case 'k':
            options->cut = strtoull(value, NULL, 0);
            break;
        default:
            options->fault = value;
        }
    }
    return i;
}

int main(int argc, char **argv)
{
    struct options options = {.cache_blocks = 1024, .cut = UINT64_MAX};
    struct session session;
    int first = parse_options(argc, argv, &options);

    if (argc - first < 2) {
        usage(stderr);
        return 2;
    }
    char *image = argv[first], **words = argv + first + 1;
    int word_count = argc - first - 1;
    int partition = partition_of(image);
    bool script = strcmp(words[0], "script") == 0 && word_count == 2;
    struct host_disk *disk = host_disk_open(
        image, options.private || !(script || command_changes(words[0])) ? HOST_DISK_PRIVATE
                                                                         : HOST_DISK_WRITE);
    if (options.log) {
        host_disk_log(disk, options.log);
    }
    host_disk_cut(disk, options.cut, true);
    int error = session_init(&session, disk, partition);
    session.cache_blocks = options.cache_blocks;
    if (options.fault) {
        char line[128];
        snprintf(line, sizeof(line), "fail %s", options.fault);
        for (char *comma = line; (comma = strchr(comma, ',')); *comma = ' ') {
        }
        session_line(&session, line);
    }
    error = error ? error : session_mount(&session);
    if (error) {
        host_disk_close(disk);
        return say(image, NULL, error);
    }
    int64_t result =
        script ? run_script(&session, words[1]) : session_run(&session, word_count, words);
    if (result < 0) {
        say(words[0], word_count > 1 ? words[1] : NULL, result);
    }
    error = session_unmount(&session);
    if (error) {
        say("unmount", NULL, error);
    }
    host_disk_close(disk);
    return result < 0 || error;
}
