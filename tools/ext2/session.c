#include "parts.h"

#include "lib/errno.h"

// ---- Mounting ----

int session_init(struct session *session, struct host_disk *disk, int partition)
{
    uint8_t type;

    *session = (struct session){.disk = disk,
                                .device = *host_disk_device(disk),
                                .cache_blocks = 1024,
                                .out = stdout,
                                .read_max = UINT64_MAX,
                                .entries_max = UINT64_MAX};
    if (partition == 0) {
        return 0;
    }
    int error = partition_open(host_disk_device(disk), partition < 0 ? 1 : (unsigned)partition,
                               &session->device, &type);
    if (partition < 0 && (error || type != PARTITION_LINUX)) {
        session->device = *host_disk_device(disk);
        return 0;
    }
    return error;
}

int session_mount(struct session *session)
{
    int error = ext2_mount(&session->device, session->cache_blocks, &session->filesystem);
    if (error) {
        session->filesystem = NULL;
    } else {
        vfs_set_root(session->filesystem);
    }
    return error;
}

int session_unmount(struct session *session)
{
    for (unsigned i = 0; i < SESSION_HANDLES; i++) {
        if (session->handles[i]) {
            file_close(session->handles[i]);
            session->handles[i] = NULL;
        }
    }
    session->filesystem = NULL;
    return vfs_unmount();
}

// ---- Lines of text ----

static const struct {
    int number;
    const char *name;
} errors[] = {
    {EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {EIO, "EIO"}, {EBADF, "EBADF"}, {ENOMEM, "ENOMEM"},
    {EFAULT, "EFAULT"}, {EBUSY, "EBUSY"}, {EEXIST, "EEXIST"}, {EXDEV, "EXDEV"}, {ENODEV, "ENODEV"},
    {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"}, {EINVAL, "EINVAL"}, {EFBIG, "EFBIG"},
    {ENOSPC, "ENOSPC"}, {EROFS, "EROFS"}, {EMLINK, "EMLINK"}, {ERANGE, "ERANGE"},
    {ENAMETOOLONG, "ENAMETOOLONG"}, {ENOTEMPTY, "ENOTEMPTY"}, {ELOOP, "ELOOP"},
    {EOPNOTSUPP, "EOPNOTSUPP"}, {EUCLEAN, "EUCLEAN"},
};

const char *error_name(int64_t error)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(errors); i++) {
        if (errors[i].number == -error) {
            return errors[i].name;
        }
    }
    return "unknown error";
}

// Takes the next word off a line, in place: NULL at its end.
static char *next_word(char **line)
{
    char *from = *line, *to, *word;

    while (*from == ' ') {
        from++;
    }
    if (*from == '\0') {
        return NULL;
    }
    for (word = to = from; *from != '\0' && *from != ' '; to++) {
        if (*from != '\\') {
            *to = *from++;
        } else if (from[1] == 'x' && from[2] != '\0' && from[3] != '\0') {
            char digits[] = {from[2], from[3], '\0'};
            *to = (char)strtoul(digits, NULL, 16);
            from += 4;
        } else {
            *to = from[1] == 'n' ? '\n' : from[1];
            from += from[1] ? 2 : 1;
        }
    }
    *line = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

int64_t session_line(struct session *session, char *line)
{
    char *words[SESSION_WORDS];
    int count = 0;

    line[strcspn(line, "\n")] = '\0';
    while (count < SESSION_WORDS && (words[count] = next_word(&line))) {
        count++;
    }
    return count == 0 || words[0][0] == '#' ? 0 : session_run(session, count, words);
}
