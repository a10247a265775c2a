#include "parts.h"

#include "lib/errno.h"

#include <inttypes.h>

#define PATH_BYTES 65536 // of a path that `tree` prints
#define DEPTH_MAX 4096

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

char type_letter(uint32_t mode)
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

int64_t do_tree(struct session *session, int count, char **words)
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

int64_t do_ls(struct session *session, int count, char **words)
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
                    status.number, type_letter(status.mode), status.mode & 07777, status.link_count,
                    status.uid, status.size);
        }
        print_name(session->out, entry->name, entry->length);
        fprintf(session->out, "\n");
    }
    free(entries.entry);
    inode_release(directory);
    return error;
}
