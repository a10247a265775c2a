#include "kernel/fs/file.h"

#include "kernel/fs/lock.h"
#include "kernel/fs/path.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "lib/abi/dirent.h"
#include "lib/errno.h"
#include "lib/string.h"

static bool readable(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool writable(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

// Whoever shares a file shares its position, which one at a time uses and advances. With a single
// hold there is nobody else.
static bool shared(const struct file *file)
{
    return __atomic_load_n(&file->references, __ATOMIC_RELAXED) > 1;
}

static bool lock_position(struct file *file)
{
    bool locked = shared(file);
    if (locked) {
        mutex_lock(&file->lock);
    }
    return locked;
}

static void unlock_position(struct file *file, bool locked)
{
    if (locked) {
        mutex_unlock(&file->lock);
    }
}

// Finds the inode that O_CREAT is to open, or makes it.
static int find_or_create(struct inode *base, const char *path, unsigned flags, uint32_t mode,
                          bool *created, struct inode **inode)
{
    struct path_parent parent;
    int error = path_find_last(base, path, !(flags & (O_EXCL | O_NOFOLLOW)), &parent, inode);
    if (error) {
        return error;
    }
    struct inode *directory = parent.directory;
    if (*inode && flags & O_EXCL) {
        error = -EEXIST;
    } else if (*inode ? S_ISDIR((*inode)->mode) : parent.slash) {
        error = -EISDIR;
    } else if (*inode) {
        error = 0;
    } else if (!directory->operations->create) {
        error = -EPERM;
    } else if (name_dots(parent.name, parent.name_length)) {
        error = -ENOENT; // of a directory that was removed meanwhile
    } else {
        error = directory->operations->create(directory, parent.name, parent.name_length,
                                              S_IFREG | (mode & 07777), inode);
        *created = error == 0;
    }
    if (error) {
        inode_release(*inode);
    }
    inode_release(directory);
    return error;
}

// Whether an inode may be opened so; cuts it to nothing with O_TRUNC.
static int prepare(struct inode *inode, unsigned flags)
{
    bool write = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;

    if (flags & O_DIRECTORY && !S_ISDIR(inode->mode)) {
        return -ENOTDIR;
    }
    if (S_ISLNK(inode->mode)) {
        return -ELOOP;
    }
    if (write && S_ISDIR(inode->mode)) {
        return -EISDIR;
    }
    if (!S_ISREG(inode->mode)) {
        return 0;
    }
    if (write && inode->filesystem->read_only) {
        return -EROFS;
    }
    int error = write ? inode_use(inode, INODE_WRITTEN) : 0;
    if (error == 0 && flags & O_TRUNC) {
        error = inode->operations->truncate(inode, 0);
        if (error || (flags & O_ACCMODE) == O_RDONLY) {
            inode_end_use(inode, INODE_WRITTEN);
        }
    }
    return error;
}

static void init(struct file *file, struct inode *inode, unsigned flags)
{
    *file = (struct file){
        .inode = inode, .references = 1, .flags = flags, .lock = MUTEX("file position")};
    file->stream =
        S_ISFIFO(inode->mode) || (S_ISCHR(inode->mode) && inode->operations->ioctl != NULL);
}

// For /proc alone. There is room for the path behind the file.
static void remember(struct file *file, struct inode *base, const char *path, size_t size)
{
    if (S_ISREG(file->inode->mode)) {
        file->path = memcpy(file + 1, path, size);
        file->base = *path != '/' && base ? inode_hold(base) : NULL;
    }
}

int file_open(struct inode *base, const char *path, unsigned flags, uint32_t mode,
              struct file **file)
{
    struct inode *inode;
    bool created = false;
    int error;

    if ((flags & O_ACCMODE) == O_ACCMODE || (flags & O_CREAT && flags & O_DIRECTORY)) {
        return -EINVAL;
    }
    if (user_pages_short()) { // programs that hold files leave some memory to the kernel
        return -ENOMEM;
    }
    size_t path_size = strlen(path) + 1;
    struct file *made = kmalloc(sizeof(*made) + path_size);
    if (!made) {
        return -ENOMEM;
    }
    if (flags & O_CREAT) {
        // Somebody may make the file, or take it away, between our looking and creating.
        do {
            error = find_or_create(base, path, flags, mode, &created, &inode);
        } while (error == -EEXIST && !(flags & O_EXCL));
    } else {
        error = path_find(base, path, !(flags & O_NOFOLLOW), &inode);
    }
    if (error == 0) {
        error = prepare(inode, created ? flags & ~(unsigned)O_TRUNC : flags);
        if (error == 0 && inode->operations->open) {
            error = inode->operations->open(inode, flags);
        }
        if (error) {
            inode_release(inode);
        }
    }
    if (error) {
        kfree(made);
        return error;
    }
    init(made, inode, flags);
    remember(made, base, path, path_size);
    *file = made;
    return 0;
}

int file_make(struct inode *inode, unsigned flags, struct file **file)
{
    if (user_pages_short()) {
        return -ENOMEM;
    }
    struct file *made = kmalloc(sizeof(*made));
    if (!made) {
        return -ENOMEM;
    }
    init(made, inode, flags);
    *file = made;
    return 0;
}

struct file *file_hold(struct file *file)
{
    __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
    return file;
}

void file_close(struct file *file)
{
    if (__atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) == 0) {
        if (file->inode->operations->close) {
            file->inode->operations->close(file->inode, file->flags);
        }
        lock_drop(file->inode, file);
        if (writable(file) && S_ISREG(file->inode->mode)) {
            inode_end_use(file->inode, INODE_WRITTEN);
        }
        inode_release(file->base);
        inode_release(file->inode);
        kfree(file);
    }
}

static int64_t read(struct file *file, struct io *io, uint64_t offset)
{
    struct inode *inode = file->inode;

    if (!readable(file)) {
        return -EBADF;
    }
    if (!inode->operations->read) {
        return S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
    }
    return inode->operations->read(inode, io, offset);
}

// append as for the operation.
static int64_t write(struct file *file, struct io *io, uint64_t offset, uint64_t *append)
{
    struct inode *inode = file->inode;

    if (!writable(file)) {
        return -EBADF;
    }
    if (!inode->operations->write) {
        return -EINVAL;
    }
    int64_t result = inode->operations->write(inode, io, offset, append);
    if (result > 0 && file->flags & O_SYNC && inode->operations->sync) {
        int error = file_sync(file);
        result = error ? error : result;
    }
    return result;
}

// Reading and writing at the position. Not inline is what is rare: files that are shared, and
// positions for pipes and terminals.
static int64_t read_on(struct file *file, struct io *io)
{
    int64_t result = read(file, io, file->position);
    file->position += result > 0 ? (uint64_t)result : 0;
    return result;
}

static __attribute__((noinline)) int64_t read_locked(struct file *file, struct io *io)
{
    mutex_lock(&file->lock);
    int64_t result = read_on(file, io);
    mutex_unlock(&file->lock);
    return result;
}

static __attribute__((noinline)) int64_t write_on(struct file *file, struct io *io)
{
    bool locked = lock_position(file);
    uint64_t position = file->position;
    int64_t result = write(file, io, position, file->flags & O_APPEND ? &position : NULL);
    if (result > 0) {
        file->position = position + (uint64_t)result;
    }
    unlock_position(file, locked);
    return result;
}

int64_t file_read(struct file *file, struct io *io)
{
    if (file->stream) {
        io->nonblocking |= (file->flags & O_NONBLOCK) != 0;
        return read(file, io, 0); // it may wait for ever: without a lock that writers need, too
    }
    return shared(file) ? read_locked(file, io) : read_on(file, io);
}

int64_t file_write(struct file *file, struct io *io)
{
    if (file->stream) {
        io->nonblocking |= (file->flags & O_NONBLOCK) != 0;
        return write(file, io, 0, NULL);
    }
    return write_on(file, io);
}

int64_t file_read_at(struct file *file, struct io *io, int64_t offset)
{
    if (file->stream) {
        return -ESPIPE;
    }
    return offset < 0 ? -EINVAL : read(file, io, (uint64_t)offset);
}

int64_t file_write_at(struct file *file, struct io *io, int64_t offset)
{
    if (file->stream) {
        return -ESPIPE;
    }
    return offset < 0 ? -EINVAL : write(file, io, (uint64_t)offset, NULL);
}

int64_t file_seek(struct file *file, int64_t offset, enum seek_from from)
{
    int64_t position;

    if (file->stream) {
        return -ESPIPE;
    }
    bool locked = lock_position(file);
    uint64_t start = from == SEEK_CUR ? file->position : from == SEEK_END ? file->inode->size : 0;
    if (from > SEEK_END || __builtin_add_overflow((int64_t)start, offset, &position) ||
        position < 0) {
        position = -EINVAL;
    } else {
        file->position = (uint64_t)position;
    }
    unlock_position(file, locked);
    return position;
}

// On the way to whoever reads a directory: keeps the file's position behind what was taken.
struct reader {
    struct file *file;
    bool (*emit)(void *context, const struct directory_entry *entry);
    void *context;
};

static bool pass_on(void *context, const struct directory_entry *entry)
{
    struct reader *reader = context;
    bool taken = reader->emit(reader->context, entry);
    if (taken) {
        reader->file->position = entry->next;
    }
    return taken;
}

int file_read_directory(struct file *file,
                        bool (*emit)(void *context, const struct directory_entry *entry),
                        void *context)
{
    struct reader reader = {file, emit, context};
    struct inode *inode = file->inode;

    if (!S_ISDIR(inode->mode) || !inode->operations->readdir) {
        return -ENOTDIR;
    }
    bool locked = lock_position(file);
    int error = inode->operations->readdir(inode, file->position, pass_on, &reader);
    unlock_position(file, locked);
    return error;
}

// On the way to memory: what is there so far.
struct entries {
    struct io *io;
    int64_t size;
    int error;
};

static bool put_entry(void *context, const struct directory_entry *entry)
{
    struct entries *entries = context;
    struct dirent record = {.d_ino = entry->number, .d_off = (int64_t)entry->next,
                            .d_type = DT_OF_MODE(entry->type)};
    size_t size = (offsetof(struct dirent, d_name) + entry->name_length + 1 + 7) & ~(size_t)7;

    if (size > entries->io->left) {
        entries->error = -EINVAL;
        return false;
    }
    record.d_reclen = (uint16_t)size;
    memcpy(record.d_name, entry->name, entry->name_length); // the rest is zeroes
    struct io before = *entries->io;
    if (io_copy_out(entries->io, &record, size) < size) {
        io_rewind(entries->io, &before); // another try begins with the same entry
        entries->error = -EFAULT;
        return false;
    }
    entries->size += (int64_t)size;
    return true;
}

int64_t file_read_entries(struct file *file, struct io *io)
{
    struct entries entries = {.io = io};
    int error = file_read_directory(file, put_entry, &entries);

    return entries.size > 0 ? entries.size : error ? error : entries.error;
}

int file_ioctl(struct file *file, unsigned request, struct io *argument)
{
    struct inode *inode = file->inode;
    return inode->operations->ioctl ? inode->operations->ioctl(inode, request, argument) : -ENOTTY;
}

int file_truncate(struct file *file, uint64_t size)
{
    struct inode *inode = file->inode;

    if (!writable(file) || !S_ISREG(inode->mode)) {
        return -EINVAL;
    }
    return inode->operations->truncate(inode, size);
}

int file_sync(struct file *file)
{
    struct inode *inode = file->inode;
    return inode->operations->sync ? inode->operations->sync(inode) : -EINVAL;
}
