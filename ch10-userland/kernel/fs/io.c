#include "kernel/fs/io.h"

#include "kernel/mm/address_space.h"
#include "kernel/mm/user_copy.h"
#include "lib/assert.h"
#include "lib/string.h"

static void advance(struct io *io, size_t size)
{
    io->data += size;
    io->left -= size;
}

// Goes on to the next piece with something in it, if there is nothing left of this one.
static void next_piece(struct io *io)
{
    while (io->here == 0 && io->piece_count > 0) {
        io->data = (char *)io->pieces->address;
        io->here = io->pieces->size;
        io->pieces++;
        io->piece_count--;
    }
}

struct io io_user_pieces(const struct io_piece *pieces, unsigned count)
{
    struct io io = {.user = true, .pieces = pieces, .piece_count = count};

    for (unsigned i = 0; i < count; i++) {
        io.left += pieces[i].size;
    }
    next_piece(&io);
    return io;
}

bool io_fault_in(struct io *io)
{
    io->faulted = false;
    return address_space_fault(address_space_current, io->fault,
                               io->fault_write ? ACCESS_WRITE : ACCESS_READ, true) == 0;
}

enum direction { OUT, ZERO_OUT, IN };

// Copies from the user's memory or to it, within a piece.
static inline size_t copy_part(struct io *io, enum direction direction, char *kernel, size_t size)
{
    uint64_t user = (uint64_t)io->data;
    size_t copied = direction == IN    ? user_copy_in(kernel, user, size)
                    : direction == OUT ? user_copy_out(user, kernel, size)
                                       : user_zero_out(user, size);

    // An address, not a pointer into something of ours.
    io->data = (char *)((uint64_t)io->data + copied);
    io->left -= copied;
    if (copied < size) {
        io->faulted = true;
        io->fault = (uint64_t)io->data;
        io->fault_write = direction != IN;
    }
    return copied;
}

// The same over several pieces.
static __attribute__((noinline)) size_t copy_parts(struct io *io, enum direction direction,
                                                   char *kernel, size_t size)
{
    size_t done = 0, part, copied;

    do {
        part = size - done < io->here ? size - done : io->here;
        copied = copy_part(io, direction, kernel ? kernel + done : NULL, part);
        io->here -= copied;
        done += copied;
        next_piece(io);
    } while (copied == part && part > 0 && done < size);
    return done;
}

static inline size_t copy_user(struct io *io, enum direction direction, char *kernel, size_t size)
{
    return io->pieces ? copy_parts(io, direction, kernel, size)
                      : copy_part(io, direction, kernel, size);
}

size_t io_copy_out(struct io *io, const void *source, size_t size)
{
    ASSERT(size <= io->left);
    if (io->user) {
        return copy_user(io, OUT, (char *)(virt_t)source, size);
    }
    memcpy(io->data, source, size);
    advance(io, size);
    return size;
}

size_t io_zero_out(struct io *io, size_t size)
{
    ASSERT(size <= io->left);
    if (io->user) {
        return copy_user(io, ZERO_OUT, NULL, size);
    }
    memset(io->data, 0, size);
    advance(io, size);
    return size;
}

size_t io_copy_in(struct io *io, void *destination, size_t size)
{
    ASSERT(size <= io->left);
    if (io->user) {
        return copy_user(io, IN, destination, size);
    }
    memcpy(destination, io->data, size);
    advance(io, size);
    return size;
}

void io_rewind(struct io *io, const struct io *before)
{
    struct io now = *io;

    *io = *before;
    io->faulted = now.faulted;
    io->fault_write = now.fault_write;
    io->fault = now.fault;
}
