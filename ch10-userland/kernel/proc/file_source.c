#include "kernel/proc/file_source.h"

#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"
#include "kernel/sync/mutex.h"
#include "lib/errno.h"
#include "lib/string.h"

struct file_source {
    struct region_source source;
    unsigned references;
    struct list_node node; // of one with pages: in sources
    struct inode *inode; // held
    bool program; // others who have pages are shared
    bool writable; // by one who shares it: INODE_WRITTEN
};

// The files that programs run from, and those that are mapped to be shared. Changed and read with
// interrupts off, as are the references of what is listed: so nobody finds one that is on its way
// out.
static struct list_node sources = {&sources, &sources};

unsigned file_source_shared_count;

// Held while something is done to a file that has to be done to its pages, too.
static struct mutex changing = MUTEX("mapped files");

static struct file_source *of(struct region_source *source)
{
    return LIST_ENTRY(source, struct file_source, source);
}

static void hold(struct region_source *source)
{
    bool interrupts = cpu_save_interrupts();
    of(source)->references++;
    cpu_restore_interrupts(interrupts);
}

// Writes the pages that programs wrote to to the file, as far as that reaches: all that can be
// written, and returns the first error.
static int save(struct file_source *file)
{
    struct inode *inode = file->inode;
    bool locked = mutex_held(&changing);
    int result = 0;

    if (!locked) {
        mutex_lock(&changing);
    }
    for (uint64_t at = 0; at < inode->size && at < file->source.end; at += PAGE_SIZE) {
        const uint64_t *entry = user_pages_find(&file->source.pages, at);
        if (!entry) { // nor for its neighbours
            at |= LARGE_PAGE_SIZE - PAGE_SIZE;
        } else if (*entry & PTE_D) {
            uint64_t left = inode->size - at, size = left < PAGE_SIZE ? left : PAGE_SIZE;
            struct io io = io_kernel(phys_to_virt(*entry & PTE_ADDRESS), size);
            int64_t count = 1;
            while (io.left > 0 && count > 0) {
                count = inode->operations->write(inode, &io, at + size - io.left, NULL);
            }
            if (io.left > 0 && result == 0) {
                result = count < 0 ? (int)count : -EIO;
            }
        }
    }
    if (!locked) {
        mutex_unlock(&changing);
    }
    return result;
}

// Ends a source that nobody finds any more.
static void destroy(struct file_source *file)
{
    if (file->source.pages.root) {
        user_pages_remove(&file->source.pages, 0, USER_END);
        user_pages_destroy(&file->source.pages);
    }
    inode_release(file->inode);
    kfree(file);
}

static void release(struct region_source *source)
{
    struct file_source *file = of(source);
    bool interrupts = cpu_save_interrupts();
    // Once more when somebody came, wrote, and went meanwhile.
    while (file->references == 1 && source->written) {
        source->written = false;
        cpu_restore_interrupts(interrupts);
        (void)save(file); // whoever wants to know of errors uses msync
        cpu_disable_interrupts();
    }
    bool last = --file->references == 0;
    if (last && source->pages.root) {
        list_remove(&file->node);
        file_source_shared_count -= !file->program;
        if (file->program || file->writable) {
            inode_end_use(file->inode, file->program ? INODE_RUN : INODE_WRITTEN);
        }
    }
    cpu_restore_interrupts(interrupts);
    if (last) {
        destroy(file);
    }
}

int64_t file_source_read(struct inode *inode, void *to, size_t size, uint64_t offset)
{
    struct io io = io_kernel(to, size);
    while (io.left > 0) {
        int64_t count = inode->operations->read(inode, &io, offset + (size - io.left));
        if (count <= 0) {
            return count < 0 ? count : (int64_t)(size - io.left);
        }
    }
    return (int64_t)size;
}

static int64_t read(struct region_source *source, void *to, size_t size, uint64_t offset)
{
    struct inode *inode = of(source)->inode;
    if (file_source_shared_count > 0 && !source->pages.root) {
        (void)file_source_save(inode);
    }
    return file_source_read(inode, to, size, offset);
}

struct region_source *file_source(struct inode *inode)
{
    struct file_source *file = kmalloc(sizeof(*file));
    if (!file) {
        return NULL;
    }
    *file = (struct file_source){
        .source = {.hold = hold, .release = release, .read = read},
        .references = 1,
        .inode = inode_hold(inode),
    };
    return &file->source;
}

// The next one behind a node that is a program's, or shared, and of a file (NULL: of any), held; or
// NULL. Interrupts off.
static struct file_source *find(const struct list_node *node, const struct inode *inode,
                                bool program)
{
    while ((node = node->next) != &sources) {
        struct file_source *file = LIST_ENTRY(node, struct file_source, node);
        if (file->program == program && (!inode || file->inode == inode)) {
            file->references++;
            return file;
        }
    }
    return NULL;
}

static struct file_source *find_shared(const struct list_node *node, const struct inode *inode)
{
    bool interrupts = cpu_save_interrupts();
    struct file_source *file = find(node, inode, false);
    cpu_restore_interrupts(interrupts);
    return file;
}

static struct file_source *make_with_pages(struct inode *inode)
{
    struct region_source *source = file_source(inode);
    if (source && user_pages_create(&source->pages) != 0) {
        source->pages.root = 0;
        destroy(of(source));
        return NULL;
    }
    return source ? of(source) : NULL;
}

// The one source with pages that there is of a file, which may be a new one.
static struct region_source *the_source(struct inode *inode, bool program, bool writable)
{
    struct file_source *new = NULL;
    bool interrupts = cpu_save_interrupts();
    struct file_source *file = find(&sources, inode, program);
    if (!file) {
        cpu_restore_interrupts(interrupts);
        new = make_with_pages(inode);
        if (!new) {
            return NULL;
        }
        cpu_disable_interrupts();
        file = find(&sources, inode, program); // somebody may have been faster
    }
    if (!file) {
        file = new;
        new = NULL;
        file->program = program;
        list_append(&sources, &file->node);
        file_source_shared_count += !program;
        if (program) {
            (void)inode_use(inode, INODE_RUN); // exec has asked before, and still does
        }
    }
    if (writable && !file->writable) {
        file->writable = true;
        (void)inode_use(inode, INODE_WRITTEN); // as the open file, which is still there
    }
    cpu_restore_interrupts(interrupts);
    if (new) {
        destroy(new);
    }
    return &file->source;
}

struct region_source *program_source(struct inode *inode)
{
    return the_source(inode, true, false);
}

struct region_source *shared_source(struct inode *inode, bool writable)
{
    return the_source(inode, false, writable);
}

int shared_source_save(struct region_source *source, bool sync)
{
    struct inode *inode = of(source)->inode;
    int error = save(of(source));
    return error || !sync || !inode->operations->sync ? error : inode->operations->sync(inode);
}

int file_source_save(const struct inode *inode)
{
    int result = 0;
    struct file_source *file = find_shared(&sources, inode);
    while (file) {
        int error = save(file);
        result = result ? result : error;
        struct file_source *next = find_shared(&file->node, inode);
        release(&file->source);
        file = next;
    }
    return result;
}

// Has the pages that are there show what is in the file now.
static void refresh(struct file_source *file, uint64_t start, uint64_t end)
{
    file->source.changes++;
    end = end < file->source.end ? end : file->source.end;
    while (start < end) {
        const uint64_t *entry = user_pages_find(&file->source.pages, start);
        if (!entry) { // nor for its neighbours
            start = (start | (LARGE_PAGE_SIZE - 1ul)) + 1;
            continue;
        }
        size_t within = start % PAGE_SIZE, size = PAGE_SIZE - within;
        size = size < end - start ? size : end - start;
        if (*entry) {
            char *bytes = (char *)phys_to_virt(*entry & PTE_ADDRESS) + within;
            int64_t count = file_source_read(file->inode, bytes, size, start);
            if (count >= 0) {
                memset(bytes + count, 0, size - (size_t)count); // behind the end
            }
        }
        start += size;
    }
}

void file_source_changed(struct inode *inode, uint64_t start, uint64_t end)
{
    struct file_source *file = find_shared(&sources, inode);
    if (file) {
        refresh(file, start, end);
        release(&file->source);
    }
}

bool shared_files_lock(void)
{
    bool any = file_source_shared_count > 0;
    if (any) {
        mutex_lock(&changing);
    }
    return any;
}

void shared_files_unlock(bool locked, bool cut)
{
    struct file_source *file = locked && cut ? find_shared(&sources, NULL) : NULL;
    while (file) {
        refresh(file, file->inode->size, UINT64_MAX);
        struct file_source *next = find_shared(&file->node, NULL);
        release(&file->source);
        file = next;
    }
    if (locked) {
        mutex_unlock(&changing);
    }
}
