// A program's address space: the user half of a page table, and the regions that say what may be
// there. A page comes when it is first used (demand-zero, or read from a file), and after a fork
// both share it until one writes.
//
// An address space belongs to one process and is changed by that process alone (fork copies the
// caller's own; vfork's child has it while the parent waits), so that it needs no lock. Nothing
// here sleeps, but reading a page of a file.
#ifndef RUNG_KERNEL_MM_ADDRESS_SPACE_H
#define RUNG_KERNEL_MM_ADDRESS_SPACE_H

#include "kernel/mm/paging.h"
#include "kernel/sync/wait.h"
#include "lib/list.h"

#define USER_STACK_MAX 0x800000 // 8 MiB, the lowest page of which stays unmapped
#define REGIONS_MAX 4096 // of one address space

// Where the bytes of a region come from, if not from nowhere. The room above implements it for
// files: kernel/proc/file_source.c.
struct region_source {
    void (*hold)(struct region_source *source); // for one more region
    void (*release)(struct region_source *source); // may sleep
    // Reads up to size bytes from an offset into kernel memory; returns how many there are, or a
    // negative error. Sleeps.
    int64_t (*read)(struct region_source *source, void *to, size_t size, uint64_t offset);
    // The pages that have been read, found by their offset, if the source has them shared by all
    // who do not write to them, or in a shared region do so. root 0: it does not.
    struct page_table pages; // PTE_D: somebody may have written to that page
    bool written; // to any
    uint64_t end; // behind the last one
    unsigned changes; // how often what they show was changed by others
};

enum region_kind {
    REGION_PRIVATE, // copied when written after fork
    REGION_SHARED, // with children, or all who have the source
    REGION_STACK, // private, and grows down to USER_STACK_MAX
};

struct region {
    struct list_node node; // by address
    virt_t start, end; // page aligned
    unsigned rights; // of enum page_rights: PAGE_READ, PAGE_WRITE, PAGE_EXECUTE; PAGE_NONE
    enum region_kind kind;
    struct region_source *source; // held; NULL: zeroes
    uint64_t offset; // of start, in the source or among the shared pages
    virt_t source_end; // behind it come zeroes (a file's .bss in the same page)
    struct shared_pages *shared; // of REGION_SHARED, anonymous: held, made by address_space_map
    bool sealed; // a shared view of a file that was opened for reading: never writable
};

#define PAGE_NONE (1u << 31) // a region's rights: may not even be read (PROT_NONE)

struct address_space {
    struct page_table table;
    struct list_node regions;
    size_t region_count;
    struct region *recent; // the one found last, or NULL
    virt_t heap_start, heap_end; // brk; heap_end is where it was asked to be
    size_t page_count; // pages in memory
    size_t reserved_count; // pages of all regions
    unsigned references; // processes that have it: of these all but one wait
    struct wait_queue returned; // one less has it
};

// Makes an empty one, with the kernel's half; -ENOMEM. Copies the caller's for fork: private pages
// are shared and copied when written to; -ENOMEM.
int address_space_create(struct address_space **space);
int address_space_copy(struct address_space *from, struct address_space **copy);

// Gives one reference back, and with the last one everything. Not the active one. NULL is allowed.
// May sleep.
void address_space_destroy(struct address_space *space);

// Makes it the one that the processor uses; NULL: the kernel's own.
void address_space_activate(const struct address_space *space);

// Adds a region; *start 0: wherever there is room (below the stack, from the top down), and tells
// where. With `replace` what was there is unmapped first, else -EEXIST. region's members but node
// are as above, start and end relative to *start (start 0). -EINVAL for what is not page aligned or
// out of bounds, -ENOMEM also where the number of regions or pages would be beyond reason.
int address_space_map(struct address_space *space, virt_t *start, const struct region *region,
                      bool replace);

// Takes away, changes the rights of, all of [start, end), page aligned: else -EINVAL. protect:
// -ENOMEM where nothing is mapped; -EACCES to make a sealed region writable.
int address_space_unmap(struct address_space *space, virt_t start, virt_t end);
int address_space_protect(struct address_space *space, virt_t start, virt_t end, unsigned rights);

// Forgets what private regions hold in [start, end): it is as at first again (MADV_DONTNEED).
// -ENOMEM where nothing is mapped.
int address_space_discard(struct address_space *space, virt_t start, virt_t end);

// Moves or resizes a region for mremap: returns the new start or a negative error. place: where it
// is moved to, in the stead of what is there; 0: only if it must, and may, and where there is room.
// -EFAULT unless all of the old range lies in one region, -ENOMEM when there is no room, -EINVAL.
int64_t address_space_remap(struct address_space *space, virt_t start, size_t old_size,
                            size_t new_size, bool may_move, virt_t place);

// Sets the end of the heap if that is possible; returns where it is now.
virt_t address_space_break(struct address_space *space, virt_t end);

enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

// Brings the page of an address there for an access, as its region allows. may_sleep: where the
// caller holds no lock; without it pages of files are not read (-EAGAIN). 0; -EFAULT: no region, or
// not its rights; -ENOMEM; -EIO: its file could not be read, or ends before.
int address_space_fault(struct address_space *space, virt_t address, enum access access,
                        bool may_sleep);

// The region that an address lies in, or NULL.
struct region *address_space_find(struct address_space *space, virt_t address);

// The caller's address space, for the fault handler and user copies, which are below processes:
// process_activate keeps it.
extern struct address_space *address_space_current;

// Between address_space.c and demand.c: the pages of a shared region, found by their number (a new
// table of them, held once, or NULL; holds), and what a region's rights are in an entry, PTE_RW
// included where the page may still be shared.
struct shared_pages *shared_pages_create(void);
void shared_pages_hold(struct shared_pages *shared);
void shared_pages_release(struct shared_pages *shared);
uint64_t region_entry_flags(const struct region *region);

#endif
