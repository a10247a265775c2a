#include "kernel/sys/memory.h"

#include "kernel/fs/descriptor.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/user_copy.h"
#include "kernel/mm/user_pages.h"
#include "kernel/proc/file_source.h"
#include "kernel/proc/process.h"
#include "lib/abi/mman.h"
#include "lib/errno.h"

#define PROT_KNOWN (PROT_READ | PROT_WRITE | PROT_EXEC)

// Rounds a size up to pages. False when that is no size at all, or more than there are addresses.
static bool round_size(uint64_t size, size_t *rounded)
{
    *rounded = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul);
    return size > 0 && size <= USER_END;
}

// The end of a range that starts at a page and has a size. False when there is no such range.
static bool range_end(uint64_t start, uint64_t size, virt_t *end)
{
    size_t rounded;

    if (start % PAGE_SIZE != 0 || !round_size(size, &rounded) || !user_range(start, rounded)) {
        return false;
    }
    *end = start + rounded;
    return true;
}

static unsigned rights_of(uint64_t protection)
{
    return (protection & PROT_KNOWN ? 0 : PAGE_NONE) | (protection & PROT_WRITE ? PAGE_WRITE : 0) |
           (protection & PROT_EXEC ? PAGE_EXECUTE : 0);
}

static struct address_space *own_space(void)
{
    return process_current()->address_space;
}

int64_t sys_brk(struct trap_frame *frame)
{
    return (int64_t)address_space_break(own_space(), frame->rdi);
}

// Makes a file the source of a region.
static int use_file(struct region *region, int number, uint64_t offset, uint64_t flags)
{
    const struct file *file = descriptor_file(process_current()->descriptors, number);
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

    if (!file) {
        return -EBADF;
    }
    bool writable = (file->flags & O_ACCMODE) == O_RDWR;
    if ((file->flags & O_ACCMODE) == O_WRONLY ||
        (shared && region->rights & PAGE_WRITE && !writable)) {
        return -EACCES;
    }
    if (!S_ISREG(file->inode->mode) || (shared && !file->inode->operations->write)) {
        return -ENODEV;
    }
    // Shared pages are found by their offset in a table, which ends where addresses do.
    if (offset % PAGE_SIZE != 0 || offset + region->end < offset ||
        (shared && offset + region->end > USER_END)) {
        return -EINVAL;
    }
    region->kind = shared ? REGION_SHARED : REGION_PRIVATE;
    region->source = shared ? shared_source(file->inode, writable) : file_source(file->inode);
    region->offset = offset;
    region->source_end = region->end;
    region->sealed = shared && !writable;
    return region->source ? 0 : -ENOMEM;
}

// Brings pages there before they are asked for, as far as that is possible.
static void populate(struct address_space *space, virt_t start, virt_t end, unsigned rights)
{
    enum access access = rights & PAGE_WRITE ? ACCESS_WRITE : ACCESS_READ;

    for (virt_t address = start; address < end; address += PAGE_SIZE) {
        if (address_space_fault(space, address, access, true) != 0) {
            return;
        }
    }
}

int64_t sys_mmap(struct trap_frame *frame)
{
    uint64_t flags = frame->r10, type = flags & MAP_TYPE;
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    virt_t start = frame->rdi;
    struct region region = {.rights = rights_of(frame->rdx)};

    if (!round_size(frame->rsi, &region.end)) {
        return frame->rsi == 0 ? -EINVAL : -ENOMEM;
    }
    if ((type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE) ||
        (fixed && start % PAGE_SIZE != 0)) {
        return -EINVAL;
    }
    if (fixed && (start < USER_START || !user_range(start, region.end))) {
        return start < USER_START ? -EPERM : -ENOMEM;
    }
    int error = 0;
    if (!(flags & MAP_ANONYMOUS)) {
        error = use_file(&region, (int)frame->r8, frame->r9, flags);
    } else if (type != MAP_PRIVATE) {
        region.kind = REGION_SHARED;
    }
    if (error) {
        return error;
    }
    // Without MAP_FIXED the address is a wish, which is granted where there is room.
    virt_t place = start & ~(PAGE_SIZE - 1ul);
    if (fixed || (place >= USER_START && user_range(place, region.end))) {
        error = address_space_map(own_space(), &place, &region, flags & MAP_FIXED);
    } else {
        error = -EEXIST;
    }
    if (error == -EEXIST && !fixed) {
        place = 0;
        error = address_space_map(own_space(), &place, &region, false);
    }
    if (region.source) {
        region.source->release(region.source);
    }
    if (error == 0 && flags & (MAP_POPULATE | MAP_LOCKED) && !(region.rights & PAGE_NONE)) {
        populate(own_space(), place, place + region.end, region.rights);
    }
    return error ? error : (int64_t)place;
}

int64_t sys_munmap(struct trap_frame *frame)
{
    virt_t end;

    if (!range_end(frame->rdi, frame->rsi, &end)) {
        return -EINVAL;
    }
    return address_space_unmap(own_space(), frame->rdi, end);
}

int64_t sys_mprotect(struct trap_frame *frame)
{
    virt_t end;

    if (frame->rdx & ~(uint64_t)PROT_KNOWN || frame->rdi % PAGE_SIZE != 0) {
        return -EINVAL;
    }
    if (frame->rsi == 0) {
        return 0;
    }
    if (!range_end(frame->rdi, frame->rsi, &end)) {
        return -ENOMEM;
    }
    return address_space_protect(own_space(), frame->rdi, end, rights_of(frame->rdx));
}

int64_t sys_mremap(struct trap_frame *frame)
{
    size_t old_size, new_size;
    uint64_t flags = frame->r10, place = flags & MREMAP_FIXED ? frame->r8 : 0;

    // An old size of 0 would make a second view of shared pages.
    if (flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED) || !round_size(frame->rsi, &old_size) ||
        !round_size(frame->rdx, &new_size) ||
        (flags & MREMAP_FIXED && (!(flags & MREMAP_MAYMOVE) || place == 0))) {
        return -EINVAL;
    }
    return address_space_remap(own_space(), frame->rdi, old_size, new_size, flags & MREMAP_MAYMOVE,
                               place);
}

int64_t sys_madvise(struct trap_frame *frame)
{
    virt_t end;
    uint64_t advice = frame->rdx;

    if (frame->rdi % PAGE_SIZE != 0 || (advice > MADV_DONTNEED && advice < MADV_FREE) ||
        advice > MADV_WIPEONFORK) {
        return -EINVAL;
    }
    if (frame->rsi == 0) {
        return 0;
    }
    if (!range_end(frame->rdi, frame->rsi, &end)) {
        return -ENOMEM;
    }
    if (advice == MADV_DONTNEED || advice == MADV_FREE) {
        return address_space_discard(own_space(), frame->rdi, end);
    }
    // What would be seen in the result of a fork is refused, the rest are hints.
    return advice == MADV_DONTFORK || advice == MADV_WIPEONFORK ? -EINVAL : 0;
}

int64_t sys_mincore(struct trap_frame *frame)
{
    virt_t end;

    if (frame->rdi % PAGE_SIZE != 0) {
        return -EINVAL;
    }
    if (frame->rsi == 0) {
        return 0;
    }
    if (!range_end(frame->rdi, frame->rsi, &end)) {
        return -ENOMEM;
    }
    uint64_t result = frame->rdx;
    for (virt_t address = frame->rdi; address < end; address += PAGE_SIZE) {
        if (!address_space_find(own_space(), address)) {
            return -ENOMEM;
        }
        if (signal_due()) {
            return -EINTR;
        }
        const uint64_t *entry = user_pages_find(&own_space()->table, address);
        uint8_t present = entry && *entry;
        if (copy_to_user(result++, &present, sizeof(present)) != 0) {
            return -EFAULT;
        }
    }
    return 0;
}

int64_t sys_msync(struct trap_frame *frame)
{
    virt_t end;
    uint64_t flags = frame->rdx;

    if (flags & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
        (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC) || frame->rdi % PAGE_SIZE != 0) {
        return -EINVAL;
    }
    if (frame->rsi == 0) {
        return 0;
    }
    if (!range_end(frame->rdi, frame->rsi, &end)) {
        return -ENOMEM;
    }
    int error = 0;
    for (virt_t at = frame->rdi; at < end && error == 0;) {
        const struct region *region = address_space_find(own_space(), at);
        if (!region) {
            return -ENOMEM;
        }
        at = region->end;
        if (region->source && region->kind == REGION_SHARED) {
            error = shared_source_save(region->source, flags & MS_SYNC);
        }
    }
    return error;
}

// What is in memory stays there: to lock it is to bring it there. The range need not be of pages.
static int64_t lock(const struct trap_frame *frame, bool bring)
{
    virt_t start = frame->rdi & ~(PAGE_SIZE - 1ul), end;

    if (frame->rsi == 0) {
        return 0;
    }
    if (frame->rsi > USER_END || !range_end(start, frame->rdi - start + frame->rsi, &end)) {
        return -ENOMEM;
    }
    while (start < end) {
        const struct region *region = address_space_find(own_space(), start);
        if (!region || (bring && region->rights & PAGE_NONE)) {
            return -ENOMEM;
        }
        virt_t until = region->end < end ? region->end : end;
        if (bring) {
            populate(own_space(), start, until, region->rights);
        }
        start = until;
    }
    return 0;
}

int64_t sys_mlock(struct trap_frame *frame)
{
    return lock(frame, true);
}

int64_t sys_munlock(struct trap_frame *frame)
{
    return lock(frame, false);
}

int64_t sys_mlockall(struct trap_frame *frame)
{
    return frame->rdi > 0 && frame->rdi < 8 && frame->rdi != MCL_ONFAULT ? 0 : -EINVAL;
}

int64_t sys_munlockall(struct trap_frame *frame)
{
    (void)frame;
    return 0;
}
