#include "commands.h"

#include "lib/errno.h"

#include <inttypes.h>

#define CHUNK 65536
#define PATH_BYTES 65536 // of a path that `tree` prints
#define DEPTH_MAX 4096

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

// ---- Words and numbers ----

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

static uint32_t checksum(uint32_t crc, const char *data, size_t size)
{
    static uint32_t table[8][256];

    if (table[0][1] == 0) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++) {
                value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
            }
            table[0][i] = value;
        }
        for (uint32_t i = 0; i < 256; i++) {
            for (int n = 1; n < 8; n++) {
                table[n][i] = table[n - 1][i] >> 8 ^ table[0][table[n - 1][i] & 0xff];
            }
        }
    }
    crc = ~crc;
    for (; size >= 8; data += 8, size -= 8) {
        uint32_t low, high;
        memcpy(&low, data, 4);
        memcpy(&high, data + 4, 4);
        low ^= crc;
        crc = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
              table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
              table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; data++, size--) {
        crc = crc >> 8 ^ table[0][(crc ^ (uint8_t)*data) & 0xff];
    }
    return ~crc;
}

static void print_name(FILE *out, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name[i];
        fprintf(out, byte <= ' ' || byte >= 127 || byte == '\\' ? "\\x%02x" : "%c", byte);
    }
}

static uint64_t number(const char *word)
{
    char *end;
    uint64_t value = strtoull(word, &end, 0);
    const char *units = "KMGT", *unit = *end ? strchr(units, *end) : NULL;
    return unit ? value << (10 * (unit - units + 1)) : value;
}

// The bytes that a word of a command stands for: =TEXT, @FILE, @FILE:OFFSET:LENGTH, 0:LENGTH
// (zeroes). To be freed; NULL when there is no such file.
static char *data_of(const char *word, size_t *size)
{
    if (word[0] == '=') {
        *size = strlen(word + 1);
        return strdup(word + 1);
    }
    if (word[0] == '0' && word[1] == ':') {
        *size = number(word + 2);
        return calloc(*size + 1, 1);
    }
    if (word[0] != '@') {
        return NULL;
    }
    char *path = strdup(word + 1), *colon = strchr(path, ':');
    uint64_t offset = 0, length = UINT64_MAX;
    if (colon) {
        *colon = '\0';
        char *second = strchr(colon + 1, ':');
        offset = number(colon + 1);
        length = second ? number(second + 1) : length;
    }
    FILE *file = fopen(path, "rb");
    free(path);
    if (!file) {
        return NULL;
    }
    fseek(file, 0, 2);
    uint64_t bytes = (uint64_t)ftell(file);
    bytes = offset < bytes ? bytes - offset : 0;
    *size = length < bytes ? length : bytes;
    char *data = malloc(*size + 1);
    fseek(file, (long)offset, 0);
    if (data && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
    fclose(file);
    return data;
}

// ---- Whole files ----

// Gives a file's bytes from its position on, at most `limit`, to take: the number.
static int64_t read_all(struct file *file, uint64_t limit,
                        void (*take)(void *context, const char *data, size_t size), void *context)
{
    static char buffer[CHUNK];
    int64_t total = 0;

    while (limit > 0) {
        struct io io = io_kernel(buffer, limit < CHUNK ? limit : CHUNK);
        int64_t size = file_read(file, &io);
        if (size <= 0) {
            return size < 0 ? size : total;
        }
        take(context, buffer, (size_t)size);
        total += size;
        limit -= (uint64_t)size;
    }
    return total;
}

static void take_checksum(void *context, const char *data, size_t size)
{
    uint32_t *crc = context;
    *crc = checksum(*crc, data, size);
}

static void take_output(void *context, const char *data, size_t size)
{
    fwrite(data, 1, size, context);
}

static int64_t write_all(struct file *file, const char *data, size_t size)
{
    struct io io = io_kernel(data, size);
    int64_t total = 0;

    while (io.left > 0) {
        int64_t written = file_write(file, &io);
        if (written <= 0) {
            return total ? total : written;
        }
        total += written;
    }
    return total;
}

// ---- The tree ----

struct entry {
    uint32_t number;
    uint8_t length;
    char name[NAME_MAX + 1];
};

struct entries {
    struct entry *entry;
    size_t count, room;
    uint64_t left;
};

static bool collect(void *context, const struct directory_entry *entry)
{
    struct entries *list = context;

    if (list->left == 0) {
        return false;
    }
    list->left--;
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->entry = realloc(list->entry, list->room * sizeof(*list->entry));
        if (!list->entry) {
            host_fail("no memory");
        }
    }
    struct entry *new = &list->entry[list->count++];
    new->number = entry->number;
    new->length = entry->name_length;
    memcpy(new->name, entry->name, entry->name_length);
    new->name[new->length] = '\0';
    return true;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct entry *)left)->name, ((const struct entry *)right)->name);
}

static int list(struct inode *directory, struct entries *entries)
{
    struct file *file;
    int error = file_open(directory, ".", O_RDONLY | O_DIRECTORY, 0, &file);

    if (error) {
        return error;
    }
    error = file_read_directory(file, collect, entries);
    file_close(file);
    if (entries->count > 0) {
        qsort(entries->entry, entries->count, sizeof(*entries->entry), by_name);
    }
    return error;
}

static char type_letter(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return '-';
    case S_IFDIR:
        return 'd';
    case S_IFLNK:
        return 'l';
    case S_IFCHR:
        return 'c';
    case S_IFBLK:
        return 'b';
    case S_IFIFO:
        return 'p';
    case S_IFSOCK:
        return 's';
    default:
        return '?';
    }
}

struct walk {
    struct session *session;
    bool times, numbers;
    uint64_t left; // entries
    uint32_t ancestors[DEPTH_MAX];
    unsigned depth;
    char path[PATH_BYTES];
    int error; // the first
};

static void walk_error(struct walk *walk, int64_t error)
{
    walk->error = walk->error ? walk->error : (int)error;
    fprintf(walk->session->out, " !%s", error_name(error));
}

// Type, rights, links, size (of a directory: -), checksum, path, target.
static void walk_line(struct walk *walk, struct inode *parent, const char *name,
                      struct inode *inode)
{
    FILE *out = walk->session->out;
    struct file_status status;
    char target[PATH_MAX + 1];
    uint32_t crc = 0;
    int64_t result = 0;

    vfs_status(inode, &status);
    if (walk->numbers) {
        fprintf(out, "%" PRIu32 " ", status.number);
    }
    fprintf(out, "%c %04o %" PRIu32, type_letter(status.mode), status.mode & 07777,
            status.link_count);
    if (walk->times) {
        fprintf(out, " %" PRId64 ".%09" PRIu32, status.modified.seconds,
                status.modified.nanoseconds);
    }
    if (S_ISDIR(status.mode)) {
        fprintf(out, " - -");
    } else {
        fprintf(out, " %" PRIu64, status.size);
    }
    if (S_ISREG(status.mode)) {
        struct file *file;
        result = file_open(parent, name, O_RDONLY | O_NOFOLLOW, 0, &file);
        if (result == 0) {
            result = read_all(file, walk->session->read_max, take_checksum, &crc);
            file_close(file);
        }
        fprintf(out, " %08" PRIx32, crc);
    } else if (!S_ISDIR(status.mode)) {
        fprintf(out, " -");
    }
    fprintf(out, " ");
    const char *path = walk->path[0] ? walk->path : "/";
    print_name(out, path, strlen(path));
    if (S_ISLNK(status.mode)) {
        struct io io = io_kernel(target, PATH_MAX);
        result = vfs_readlink(parent, name, &io);
        fprintf(out, " -> ");
        print_name(out, target, result > 0 ? (size_t)result : 0);
    }
    if (result < 0) {
        walk_error(walk, result);
    }
    fprintf(out, "\n");
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static void walk_directory(struct walk *walk, struct inode *directory)
{
    struct entries entries = {.left = walk->left};
    size_t length = strlen(walk->path);

    for (unsigned i = 0; i < walk->depth; i++) {
        if (walk->ancestors[i] == directory->number) {
            fprintf(walk->session->out, "? %s: a directory within itself\n", walk->path);
            walk->error = walk->error ? walk->error : -EUCLEAN;
            return;
        }
    }
    if (walk->depth == DEPTH_MAX) {
        return;
    }
    walk->ancestors[walk->depth++] = directory->number;
    int error = list(directory, &entries);
    walk->left = entries.left;
    if (error) {
        fprintf(walk->session->out, "? %s:", walk->path);
        walk_error(walk, error);
        fprintf(walk->session->out, "\n");
    }
    for (size_t i = 0; i < entries.count; i++) {
        struct entry *entry = &entries.entry[i];
        struct inode *inode;
        if (is_dots(entry->name) || length + entry->length + 2 > sizeof(walk->path)) {
            continue;
        }
        walk->path[length] = '/';
        memcpy(walk->path + length + 1, entry->name, entry->length + 1u);
        error = path_find(directory, entry->name, false, &inode);
        if (error) {
            fprintf(walk->session->out, "? ");
            print_name(walk->session->out, walk->path, strlen(walk->path));
            walk_error(walk, error);
            fprintf(walk->session->out, "\n");
        } else {
            walk_line(walk, directory, entry->name, inode);
            if (S_ISDIR(inode->mode)) {
                walk_directory(walk, inode);
            }
            inode_release(inode);
        }
        walk->path[length] = '\0';
    }
    walk->depth--;
    free(entries.entry);
}

// ---- Commands ----

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

static int64_t do_tree(struct session *session, int count, char **words)
{
    static struct walk walk;
    struct inode *inode;
    const char *flags = count > 1 && words[1][0] == '-' ? words[1] : "";
    const char *path = count > (*flags ? 2 : 1) ? words[*flags ? 2 : 1] : "/";
    int error = path_find(NULL, path, true, &inode);

    if (error) {
        return error;
    }
    memset(&walk, 0, offsetof(struct walk, ancestors));
    walk.session = session;
    walk.times = strchr(flags, 't');
    walk.numbers = strchr(flags, 'i');
    walk.left = session->entries_max;
    walk.depth = 0;
    walk.error = 0;
    strcpy(walk.path, strcmp(path, "/") == 0 ? "" : path);
    if (S_ISDIR(inode->mode)) {
        walk_line(&walk, inode, ".", inode);
        walk_directory(&walk, inode);
    }
    inode_release(inode);
    return walk.error;
}

static int64_t do_ls(struct session *session, int count, char **words)
{
    bool all = count > 1 && strcmp(words[1], "-l") == 0;
    const char *path = count > 1 + all ? words[1 + all] : "/";
    struct entries entries = {.left = UINT64_MAX};
    struct inode *directory;
    int error = path_find(NULL, path, true, &directory);

    if (error) {
        return error;
    }
    error = list(directory, &entries);
    for (size_t i = 0; i < entries.count; i++) {
        const struct entry *entry = &entries.entry[i];
        struct file_status status;
        if (all && vfs_stat(directory, entry->name, false, &status) == 0) {
            fprintf(session->out, "%8" PRIu32 " %c%04o %5" PRIu32 " %5" PRIu32 " %12" PRIu64 " ",
                    status.number, type_letter(status.mode), status.mode & 07777,
                    status.link_count, status.uid, status.size);
        }
        print_name(session->out, entry->name, entry->length);
        fprintf(session->out, "\n");
    }
    free(entries.entry);
    inode_release(directory);
    return error;
}

static int64_t do_stat(struct session *session, int count, char **words)
{
    struct file_status status;
    int error = vfs_stat(NULL, words[1], false, &status);

    (void)count;
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

    (void)count;
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

    (void)count;
    (void)words;
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

    (void)count;
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

    (void)session;
    (void)count;
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

    (void)count;
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
    (void)session;
    (void)count;
    return write_path(words[2], O_TRUNC, 0, words[1]);
}

static int64_t do_write(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return write_path(words[1], 0, number(words[2]), words[3]);
}

static int64_t do_append(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return write_path(words[1], O_APPEND, 0, words[2]);
}

static int64_t do_mkdir(struct session *session, int count, char **words)
{
    (void)session;
    return vfs_mkdir(NULL, words[1], count > 2 ? (uint32_t)strtoul(words[2], NULL, 8) : 0755);
}

static int64_t do_rmdir(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return vfs_rmdir(NULL, words[1]);
}

static int64_t do_rm(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return vfs_unlink(NULL, words[1]);
}

static int64_t do_mv(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return vfs_rename(NULL, words[1], words[2]);
}

static int64_t do_ln(struct session *session, int count, char **words)
{
    (void)session;
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

    (void)count;
    if (length >= 0) {
        print_name(session->out, target, (size_t)length);
        fprintf(session->out, "\n");
    }
    return length;
}

static int64_t do_truncate(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    return vfs_truncate(NULL, words[1], number(words[2]));
}

static int64_t do_sync(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    (void)words;
    return vfs_sync();
}

static int64_t do_fsync(struct session *session, int count, char **words)
{
    struct file **handle = handle_named(session, words[1]);
    struct file *file;

    (void)count;
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
    (void)count;
    HANDLE(words[1]);
    file_close(*handle);
    *handle = NULL;
    return 0;
}

static int64_t do_handle_write(struct session *session, int count, char **words)
{
    size_t size;
    (void)count;
    HANDLE(words[1]);
    char *data = data_of(words[2], &size);
    int64_t result = data ? write_all(*handle, data, size) : -EINVAL;
    free(data);
    return result;
}

static int64_t do_handle_read(struct session *session, int count, char **words)
{
    uint32_t crc = 0;
    (void)count;
    HANDLE(words[1]);
    int64_t result = read_all(*handle, number(words[2]), take_checksum, &crc);
    if (result >= 0) {
        fprintf(session->out, "%08" PRIx32 "\n", crc);
    }
    return result;
}

static int64_t do_handle_seek(struct session *session, int count, char **words)
{
    (void)count;
    HANDLE(words[1]);
    return file_seek(*handle, (int64_t)number(words[2]), SEEK_SET);
}

static int64_t do_handle_truncate(struct session *session, int count, char **words)
{
    (void)count;
    HANDLE(words[1]);
    return file_truncate(*handle, number(words[2]));
}

static int64_t do_nothing(struct session *session, int count, char **words)
{
    (void)session;
    (void)count;
    (void)words;
    return 0;
}

static int64_t do_remount(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
    int error = session_unmount(session);
    return error ? error : session_mount(session);
}

static int64_t do_crash(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
    fflush(session->out);
    host_disk_mark(session->disk, "crash");
    _Exit(HOST_POWER_CUT);
}

static int64_t do_mark(struct session *session, int count, char **words)
{
    (void)count;
    host_disk_mark(session->disk, words[1]);
    return 0;
}

static int64_t do_heal(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
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
    fault.operation = strcmp(words[1], "read") == 0  ? HOST_DISK_READS :
                      strcmp(words[1], "write") == 0 ? HOST_DISK_WRITES :
                                                       HOST_DISK_FLUSHES;
    host_disk_fail(session->disk, &fault);
    return 0;
}

static int64_t do_count(struct session *session, int count, char **words)
{
    (void)count;
    (void)words;
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
    {"ls", 0, 2, false, do_ls, "[-l] [DIRECTORY]", "names; -l: inode, type and mode, links, owner, size"},
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
    {"fail", 1, 5, true, do_fail, "read|write|flush|memory [AFTER [COUNT [FIRST [LAST]]]]",
     "errors of the disk (sectors FIRST to LAST), or of allocations"},
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
