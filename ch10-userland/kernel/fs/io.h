// Where file input goes to and output comes from: one copy between the block cache and whoever
// reads or writes.
#ifndef RUNG_KERNEL_FS_IO_H
#define RUNG_KERNEL_FS_IO_H

#include "lib/types.h"

// More memory, behind what an io starts with.
struct io_piece {
    uint64_t address; // of the running process's memory
    uint64_t size; // bytes
};

struct io {
    char *data; // next byte to read to or to write from
    size_t left; // bytes
    bool nonblocking; // -EAGAIN instead of waiting until there are bytes, or room for them
    bool user; // the memory is the running process's, and has not been checked
    bool faulted; // a copy was short: io_fault_in, and then it may go on
    bool fault_write; // of the user's memory
    uint64_t fault; // the address where it stopped
    const struct io_piece *pieces; // that follow the one at data; NULL: all is in one
    unsigned piece_count;
    size_t here; // with pieces: bytes from data on, before the next one
};

// An io over size bytes of kernel memory. For writing the bytes are only read: the const is cast
// away.
static inline struct io io_kernel(const void *data, size_t size)
{
    return (struct io){.data = (char *)(virt_t)data, .left = size};
}

// An io over size bytes of the running process's memory, whatever the address is. It is checked
// when bytes are copied. What is not there then is not brought there, since locks are held.
static inline struct io io_user(uint64_t address, size_t size)
{
    return (struct io){.data = (char *)address, .left = size, .user = true};
}

// The same over several pieces, whose sizes add up to no more than a size_t holds. They stay the
// caller's.
struct io io_user_pieces(const struct io_piece *pieces, unsigned count);

// Brings the page of user memory there that a copy stopped at (io->faulted), and clears the mark.
// False: that is not possible (-EFAULT). Sleeps; no locks held.
bool io_fault_in(struct io *io);

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
    return !io->pieces;
}

// The same as io_rewind by a number of bytes, for what was in one piece.
static inline void io_step_back(struct io *io, size_t size)
{
    io->data -= size;
    io->left += size;
}

#endif
