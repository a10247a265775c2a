#include "kernel/fs/pipe.h"

#include "kernel/cpu/clock.h"
#include "kernel/dev/rtc.h"
#include "kernel/fs/poll.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/pmm.h"
#include "kernel/mm/user_pages.h"
#include "lib/errno.h"

#define PAGES (PIPE_SIZE / PAGE_SIZE)

// Bytes are counted from the pipe's beginning; byte n lies in page n / PAGE_SIZE % PAGES.
struct pipe {
    struct inode inode;
    struct mutex lock; // held while bytes are moved
    struct wait_queue readable, writable;
    unsigned readers, writers; // files
    uint64_t taken, put; // bytes so far
    char *pages[PAGES]; // NULL: none there so far
    char *spare; // a page that got free last
};

static struct pipe *pipe_of(struct inode *inode)
{
    return (struct pipe *)inode;
}

static size_t bytes(const struct pipe *pipe)
{
    return pipe->put - pipe->taken;
}

static char *take_page(struct pipe *pipe)
{
    char *page = pipe->spare;
    if (!page && user_pages_short()) {
        return NULL; // as for the memory of programs, who fill it
    }
    phys_t address = page ? 0 : pmm_alloc(0, PAGE_OTHER);

    pipe->spare = NULL;
    return address ? phys_to_virt(address) : page;
}

static void give_page(struct pipe *pipe, char *page)
{
    if (pipe->spare) {
        pmm_free(virt_to_phys(pipe->spare));
    }
    pipe->spare = page;
}

static void wake(struct wait_queue *queue)
{
    if (!wait_nobody(queue)) {
        wait_wake_all(queue);
    }
    poll_wake();
}

static char **page_of(struct pipe *pipe, uint64_t at)
{
    return &pipe->pages[at / PAGE_SIZE % PAGES];
}

// How many of the bytes from `at` to `end` lie in one page.
static size_t part_of(uint64_t at, uint64_t end)
{
    uint64_t page_end = (at | (PAGE_SIZE - 1)) + 1;
    return (page_end < end ? page_end : end) - at;
}

// Moves bytes out. There are some.
static int64_t take(struct pipe *pipe, struct io *io)
{
    uint64_t start = pipe->taken;
    uint64_t end = start + (io->left < bytes(pipe) ? io->left : bytes(pipe));

    while (pipe->taken < end) {
        char **page = page_of(pipe, pipe->taken);
        size_t size = part_of(pipe->taken, end);
        size_t done = io_copy_out(io, *page + pipe->taken % PAGE_SIZE, size);
        pipe->taken += done;
        // What is at the end of a full pipe lies in the page that it begins with.
        if (pipe->taken % PAGE_SIZE == 0 && done > 0 && bytes(pipe) <= PIPE_SIZE - PAGE_SIZE) {
            give_page(pipe, *page);
            *page = NULL;
        }
        if (done < size) {
            break;
        }
    }
    return pipe->taken > start ? (int64_t)(pipe->taken - start) : -EFAULT;
}

// Waits until there is something to read, without the lock meanwhile: 0 at the pipe's end, 1.
static __attribute__((noinline)) int wait_for_bytes(struct pipe *pipe, const struct io *io)
{
    while (bytes(pipe) == 0 && pipe->writers > 0) {
        if (io->nonblocking) {
            return -EAGAIN;
        }
        mutex_unlock(&pipe->lock);
        int error = wait_until_interrupted(&pipe->readable, bytes(pipe) > 0 || pipe->writers == 0);
        mutex_lock(&pipe->lock);
        if (error) {
            return error;
        }
    }
    return bytes(pipe) > 0;
}

static int64_t pipe_read(struct inode *inode, struct io *io, uint64_t offset)
{
    struct pipe *pipe = pipe_of(inode);

    (void)offset;
    if (io->left == 0) {
        return 0;
    }
    mutex_lock(&pipe->lock);
    int64_t result = bytes(pipe) > 0 ? 1 : wait_for_bytes(pipe, io);
    if (result > 0) {
        result = take(pipe, io);
        wake(&pipe->writable);
    }
    mutex_unlock(&pipe->lock);
    return result;
}

// Moves bytes in, as many as there is room for; up to PIPE_ATOMIC all or none.
static int64_t put(struct pipe *pipe, struct io *io)
{
    struct io before = *io;
    uint64_t at = pipe->put, room = PIPE_SIZE - bytes(pipe);
    uint64_t end = at + (io->left < room ? io->left : room);
    int error = 0;

    while (at < end && error == 0) {
        char **page = page_of(pipe, at);
        size_t size = part_of(at, end);
        if (!*page) {
            *page = take_page(pipe);
        }
        size_t done = *page ? io_copy_in(io, *page + at % PAGE_SIZE, size) : 0;
        at += done;
        if (done < size) {
            error = *page ? -EFAULT : -ENOMEM;
        }
    }
    if (error && before.left <= PIPE_ATOMIC) {
        io_rewind(io, &before);
        return error;
    }
    int64_t done = (int64_t)(at - pipe->put);
    pipe->put = at;
    return done > 0 ? done : error;
}

// Whether a write can do something now: with up to PIPE_ATOMIC bytes all, with more as much, unless
// it takes what it can get.
static bool has_room(const struct pipe *pipe, const struct io *io, size_t size)
{
    size_t wanted = io->left < PIPE_ATOMIC ? io->left : PIPE_ATOMIC;
    return PIPE_SIZE - bytes(pipe) >= (size > PIPE_ATOMIC && io->nonblocking ? 1 : wanted);
}

// Does any write.
static __attribute__((noinline)) int64_t write_all(struct pipe *pipe, struct io *io)
{
    size_t size = io->left;
    int64_t done = 0, result = 0;

    while (io->left > 0 && result >= 0) {
        if (pipe->readers == 0) {
            result = -EPIPE;
        } else if (has_room(pipe, io, size)) {
            result = put(pipe, io);
            done += result > 0 ? result : 0;
            wake(&pipe->readable);
        } else if (io->nonblocking) {
            result = -EAGAIN;
        } else {
            mutex_unlock(&pipe->lock);
            result = wait_until_interrupted(&pipe->writable,
                                            has_room(pipe, io, size) || pipe->readers == 0);
            mutex_lock(&pipe->lock);
        }
    }
    return done > 0 ? done : result;
}

// Does the most frequent one, of what fits into the page that is there, or returns 0.
static inline int64_t write_at_once(struct pipe *pipe, struct io *io)
{
    size_t size = io->left, offset = pipe->put % PAGE_SIZE;
    char *page = *page_of(pipe, pipe->put);

    if (!page || size > PAGE_SIZE - offset || size > PIPE_SIZE - bytes(pipe) ||
        !io_in_one_piece(io) || pipe->readers == 0) {
        return 0;
    }
    size_t done = io_copy_in(io, page + offset, size);
    if (done < size) {
        io_step_back(io, done);
        return -EFAULT;
    }
    pipe->put += done;
    wake(&pipe->readable);
    return (int64_t)done;
}

static int64_t pipe_write(struct inode *inode, struct io *io, uint64_t offset, uint64_t *append)
{
    struct pipe *pipe = pipe_of(inode);

    (void)offset;
    (void)append;
    mutex_lock(&pipe->lock);
    int64_t result = write_at_once(pipe, io);
    if (result == 0) {
        result = write_all(pipe, io);
    }
    mutex_unlock(&pipe->lock);
    return result;
}

static void count(struct pipe *pipe, unsigned flags, int by)
{
    if ((flags & O_ACCMODE) != O_WRONLY) {
        __atomic_fetch_add(&pipe->readers, (unsigned)by, __ATOMIC_RELAXED);
    }
    if ((flags & O_ACCMODE) != O_RDONLY) {
        __atomic_fetch_add(&pipe->writers, (unsigned)by, __ATOMIC_RELAXED);
    }
}

// A new pipe is opened by pipe_open, twice; this is by a path of /proc.
static int pipe_open_again(struct inode *inode, unsigned flags)
{
    count(pipe_of(inode), flags, 1);
    return 0;
}

static void pipe_close(struct inode *inode, unsigned flags)
{
    struct pipe *pipe = pipe_of(inode);

    count(pipe, flags, -1);
    wake(&pipe->readable);
    wake(&pipe->writable);
}

static unsigned pipe_poll(struct inode *inode, unsigned flags)
{
    const struct pipe *pipe = pipe_of(inode);
    unsigned ready = 0;

    if ((flags & O_ACCMODE) != O_WRONLY) {
        ready |= (bytes(pipe) > 0 ? POLLIN : 0) | (pipe->writers == 0 ? POLLHUP : 0);
    }
    if ((flags & O_ACCMODE) != O_RDONLY) {
        ready |= (bytes(pipe) <= PIPE_SIZE - PIPE_ATOMIC ? POLLOUT : 0) |
                 (pipe->readers == 0 ? POLLERR : 0);
    }
    return ready;
}

// The last hold: both ends are closed.
static void release(struct inode *inode)
{
    struct pipe *pipe = pipe_of(inode);

    for (unsigned i = 0; i < PAGES; i++) {
        if (pipe->pages[i]) {
            pmm_free(virt_to_phys(pipe->pages[i]));
        }
    }
    if (pipe->spare) {
        pmm_free(virt_to_phys(pipe->spare));
    }
    kfree(pipe);
}

static const struct inode_operations operations = {
    .read = pipe_read, .write = pipe_write, .close = pipe_close,
    .open = pipe_open_again,
    .poll = pipe_poll,
};
static const struct filesystem_operations pipes_operations = {.name = "pipefs", .release = release};
static struct filesystem pipes = {.operations = &pipes_operations, .device = 3};

int pipe_open(struct file **read_end, struct file **write_end, unsigned flags)
{
    static uint32_t last_number;
    struct pipe *pipe = kcalloc(1, sizeof(*pipe));

    if (!pipe) {
        return -ENOMEM;
    }
    uint64_t now_ns = rtc_now_ns();
    pipe->inode = (struct inode){.operations = &operations,
                                 .filesystem = &pipes,
                                 .references = 2,
                                 .link_count = 1,
                                 .number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED),
                                 .mode = S_IFIFO | 0600,
        .changed = {.seconds = (int64_t)(now_ns / CLOCK_NS_PER_SECOND),
                    .nanoseconds = now_ns % CLOCK_NS_PER_SECOND}};
    pipe->inode.accessed = pipe->inode.modified = pipe->inode.changed;
    pipe->lock = (struct mutex)MUTEX("pipe");
    pipe->readable.name = "pipe_read";
    pipe->writable.name = "pipe_write";
    pipe->readers = pipe->writers = 1;
    int error = file_make(&pipe->inode, O_RDONLY | flags, read_end);
    if (error == 0) {
        error = file_make(&pipe->inode, O_WRONLY | flags, write_end);
        if (error) {
            file_close(*read_end); // gives one hold back, and release the other one
            inode_release(&pipe->inode);
            return error;
        }
    }
    if (error) {
        release(&pipe->inode);
    }
    return error;
}
