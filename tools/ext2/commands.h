// A mounted file system and commands on it, one line each: what `ext2` and the tests of the file
// system do.
#ifndef RUNG_TOOLS_EXT2_COMMANDS_H
#define RUNG_TOOLS_EXT2_COMMANDS_H

#include "host.h"

#include "kernel/fs/ext2.h"
#include "kernel/fs/file.h"
#include "kernel/fs/partition.h"
#include "kernel/fs/path.h"

#define SESSION_HANDLES 64
#define SESSION_WORDS 8

struct session {
    struct host_disk *disk;
    struct block_device device; // the file system's
    struct filesystem *filesystem; // NULL: not mounted
    size_t cache_blocks;
    FILE *out;
    uint64_t read_max; // of each file's bytes that `tree` looks at
    uint64_t entries_max; // that `tree` looks at
    struct file *handles[SESSION_HANDLES];
    char names[SESSION_HANDLES][32];
};

// Prepares a session over partition 1 to 4 of a disk, 0 for the whole disk, or -1: partition 1
// where there is a partition table that has it. 0 or a negative error.
int session_init(struct session *session, struct host_disk *disk, int partition);

int session_mount(struct session *session);

// Closes all handles and unmounts: the first error. The file system is gone in any case.
int session_unmount(struct session *session);

// Runs a command: the result is negative for an error. session_line takes a line of text and splits
// it at blanks; \n, \\, \xHH and "\ " stand for bytes. An empty line or a comment (#) gives 0.
int64_t session_run(struct session *session, int word_count, char **words);
int64_t session_line(struct session *session, char *line);

// Whether the command of that name changes the file system; false too if there is none. All
// commands, for people.
bool command_changes(const char *name);
void commands_help(FILE *out);

// "ENOENT", for scripts.
const char *error_name(int64_t error);

#endif
