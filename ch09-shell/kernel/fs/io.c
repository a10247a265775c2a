#include "kernel/fs/io.h"

#include "lib/assert.h"
#include "lib/string.h"

static void advance(struct io *io, size_t size)
{
    io->data += size;
    io->left -= size;
}

size_t io_copy_out(struct io *io, const void *source, size_t size)
{
    ASSERT(size <= io->left);
    memcpy(io->data, source, size);
    advance(io, size);
    return size;
}

size_t io_zero_out(struct io *io, size_t size)
{
    ASSERT(size <= io->left);
    memset(io->data, 0, size);
    advance(io, size);
    return size;
}

size_t io_copy_in(struct io *io, void *destination, size_t size)
{
    ASSERT(size <= io->left);
    memcpy(destination, io->data, size);
    advance(io, size);
    return size;
}

void io_rewind(struct io *io, const struct io *before)
{
    *io = *before;
}
