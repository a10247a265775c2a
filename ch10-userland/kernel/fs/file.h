// Open files: an inode, a position, and what may be done.
#ifndef RUNG_KERNEL_FS_FILE_H
#define RUNG_KERNEL_FS_FILE_H

#include "kernel/fs/vfs.h"
#include "kernel/sync/mutex.h"
#include "lib/abi/fcntl.h"

struct file {
    struct inode *inode; // held
    unsigned references; // holds: the file is closed with the last one
    unsigned flags;
    uint64_t position; // bytes; in a directory what readdir says
    struct mutex lock; // held while the position is used: processes may share the file, each with
        // a hold of its own
    bool stream; // a pipe or a terminal, without a position: bytes come and go
    const char *path; // of a regular file, as it was given; NULL: not known
    struct inode *base; // held: where that starts; NULL: at the root
};

// Opens, with O_CREAT creates (with the rights in mode), a file. Errors as vfs.h says; -EEXIST with
// O_EXCL, -EISDIR when a directory is to be written, -ENOTDIR with O_DIRECTORY, -ELOOP with
// O_NOFOLLOW, -EINVAL, -ENOMEM. The functions of this file sleep.
int file_open(struct inode *base, const char *path, unsigned flags, uint32_t mode,
              struct file **file);

// Opens an inode that no path leads to, and takes over the caller's hold of it; its operation
// `open` is not called. -ENOMEM: then the hold remains the caller's.
int file_make(struct inode *inode, unsigned flags, struct file **file);

// Holds once more; gives a hold back.
struct file *file_hold(struct file *file);
void file_close(struct file *file);

// Read and write at the position and advance it (with O_APPEND writes go to the end; with O_SYNC
// they are safe when this returns): the number of bytes, 0 at the end of the file. -EBADF when
// opened for something else, -EISDIR, and what the inode's operation says.
int64_t file_read(struct file *file, struct io *io);
int64_t file_write(struct file *file, struct io *io);

// The same at an offset, also with O_APPEND, which leave the position alone. -EINVAL for one that
// is negative.
int64_t file_read_at(struct file *file, struct io *io, int64_t offset);
int64_t file_write_at(struct file *file, struct io *io, int64_t offset);

// Sets the position and returns it; -EINVAL if it would be negative.
// -ESPIPE for pipes and terminals, as for the two above.
int64_t file_seek(struct file *file, int64_t offset, enum seek_from from);

// Gives a directory's entries from the position on to emit (see readdir), until it returns false:
// the entry that it refused is the next one. -ENOTDIR.
int file_read_directory(struct file *file,
                        bool (*emit)(void *context, const struct directory_entry *entry),
                        void *context);

// The same as records of struct dirent (lib/abi/dirent.h), as many as fit: how many bytes, 0 at the
// end. -EINVAL when not even one fits, -EFAULT.
int64_t file_read_entries(struct file *file, struct io *io);

// Device control, as the operation ioctl says. -ENOTTY for what is no device.
int file_ioctl(struct file *file, unsigned request, struct io *argument);

// Cuts the file, or lengthens it by a hole. -EINVAL unless it is a file, and opened for writing.
int file_truncate(struct file *file, uint64_t size);

// What was written to the file, by anybody, is safe when this returns 0. -EINVAL for what has no
// contents.
int file_sync(struct file *file);

#endif
