#include "parts.h"

#include "lib/errno.h"

#include <inttypes.h>

#define HANDLE(word)                                                                               \
    struct file **handle = handle_named(session, word);                                            \
    if (!handle) {                                                                                 \
        return -EBADF;                                                                             \
    }

static struct file **handle_named(struct session *session, const char *name)
{
    for (unsigned i = 0; i < SESSION_HANDLES; i++) {
        if (session->handles[i] && strcmp(session->names[i], name) == 0) {
            return &session->handles[i];
        }
    }
    return NULL;
}

static int64_t do_stat(struct session *session, int count, char **words)
{
    struct file_status status;
    int error = vfs_stat(NULL, words[1], false, &status);

    if (error == 0) {
        fprintf(session->out,
                "inode %" PRIu32 " type %c mode %04o links %" PRIu32 " uid %" PRIu32 " gid %" PRIu32
                " size %" PRIu64 " sectors %" PRIu64 " accessed %" PRId64 " modified %" PRId64
                " changed %" PRId64 "\n",
                status.number, type_letter(status.mode), status.mode & 07777, status.link_count,
                status.uid, status.gid, status.size, status.sector_count, status.accessed.seconds,
                status.modified.seconds, status.changed.seconds);
    }
    return error;
}

static int64_t do_map(struct session *session, int count, char **words)
{
    struct ext2 *ext2 = (struct ext2 *)session->filesystem;
    struct inode *inode;
    int error = path_find(NULL, words[1], false, &inode);

    if (error) {
        return error;
    }
    uint64_t blocks = (inode->size + ext2->block_size - 1) / ext2->block_size;
    mutex_lock(&ext2->lock);
    for (uint64_t index = 0; index < blocks && !error;) {
        uint32_t block;
        unsigned run;
        uint64_t rest = blocks - index;
        error = ext2_map(ext2_inode_of(inode), (uint32_t)index, &block,
                         rest < 1u << 30 ? (unsigned)rest : 1u << 30, &run);
        if (!error) {
            fprintf(session->out, "%10" PRIu64 " %8u blocks ", index, run);
            fprintf(session->out, block ? "at %" PRIu32 "\n" : "hole\n", block);
            index += run;
        }
    }
    mutex_unlock(&ext2->lock);
    inode_release(inode);
    return error;
}

static int64_t do_info(struct session *session, int count, char **words)
{
    const struct ext2 *ext2 = (const struct ext2 *)session->filesystem;
    const struct ext2_superblock *super = ext2->super;
    struct filesystem_statistics statistics;

    session->filesystem->operations->statistics(session->filesystem, &statistics);
    fprintf(session->out,
            "block size %" PRIu32 "\nblocks %" PRIu64 ", free %" PRIu64 "\ninodes %" PRIu64
            ", free %" PRIu64 "\n",
            statistics.block_size, statistics.block_count, statistics.free_blocks,
            statistics.inode_count, statistics.free_inodes);
    fprintf(session->out,
            "groups %" PRIu32 ", blocks in each %" PRIu32 ", inodes %" PRIu32
            "\ninode size %" PRIu32 "\nfeatures: compatible %#" PRIx32 ", incompatible %#" PRIx32
            ", read-only %#" PRIx32 "\nstate %#x, mounted %s, %s\n",
            ext2->group_count, ext2->blocks_per_group, ext2->inodes_per_group, ext2->inode_size,
            super->feature_compat, super->feature_incompat, super->feature_ro_compat,
            (unsigned)super->state, session->filesystem->read_only ? "read-only" : "for writing",
            ext2->journal ? "with a journal" : "without a journal");
    return 0;
}

static int64_t do_cat(struct session *session, int count, char **words)
{
    struct file *file;
    int64_t result = file_open(NULL, words[1], O_RDONLY, 0, &file);

    if (result == 0) {
        result = read_all(file, UINT64_MAX, take_output, session->out);
        file_close(file);
    }
    return result;
}

static int64_t do_get(struct session *session, int count, char **words)
{
    struct file *file;
    int64_t result = file_open(NULL, words[1], O_RDONLY, 0, &file);

    if (result == 0) {
        FILE *target = fopen(words[2], "wb");
        result = target ? read_all(file, UINT64_MAX, take_output, target) : -EINVAL;
        if (target && fclose(target) != 0) {
            result = -EIO;
        }
        file_close(file);
    }
    return result;
}

// Checksum of a part of a file: read PATH OFFSET LENGTH.
static int64_t do_read(struct session *session, int count, char **words)
{
    struct file *file;
    uint32_t crc = 0;
    int64_t result = file_open(NULL, words[1], O_RDONLY, 0, &file);

    if (result == 0) {
        result = file_seek(file, (int64_t)number(words[2]), SEEK_SET);
        result = result < 0 ? result : read_all(file, number(words[3]), take_checksum, &crc);
        file_close(file);
        if (result >= 0) {
            fprintf(session->out, "%08" PRIx32 "\n", crc);
        }
    }
    return result;
}

static int64_t write_path(const char *path, unsigned flags, uint64_t offset, const char *word)
{
    struct file *file;
    size_t size;
    char *data = data_of(word, &size);

    if (!data) {
        return -EINVAL;
    }
    int64_t result = file_open(NULL, path, O_WRONLY | O_CREAT | flags, 0644, &file);
    if (result == 0) {
        result = file_seek(file, (int64_t)offset, SEEK_SET);
        result = result < 0 ? result : write_all(file, data, size);
        file_close(file);
    }
    free(data);
    return result;
}

static int64_t do_put(struct session *session, int count, char **words)
{
    return write_path(words[2], O_TRUNC, 0, words[1]);
}

static int64_t do_write(struct session *session, int count, char **words)
{
    return write_path(words[1], 0, number(words[2]), words[3]);
}

static int64_t do_append(struct session *session, int count, char **words)
{
    return write_path(words[1], O_APPEND, 0, words[2]);
}

static int64_t do_mkdir(struct session *session, int count, char **words)
{
    return vfs_mkdir(NULL, words[1], count > 2 ? (uint32_t)strtoul(words[2], NULL, 8) : 0755);
}

static int64_t do_rmdir(struct session *session, int count, char **words)
{
    return vfs_rmdir(NULL, words[1]);
}

static int64_t do_rm(struct session *session, int count, char **words)
{
    return vfs_unlink(NULL, words[1]);
}

static int64_t do_mv(struct session *session, int count, char **words)
{
    return vfs_rename(NULL, words[1], words[2]);
}

static int64_t do_ln(struct session *session, int count, char **words)
{
    if (strcmp(words[1], "-s") == 0) {
        return count == 4 ? vfs_symlink(NULL, words[2], words[3]) : -EINVAL;
    }
    return count == 3 ? vfs_link(NULL, words[1], words[2]) : -EINVAL;
}

static int64_t do_readlink(struct session *session, int count, char **words)
{
    char target[PATH_MAX];
    struct io io = io_kernel(target, sizeof(target));
    int64_t length = vfs_readlink(NULL, words[1], &io);

    if (length >= 0) {
        print_name(session->out, target, (size_t)length);
        fprintf(session->out, "\n");
    }
    return length;
}

static int64_t do_truncate(struct session *session, int count, char **words)
{
    return vfs_truncate(NULL, words[1], number(words[2]));
}

static int64_t do_sync(struct session *session, int count, char **words)
{
    return vfs_sync();
}

static int64_t do_fsync(struct session *session, int count, char **words)
{
    struct file **handle = handle_named(session, words[1]);
    struct file *file;

    if (handle) {
        return file_sync(*handle);
    }
    int error = file_open(NULL, words[1], O_RDONLY, 0, &file);
    if (error == 0) {
        error = file_sync(file);
        file_close(file);
    }
    return error;
}

static int64_t do_open(struct session *session, int count, char **words)
{
    const char *letters = count > 3 ? words[3] : "r";
    unsigned flags = strchr(letters, 'w') ? strchr(letters, 'r') ? O_RDWR : O_WRONLY : O_RDONLY;

    flags |= strchr(letters, 'c') ? O_CREAT : 0;
    flags |= strchr(letters, 'x') ? O_EXCL : 0;
    flags |= strchr(letters, 't') ? O_TRUNC : 0;
    flags |= strchr(letters, 'a') ? O_APPEND : 0;
    flags |= strchr(letters, 's') ? O_SYNC : 0;
    flags |= strchr(letters, 'd') ? O_DIRECTORY : 0;
    flags |= strchr(letters, 'n') ? O_NOFOLLOW : 0;
    for (unsigned i = 0; i < SESSION_HANDLES; i++) {
        if (!session->handles[i]) {
            struct file *file;
            int error = file_open(NULL, words[2], flags, 0644, &file);
            if (error == 0) {
                session->handles[i] = file;
                snprintf(session->names[i], sizeof(session->names[i]), "%s", words[1]);
            }
            return error;
        }
    }
    return -EBADF;
}

static int64_t do_close(struct session *session, int count, char **words)
{
    HANDLE(words[1]);
    file_close(*handle);
    *handle = NULL;
    return 0;
}

static int64_t do_handle_write(struct session *session, int count, char **words)
{
    size_t size;
    HANDLE(words[1]);
    char *data = data_of(words[2], &size);
    int64_t result = data ? write_all(*handle, data, size) : -EINVAL;
    free(data);
    return result;
}

static int64_t do_handle_read(struct session *session, int count, char **words)
{
    uint32_t crc = 0;
    HANDLE(words[1]);
    int64_t result = read_all(*handle, number(words[2]), take_checksum, &crc);
    if (result >= 0) {
        fprintf(session->out, "%08" PRIx32 "\n", crc);
    }
    return result;
}

static int64_t do_handle_seek(struct session *session, int count, char **words)
{
    HANDLE(words[1]);
    return file_seek(*handle, (int64_t)number(words[2]), SEEK_SET);
}

static int64_t do_handle_truncate(struct session *session, int count, char **words)
{
    HANDLE(words[1]);
    return file_truncate(*handle, number(words[2]));
}

static int64_t do_nothing(struct session *session, int count, char **words)
{
    return 0;
}

static int64_t do_remount(struct session *session, int count, char **words)
{
    int error = session_unmount(session);
    return error ? error : session_mount(session);
}

static int64_t do_crash(struct session *session, int count, char **words)
{
    fflush(session->out);
    host_disk_mark(session->disk, "crash");
    _Exit(HOST_POWER_CUT);
}

static int64_t do_mark(struct session *session, int count, char **words)
{
    host_disk_mark(session->disk, words[1]);
    return 0;
}

static int64_t do_heal(struct session *session, int count, char **words)
{
    host_disk_heal(session->disk);
    host_fail_allocations(0, 0);
    return 0;
}

// fail read|write|flush|memory [AFTER [COUNT [FIRST LAST]]]
static int64_t do_fail(struct session *session, int count, char **words)
{
    struct host_disk_fault fault = {.last = UINT64_MAX, .count = 1};

    fault.after = count > 2 ? number(words[2]) : 0;
    fault.count = count > 3 ? number(words[3]) : 1;
    fault.first = count > 4 ? number(words[4]) : 0;
    fault.last = count > 5 ? number(words[5]) : count > 4 ? fault.first : UINT64_MAX;
    if (strcmp(words[1], "memory") == 0) {
        host_fail_allocations(fault.after, fault.count);
        return 0;
    }
    fault.operation = strcmp(words[1], "read") == 0    ? HOST_DISK_READS
                      : strcmp(words[1], "write") == 0 ? HOST_DISK_WRITES
                                                       : HOST_DISK_FLUSHES;
    host_disk_fail(session->disk, &fault);
    return 0;
}

static int64_t do_count(struct session *session, int count, char **words)
{
    for (unsigned i = HOST_DISK_READS; i <= HOST_DISK_FLUSHES; i++) {
        fprintf(session->out, "%" PRIu64 " ", host_disk_count(session->disk, i));
    }
    fprintf(session->out, "%" PRIu64 "\n", host_allocations());
    return 0;
}

static const struct command {
    const char *name;
    int least, most; // words behind it
    bool changes;
    int64_t (*run)(struct session *session, int count, char **words);
    const char *arguments, *help;
} commands[] = {
    {"ls", 0, 2, false, do_ls, "[-l] [DIRECTORY]",
     "names; -l: inode, type and mode, links, owner, size"},
    {"tree", 0, 2, false, do_tree, "[-it] [DIRECTORY]",
     "all: type, mode, links, size, CRC-32, path (-i: inode numbers, -t: times)"},
    {"cat", 1, 1, false, do_cat, "PATH", "contents"},
    {"get", 2, 2, false, do_get, "PATH FILE", "copy to the host"},
    {"read", 3, 3, false, do_read, "PATH OFFSET LENGTH", "CRC-32 of a part"},
    {"stat", 1, 1, false, do_stat, "PATH", "what is known of it"},
    {"map", 1, 1, false, do_map, "PATH", "where its blocks are"},
    {"readlink", 1, 1, false, do_readlink, "PATH", "a symbolic link's target"},
    {"info", 0, 0, false, do_info, "", "the file system"},
    {"put", 2, 2, true, do_put, "DATA PATH", "write a whole file"},
    {"write", 3, 3, true, do_write, "PATH OFFSET DATA", "write into a file"},
    {"append", 2, 2, true, do_append, "PATH DATA", "write at its end"},
    {"truncate", 2, 2, true, do_truncate, "PATH SIZE", "cut or lengthen"},
    {"mkdir", 1, 2, true, do_mkdir, "PATH [MODE]", ""},
    {"rmdir", 1, 1, true, do_rmdir, "PATH", ""},
    {"rm", 1, 1, true, do_rm, "PATH", ""},
    {"mv", 2, 2, true, do_mv, "OLD NEW", "rename, as rename() does: NEW is the new name"},
    {"ln", 2, 3, true, do_ln, "[-s] OLD NEW", "another name, or a symbolic link"},
    {"sync", 0, 0, true, do_sync, "", ""},
    {"replay", 0, 0, true, do_nothing, "", "only mount and unmount: the journal is replayed"},
    {"open", 2, 3, true, do_open, "HANDLE PATH [rwcxtasdn]",
     "read, write, create, exclusive, truncate, append, sync, directory, no link"},
    {"close", 1, 1, true, do_close, "HANDLE", ""},
    {"hwrite", 2, 2, true, do_handle_write, "HANDLE DATA", "at its position"},
    {"hread", 2, 2, true, do_handle_read, "HANDLE LENGTH", "CRC-32"},
    {"hseek", 2, 2, true, do_handle_seek, "HANDLE OFFSET", ""},
    {"htruncate", 2, 2, true, do_handle_truncate, "HANDLE SIZE", ""},
    {"fsync", 1, 1, true, do_fsync, "HANDLE|PATH", ""},
    {"remount", 0, 0, true, do_remount, "", "unmount and mount"},
    {"crash", 0, 0, true, do_crash, "", "end without unmounting"},
    {"fail", 1, 5, true, do_fail, "WHAT [AFTER [COUNT [FIRST [LAST]]]]",
     "errors: WHAT is read, write, flush (of sectors FIRST to LAST) or memory"},
    {"heal", 0, 0, true, do_heal, "", "no more errors"},
    {"count", 0, 0, false, do_count, "", "reads, writes, flushes and allocations so far"},
    {"mark", 1, 1, true, do_mark, "TEXT", "an entry in the log of writes"},
};

static const struct command *command_named(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

bool command_changes(const char *name)
{
    const struct command *command = command_named(name);
    return command && command->changes;
}

void commands_help(FILE *out)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++) {
        fprintf(out, "  %-9s %-27s %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
    }
}

int64_t session_run(struct session *session, int word_count, char **words)
{
    const struct command *command = command_named(words[0]);

    if (!command) {
        host_fail("%s: no such command; see ext2 --help", words[0]);
    }
    if (word_count - 1 < command->least || word_count - 1 > command->most) {
        host_fail("usage: %s %s", command->name, command->arguments);
    }
    return command->run(session, word_count, words);
}
