#include "kernel/fs/procfs.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/rtc.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "kernel/sync/mutex.h"
#include "lib/errno.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "lib/string.h"

#define MAGIC 0x9fa0
#define DEVICE 4 // for stat: the number of a file system without one
#define TEXT_SIZE 256 // to begin with

// A directory's entries are at the positions of "." and "..", then of its files by their place in
// the list, and in the root, from here on, of the processes by their pid.
#define FIRST_FILE 2
#define FIRST_PID 256

// What is in a directory of numbers has its directory's place in the list, and so much more for
// each number.
#define FILES_MAX 64
#define FIRST_NUMBER 2 // its position, of number 0

// An inode is made by each look-up, and so each open file has its own, with its text.
struct node {
    struct inode inode;
    int pid; // 0: of no process
    struct procfs_file *file; // NULL: a directory
    struct procfs_text text;
};

static struct procfs_file *files; // in the order of adding
static int (*next_pid)(int pid);
static int (*self_pid)(void);
static struct mutex lock = MUTEX("procfs"); // held while a text is made or read
static struct filesystem procfs;

static struct node *node_of(struct inode *inode)
{
    return (struct node *)inode;
}

// ---- Texts ----

static void append(void *context, const char *piece, size_t length)
{
    struct procfs_text *text = context;
    size_t size = text->size > 0 ? text->size : TEXT_SIZE;

    while (size - text->length < length) {
        size *= 2;
    }
    text->failed = text->failed || (size > text->size && size > PAGE_SIZE && user_pages_short());
    if (size > text->size && !text->failed) {
        char *larger = krealloc(text->text, size);
        text->failed = !larger;
        text->text = larger ? larger : text->text;
        text->size = larger ? size : text->size;
    }
    if (!text->failed) {
        memcpy(text->text + text->length, piece, length);
        text->length += length;
    }
}

void procfs_print(struct procfs_text *text, const char *text_format, ...)
{
    va_list arguments;
    va_start(arguments, text_format);
    format(append, text, text_format, arguments);
    va_end(arguments);
}

static int make_text(struct node *node)
{
    node->text.length = 0;
    node->text.failed = false;
    int error = node->file->make(&node->text, node->pid);
    return error ? error : node->text.failed ? -ENOMEM : 0;
}

static int64_t read(struct inode *inode, struct io *io, uint64_t offset)
{
    struct node *node = node_of(inode);
    int64_t result = 0;

    mutex_lock(&lock);
    if (offset == 0 || !node->text.text) {
        result = make_text(node);
    }
    if (result == 0 && offset < node->text.length && io->left > 0) {
        size_t size = node->text.length - offset;
        size = size < io->left ? size : io->left;
        size_t done = io_copy_out(io, node->text.text + offset, size);
        result = done > 0 ? (int64_t)done : -EFAULT;
    }
    mutex_unlock(&lock);
    return result;
}

static int64_t readlink(struct inode *inode, struct io *io)
{
    int64_t result = read(inode, io, 0);
    return result == -ESRCH ? -ENOENT : result;
}

// ---- Inodes ----

static const struct inode_operations directory_operations, file_operations, link_operations;
static const struct inode_operations leading_operations; // of links with `follow`

// The same for whoever looks the same thing up. index: a file's place in the list, from 1 on; 0:
// the directory itself.
static uint32_t number_of(int pid, unsigned index)
{
    return (uint32_t)pid << 16 | (index + 1);
}

static void init(struct node *node, int pid, struct procfs_file *file, unsigned index)
{
    struct inode *inode = &node->inode;
    uint64_t now_ns = rtc_now_ns();
    bool directory = !file;

    node->text.number = (int)(index / FILES_MAX) - 1;
    directory = directory || (file->next_number && node->text.number < 0);
    inode->operations = directory       ? &directory_operations
                        : file->is_link ? &link_operations
                                        : &file_operations;
    inode->operations = !directory && file->follow ? &leading_operations : inode->operations;
    inode->mode = directory ? S_IFDIR | 0555 : file->is_link ? S_IFLNK | 0777 : S_IFREG | 0444;
    inode->filesystem = &procfs;
    inode->number = number_of(pid, index);
    inode->references = 1;
    inode->link_count = directory ? 2 : 1;
    inode->changed = (struct timestamp){.seconds = (int64_t)(now_ns / CLOCK_NS_PER_SECOND),
                                        .nanoseconds = now_ns % CLOCK_NS_PER_SECOND};
    inode->accessed = inode->modified = inode->changed;
    node->pid = pid;
    node->file = file;
}

static int make_node(int pid, struct procfs_file *file, unsigned index, struct inode **inode)
{
    struct node *node = kcalloc(1, sizeof(*node));
    if (!node) {
        return -ENOMEM;
    }
    init(node, pid, file, index);
    *inode = &node->inode;
    return 0;
}

static void release(struct inode *inode)
{
    struct node *node = node_of(inode);

    if (inode != procfs.root) {
        kfree(node->text.text);
        kfree(node);
    }
}

static bool alive(int pid)
{
    return next_pid(pid - 1) == pid;
}

// The number that a name is; -1: none.
static int parse_number(const char *name, size_t name_length)
{
    int number = 0;

    if ((name[0] == '0' && name_length > 1) || name_length > 9) {
        return -1;
    }
    for (size_t i = 0; i < name_length; i++) {
        if (name[i] < '0' || name[i] > '9') {
            return -1;
        }
        number = number * 10 + (name[i] - '0');
    }
    return number;
}

// ---- Directories of numbers ----

// The place of such a file in the list: see number_of.
static unsigned index_of(const struct inode *directory, int number)
{
    return (directory->number & 0xffff) - 1 + (unsigned)(number + 1) * FILES_MAX;
}

static int look_up_number(struct inode *directory, const char *name, size_t name_length,
                          struct inode **inode)
{
    const struct node *node = node_of(directory);
    int number = parse_number(name, name_length);

    if (name_dots(name, name_length) == 2) {
        return make_node(node->pid, NULL, 0, inode);
    }
    return number >= 0 && node->file->next_number(node->pid, number - 1) == number
               ? make_node(node->pid, node->file, index_of(directory, number), inode)
               : -ENOENT;
}

static int read_numbers(struct inode *directory, uint64_t position,
                        bool (*emit)(void *context, const struct directory_entry *entry),
                        void *context)
{
    const struct node *node = node_of(directory);
    char name[12] = "..";
    bool more = true;

    for (; position < FIRST_NUMBER && more; position++) {
        struct directory_entry entry = {
            .number = position == 0 ? directory->number : number_of(node->pid, 0), .type = S_IFDIR,
            .name = name, .name_length = (uint8_t)(position + 1), .next = position + 1};
        more = emit(context, &entry);
    }
    int number = position < INT32_MAX ? (int)position - FIRST_NUMBER - 1 : INT32_MAX - 1;
    while (more && (number = node->file->next_number(node->pid, number)) >= 0) {
        struct directory_entry entry = {
            .number = number_of(node->pid, index_of(directory, number)), .type = S_IFLNK,
            .name = name, .name_length = (uint8_t)snprintf(name, sizeof(name), "%d", number),
            .next = (uint64_t)number + FIRST_NUMBER + 1};
        more = emit(context, &entry);
    }
    return 0;
}

static int follow(struct inode *link, struct inode **inode)
{
    const struct node *node = node_of(link);
    return node->file->follow(node->pid, node->text.number, inode);
}

// ---- Directories ----

static int lookup(struct inode *directory, const char *name, size_t name_length,
                  struct inode **inode)
{
    int pid = node_of(directory)->pid;
    unsigned index = 1;

    if (node_of(directory)->file) {
        return look_up_number(directory, name, name_length, inode);
    }
    if (pid > 0 && name_dots(name, name_length) == 2) {
        *inode = inode_hold(procfs.root);
        return 0;
    }
    if (pid > 0 && !alive(pid)) {
        return -ENOENT;
    }
    for (struct procfs_file *file = files; file; file = file->next, index++) {
        if (file->per_process == (pid > 0) && strlen(file->name) == name_length &&
            memcmp(file->name, name, name_length) == 0) {
            return make_node(pid, file, index, inode);
        }
    }
    int wanted = pid == 0 ? parse_number(name, name_length) : 0;
    return wanted > 0 && alive(wanted) ? make_node(wanted, NULL, 0, inode) : -ENOENT;
}

static int readdir(struct inode *directory, uint64_t position,
                   bool (*emit)(void *context, const struct directory_entry *entry), void *context)
{
    int pid = node_of(directory)->pid;
    const struct procfs_file *file = files;
    uint64_t at = 0;

    if (pid > 0 && !alive(pid)) {
        return -ENOENT;
    }
    if (node_of(directory)->file) {
        return read_numbers(directory, position, emit, context);
    }
    for (; at < FIRST_FILE || file; at++) {
        struct directory_entry entry = {.number = at == 0 ? directory->number : number_of(0, 0),
                                        .type = S_IFDIR, .name_length = (uint8_t)(at + 1),
                                        .name = "..", .next = at + 1};
        bool there = at >= position;
        if (at >= FIRST_FILE) {
            entry.number = number_of(pid, (unsigned)at - FIRST_FILE + 1);
            entry.type = file->is_link ? S_IFLNK : S_IFREG;
            entry.type = file->next_number ? S_IFDIR : entry.type;
            entry.name = file->name;
            entry.name_length = (uint8_t)strlen(file->name);
            there = there && file->per_process == (pid > 0);
            file = file->next;
        }
        if (there && !emit(context, &entry)) {
            return 0;
        }
    }
    if (pid > 0 || position > INT32_MAX) {
        return 0;
    }
    for (int last = position > FIRST_PID ? (int)(position - FIRST_PID) - 1 : 0;;) {
        char name[12];
        last = next_pid(last);
        if (last == 0) {
            return 0;
        }
        struct directory_entry entry = {
            .number = number_of(last, 0), .type = S_IFDIR, .name = name,
            .name_length = (uint8_t)snprintf(name, sizeof(name), "%d", last),
            .next = FIRST_PID + (uint64_t)last + 1};
        if (!emit(context, &entry)) {
            return 0;
        }
    }
}

static int nothing(struct filesystem *filesystem)
{
    (void)filesystem;
    return 0;
}

static const struct inode_operations directory_operations = {.lookup = lookup, .readdir = readdir};
static const struct inode_operations file_operations = {.read = read};
static const struct inode_operations link_operations = {.readlink = readlink};
static const struct inode_operations leading_operations = {.readlink = readlink, .follow = follow};
static const struct filesystem_operations operations = {
    .name = "proc", .magic = MAGIC, .release = release, .sync = nothing, .unmount = nothing,
};
static struct node root;
static struct filesystem procfs = {
    .operations = &operations, .root = &root.inode, .device = DEVICE, .read_only = true};

void procfs_add(struct procfs_file *file)
{
    struct procfs_file **place = &files;

    while (*place) {
        place = &(*place)->next;
    }
    *place = file;
    file->next = NULL;
}

static int make_self(struct procfs_text *text, int pid)
{
    (void)pid;
    procfs_print(text, "%d", self_pid());
    return 0;
}

void procfs_init(int (*next)(int pid), int (*self)(void))
{
    static struct procfs_file self_link = {.name = "self", .is_link = true, .make = make_self};

    next_pid = next;
    self_pid = self;
    init(&root, 0, NULL, 0);
    procfs_add(&self_link);
    procfs_add_system();
    int error = vfs_mount("/proc", &procfs);
    if (error) {
        kprintf("procfs: /proc: %s\n", errno_text(error));
    }
}
