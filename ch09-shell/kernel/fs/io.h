// Where file input goes to and output comes from: one copy between the block cache and whoever
// reads or writes.
#ifndef RUNG_KERNEL_FS_IO_H
#define RUNG_KERNEL_FS_IO_H

#include "lib/types.h"

struct io {
    char *data; // next byte to read to or to write from
    size_t left; // bytes
    bool nonblocking; // -EAGAIN instead of waiting until there are bytes, or room for them
};

// An io over size bytes of kernel memory. For writing the bytes are only read: the const is cast
// away.
static inline struct io io_kernel(const void *data, size_t size)
{
    return (struct io){.data = (char *)(virt_t)data, .left = size};
}

// Moves bytes and advances the io by them: to the reader, zeroes to the reader, from the writer.
// At most io->left (ASSERTed). Return how many were copied: fewer than size, where the memory of
// the reader or writer could not be reached; the rest of the operation is then up to the caller,
// who must expect it and report what was done so far, or -EFAULT if that is nothing. Do not sleep.
size_t io_copy_out(struct io *io, const void *source, size_t size);
size_t io_zero_out(struct io *io, size_t size);
size_t io_copy_in(struct io *io, void *destination, size_t size);

// Takes an io back to where it was, so that a copy that came short can be done again as a whole.
void io_rewind(struct io *io, const struct io *before);

// Whether all that is left is in one piece.
static inline bool io_in_one_piece(const struct io *io)
{
    return io;
}

// The same as io_rewind by a number of bytes, for what was in one piece.
static inline void io_step_back(struct io *io, size_t size)
{
    io->data -= size;
    io->left += size;
}

#endif
