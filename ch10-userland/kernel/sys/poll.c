// System calls that wait for one of several files: poll and select.
#include "kernel/fs/poll.h"

#include "kernel/cpu/clock.h"
#include "kernel/fs/descriptor.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "kernel/sys/file.h"
#include "kernel/sys/path.h"
#include "kernel/sys/time.h"
#include "lib/abi/time.h"
#include "lib/errno.h"
#include "lib/string.h"

#define US_PER_SECOND 1000000

// ---- Waiting ----

// How long a call is to wait, and where the rest of that is told; 0: nowhere.
struct span {
    uint64_t ns; // WAIT_FOREVER
    uint64_t rest_address;
    bool microseconds; // struct timeval, else struct timespec
};

// Reads a struct timespec or timeval; address 0: for ever.
static int64_t span_from_user(uint64_t address, bool microseconds, struct span *span)
{
    struct timeval time;

    *span =
        (struct span){.ns = WAIT_FOREVER, .rest_address = address, .microseconds = microseconds};
    if (!address || !microseconds) {
        return address ? time_from_user(address, &span->ns) : 0;
    }
    if (copy_from_user(&time, address, sizeof(time))) {
        return -EFAULT;
    }
    if (time.tv_sec < 0 || time.tv_usec < 0) {
        return -EINVAL;
    }
    uint64_t us;
    if (__builtin_mul_overflow((uint64_t)time.tv_sec, US_PER_SECOND, &us) ||
        __builtin_add_overflow(us, (uint64_t)time.tv_usec, &us) ||
        __builtin_mul_overflow(us, CLOCK_NS_PER_US, &span->ns)) {
        span->ns = WAIT_FOREVER;
    }
    return 0;
}

// What is left of the time. That it can't be told is no error: what was waited for has come.
static void tell_rest(const struct span *span, uint64_t deadline_ns)
{
    uint64_t now_ns = clock_now_ns(), rest_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    struct timespec rest = {.tv_sec = (long)(rest_ns / CLOCK_NS_PER_SECOND),
                            .tv_nsec = (long)(rest_ns % CLOCK_NS_PER_SECOND)};

    if (span->rest_address && deadline_ns != WAIT_FOREVER) {
        rest.tv_nsec /= span->microseconds ? (long)CLOCK_NS_PER_US : 1;
        (void)copy_to_user(span->rest_address, &rest, sizeof(rest));
    }
}

// Waits with other signals blocked, if mask is not NULL.
static int wait(int (*ready)(void *context), void *context, const struct span *span,
                const signal_set_t *mask)
{
    // With no time to wait a signal that is pending does not count, unless it is let in for this.
    int result = span->ns == 0 ? ready(context) : 0;

    if (result || (span->ns == 0 && !mask)) {
        return result;
    }
    if (mask) {
        signal_block_for_call(*mask);
    }
    uint64_t deadline_ns = signal_deadline(time_after(clock_now_ns(), span->ns));
    result = span->ns == 0 && signal_due() ? -EINTR : poll_wait(ready, context, deadline_ns);
    if (mask && result != -EINTR) {
        signal_restore_blocked();
    }
    tell_rest(span, deadline_ns);
    return result;
}

static int64_t mask_from_user(uint64_t address, uint64_t size, signal_set_t *mask)
{
    if (size != sizeof(*mask)) {
        return -EINVAL;
    }
    return copy_from_user(mask, address, sizeof(*mask));
}

// ---- poll ----

struct polled {
    const struct descriptors *table;
    struct pollfd *files;
    unsigned count;
};

static int any_ready(void *context)
{
    const struct polled *polled = context;
    int count = 0;

    for (unsigned i = 0; i < polled->count; i++) {
        struct pollfd *at = &polled->files[i];
        struct file *file = descriptor_file(polled->table, at->fd);
        unsigned ready = POLLNVAL;
        if (file) {
            ready = poll_file(file, (unsigned short)at->events);
        }
        at->revents = (short)(at->fd < 0 ? 0 : ready); // one below 0 is passed over
        count += at->revents != 0;
    }
    return count;
}

static int64_t poll(uint64_t address, uint64_t count, const struct span *span,
                    const signal_set_t *mask)
{
    if (count > DESCRIPTOR_MAX) {
        return -EINVAL;
    }
    size_t size = count * sizeof(struct pollfd);
    struct polled polled = {.table = process_current()->descriptors, .count = (unsigned)count};

    polled.files = kmalloc(size);
    if (!polled.files) {
        return -ENOMEM;
    }
    int64_t result = copy_from_user(polled.files, address, size);
    if (result == 0) {
        result = wait(any_ready, &polled, span, mask);
    }
    if (result >= 0 && copy_to_user(address, polled.files, size)) {
        result = -EFAULT;
    }
    kfree(polled.files);
    return result;
}

int64_t sys_poll(struct trap_frame *frame)
{
    int timeout_ms = (int)frame->rdx;
    struct span span = {
        .ns = timeout_ms < 0 ? WAIT_FOREVER : (uint64_t)timeout_ms * CLOCK_NS_PER_MS};

    return poll(frame->rdi, (unsigned)frame->rsi, &span, NULL);
}

int64_t sys_ppoll(struct trap_frame *frame)
{
    signal_set_t mask;
    struct span span;
    int64_t error = span_from_user(frame->rdx, false, &span);

    if (error == 0 && frame->r10) {
        error = mask_from_user(frame->r10, frame->r8, &mask);
    }
    return error ? error : poll(frame->rdi, (unsigned)frame->rsi, &span, frame->r10 ? &mask : NULL);
}

// ---- select ----

#define WORD_BITS 64
#define SET_WORDS (DESCRIPTOR_MAX / WORD_BITS)

enum { SET_READ, SET_WRITE, SET_EXCEPT, SET_COUNT };

struct selected {
    const struct descriptors *table;
    int count; // descriptors
    uint64_t wanted[SET_COUNT][SET_WORDS], ready[SET_COUNT][SET_WORDS];
};

static bool in_set(const uint64_t *set, int number)
{
    return set[number / WORD_BITS] >> number % WORD_BITS & 1;
}

static int any_selected(void *context)
{
    // What makes a descriptor ready, in each of the sets.
    static const unsigned events[SET_COUNT] = {
        POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI};
    struct selected *selected = context;
    int found = 0;

    memset(selected->ready, 0, sizeof(selected->ready));
    for (int i = 0; i < selected->count; i++) {
        unsigned asked = 0;
        for (unsigned set = 0; set < SET_COUNT; set++) {
            asked |= in_set(selected->wanted[set], i) ? events[set] : 0;
        }
        if (asked == 0) {
            continue;
        }
        struct file *file = descriptor_file(selected->table, i);
        if (!file) {
            return -EBADF;
        }
        unsigned ready = poll_file(file, asked);
        for (unsigned set = 0; set < SET_COUNT; set++) {
            if (in_set(selected->wanted[set], i) && ready & events[set]) {
                selected->ready[set][i / WORD_BITS] |= (uint64_t)1 << i % WORD_BITS;
                found++;
            }
        }
    }
    return found;
}

static int64_t select(const struct trap_frame *frame, const struct span *span,
                      const signal_set_t *mask)
{
    const uint64_t addresses[SET_COUNT] = {frame->rsi, frame->rdx, frame->r10};
    int count = (int)frame->rdi;
    struct selected selected = {.table = process_current()->descriptors};

    if (count < 0) {
        return -EINVAL;
    }
    selected.count = count < DESCRIPTOR_MAX ? count : DESCRIPTOR_MAX;
    size_t size = ((size_t)selected.count + WORD_BITS - 1) / WORD_BITS * sizeof(uint64_t);
    for (unsigned set = 0; set < SET_COUNT; set++) {
        if (addresses[set] && copy_from_user(selected.wanted[set], addresses[set], size)) {
            return -EFAULT;
        }
    }
    int64_t result = wait(any_selected, &selected, span, mask);
    for (unsigned set = 0; set < SET_COUNT && result >= 0; set++) {
        if (addresses[set] && copy_to_user(addresses[set], selected.ready[set], size)) {
            return -EFAULT;
        }
    }
    return result;
}

int64_t sys_select(struct trap_frame *frame)
{
    struct span span;
    int64_t error = span_from_user(frame->r8, true, &span);

    return error ? error : select(frame, &span, NULL);
}

int64_t sys_pselect6(struct trap_frame *frame)
{
    struct {
        uint64_t address, size;
    } given = {0};
    signal_set_t mask;
    struct span span;
    int64_t error = span_from_user(frame->r8, false, &span);

    if (error == 0 && frame->r9) {
        error = copy_from_user(&given, frame->r9, sizeof(given));
    }
    if (error == 0 && given.address) {
        error = mask_from_user(given.address, given.size, &mask);
    }
    return error ? error : select(frame, &span, given.address ? &mask : NULL);
}
