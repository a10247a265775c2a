// Pages on demand. What a region promises becomes a page of memory only when somebody looks.
#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STACK_GUARD PAGE_SIZE // stays free between a stack and what is below

// The pages of an anonymous region that a parent and its children share, found by their number:
// whoever of them comes first makes one. A page table that no processor walks.
struct shared_pages {
    unsigned references;
    struct page_table table;
};

struct shared_pages *shared_pages_create(void)
{
    struct shared_pages *shared = kmalloc(sizeof(*shared));

    if (shared && user_pages_create(&shared->table) != 0) {
        kfree(shared);
        return NULL;
    }
    if (shared) {
        shared->references = 1;
    }
    return shared;
}

void shared_pages_hold(struct shared_pages *shared)
{
    __atomic_fetch_add(&shared->references, 1, __ATOMIC_RELAXED);
}

void shared_pages_release(struct shared_pages *shared)
{
    if (__atomic_sub_fetch(&shared->references, 1, __ATOMIC_ACQ_REL) == 0) {
        user_pages_remove(&shared->table, 0, USER_END);
        user_pages_destroy(&shared->table);
        kfree(shared);
    }
}

uint64_t region_entry_flags(const struct region *region)
{
    return PTE_US | PTE_A | PTE_D | (region->rights & PAGE_NONE ? 0 : PTE_P) |
           (region->rights & PAGE_WRITE ? PTE_RW : 0) |
           (region->rights & PAGE_EXECUTE ? 0 : PTE_XD);
}

// Lets a stack grow down to an address, if that is what it is. Returns the stack.
static struct region *grow_stack(struct address_space *space, virt_t address)
{
    virt_t start = address & ~(PAGE_SIZE - 1ul), lowest = USER_START;

    for (struct list_node *node = space->regions.next; node != &space->regions; node = node->next) {
        struct region *region = LIST_ENTRY(node, struct region, node);
        if (region->start > address) { // the first one above
            if (region->kind != REGION_STACK || start < lowest ||
                region->end - start >= USER_STACK_MAX) {
                return NULL;
            }
            space->reserved_count += (region->start - start) / PAGE_SIZE;
            region->start = start;
            return region;
        }
        lowest = region->end + STACK_GUARD;
    }
    return NULL;
}

// Makes a page with what belongs at an address; with `whole` also with what the source has behind
// source_end, for others who have that page.
static int make_page(const struct region *region, virt_t address, bool whole, bool may_sleep,
                     phys_t *page)
{
    size_t size = 0; // bytes from the source

    if (region->source && address < region->source_end) {
        size = region->source_end - address;
        size = whole || size > PAGE_SIZE ? PAGE_SIZE : size;
        if (!may_sleep) {
            return -EAGAIN;
        }
    }
    *page = user_page_alloc();
    if (!*page) {
        return -ENOMEM;
    }
    char *bytes = phys_to_virt(*page);
    if (size > 0) {
        int64_t count = region->source->read(region->source, bytes, size,
                                             region->offset + (address - region->start));
        if (count <= 0) { // 0: the file ends before
            pmm_free(*page);
            return count == -ENOMEM ? -ENOMEM : -EIO;
        }
        size = (size_t)count;
    }
    memset(bytes + size, 0, PAGE_SIZE - size);
    return 0;
}

// Puts a page at an address that has none: a new one, which it takes over.
static int put_page(struct page_table *table, virt_t address, phys_t page, uint64_t flags)
{
    int error = user_pages_set(table, address, page, flags);

    if (error) {
        pmm_free(page);
    }
    return error;
}

static int bring_private(struct address_space *space, const struct region *region, virt_t address,
                         bool may_sleep)
{
    phys_t page;
    int error = make_page(region, address, false, may_sleep, &page);

    return error ? error : put_page(&space->table, address, page, region_entry_flags(region));
}

// Puts the page there that is in a table of shared pages, if it is. *found tells. Interrupts off:
// the table is not this process's alone.
static int use_shared(struct address_space *space, virt_t address, uint64_t flags,
                      const struct page_table *shared, virt_t number, bool *found)
{
    const uint64_t *entry = user_pages_find(shared, number);
    int error = 0;

    *found = entry && *entry;
    if (*found) {
        error = user_pages_set(&space->table, address, *entry & PTE_ADDRESS, flags);
        if (error == 0) {
            user_page_hold(user_page(*entry));
        }
    }
    return error;
}

// Brings a page there that is, or will be, in a table of shared pages.
static int bring_shared(struct address_space *space, const struct region *region, virt_t address,
                        struct page_table *shared, uint64_t flags, bool may_sleep)
{
    virt_t number = region->offset + (address - region->start);
    struct region_source *source = region->source;

    if (number >= USER_END) { // the table's other half is the kernel's
        return -EIO;
    }
    bool found, interrupts = cpu_save_interrupts();
    int error = use_shared(space, address, flags, shared, number, &found);
    while (error == 0 && !found) {
        unsigned changes = source ? source->changes : 0;
        phys_t page;
        cpu_restore_interrupts(interrupts);
        error = make_page(region, address, true, may_sleep, &page);
        if (error) {
            return error;
        }
        cpu_disable_interrupts();
        error = use_shared(space, address, flags, shared, number, &found);
        if (found || (source && source->changes != changes)) {
            pmm_free(page); // somebody was faster, or it is not up to date any more
            continue;
        }
        error = put_page(shared, number, page, PTE_P);
        if (error == 0 && source && source->end < number + PAGE_SIZE) {
            source->end = number + PAGE_SIZE;
        }
        error = error ? error : use_shared(space, address, flags, shared, number, &found);
    }
    cpu_restore_interrupts(interrupts);
    return error;
}

// Whether a page can be one that all who run the same program share: it is not to be written to
// now, and all of it is the file's. (In a region that is never written to nobody misses the zeroes
// behind source_end.)
static bool can_share(const struct region *region, virt_t address, enum access access)
{
    return region->source && region->source->pages.root && access != ACCESS_WRITE &&
           region->offset % PAGE_SIZE == 0 && region->offset < USER_END &&
           address - region->start < USER_END - region->offset && address < region->source_end &&
           (region->source_end - address >= PAGE_SIZE || !(region->rights & PAGE_WRITE));
}

static int bring(struct address_space *space, const struct region *region, virt_t address,
                 enum access access, bool may_sleep)
{
    uint64_t flags = region_entry_flags(region);

    if (region->shared) {
        return bring_shared(space, region, address, &region->shared->table, flags, may_sleep);
    }
    if (region->kind == REGION_SHARED || can_share(region, address, access)) {
        return bring_shared(space, region, address, &region->source->pages, flags & ~PTE_RW,
                            may_sleep);
    }
    return bring_private(space, region, address, may_sleep);
}

// Makes a private page that is there writable: it is copied unless nobody else has it.
static int copy_on_write(uint64_t *entry)
{
    struct page *page = user_page(*entry);

    if (page->references > 1) {
        phys_t copy = user_page_alloc();
        if (!copy) {
            return -ENOMEM;
        }
        memcpy(phys_to_virt(copy), phys_to_virt(*entry & PTE_ADDRESS), PAGE_SIZE);
        *entry = copy | (*entry & ~PTE_ADDRESS);
        user_page_release(page); // somebody else may have done so meanwhile: then it goes
    }
    *entry |= PTE_RW;
    return 0;
}

// Lets a page of a file be written to in memory, and marks it for the way back. It stays among the
// source's pages as long as there is a region.
static void write_to_source(const struct region *region, virt_t address, uint64_t *entry)
{
    *user_pages_find(&region->source->pages, region->offset + (address - region->start)) |= PTE_D;
    region->source->written = true;
    *entry |= PTE_RW;
}

static bool allows(const struct region *region, enum access access)
{
    static const unsigned needed[] = {
        [ACCESS_READ] = 0, [ACCESS_WRITE] = PAGE_WRITE, [ACCESS_EXECUTE] = PAGE_EXECUTE};

    return !(region->rights & PAGE_NONE) && (region->rights & needed[access]) == needed[access];
}

int address_space_fault(struct address_space *space, virt_t address, enum access access,
                        bool may_sleep)
{
    struct region *region = address_space_find(space, address);

    if (!region) {
        region = grow_stack(space, address);
    }
    if (!region || !allows(region, access)) {
        return -EFAULT;
    }
    address &= ~(PAGE_SIZE - 1ul);
    uint64_t *entry = user_pages_find(&space->table, address);
    int error = 0;
    if (!entry || !*entry) {
        error = bring(space, region, address, access, may_sleep);
        space->page_count += error == 0;
        return error;
    }
    if (access == ACCESS_WRITE && !(*entry & PTE_RW)) {
        if (region->kind == REGION_SHARED && region->source) {
            write_to_source(region, address, entry);
        } else {
            error = copy_on_write(entry);
        }
    }
    cpu_invalidate_page(address); // also when the processor only remembered what was so before
    return error;
}
