#include "kernel/proc/file_source.h"

#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_pages.h"

struct file_source {
    struct region_source source;
    unsigned references;
    struct list_node node; // of a program: in programs
    struct inode *inode; // held
};

// The files that programs run from. Changed and read with interrupts off, as are the references of
// what is listed: so nobody finds one that is on its way out.
static struct list_node programs = {&programs, &programs};

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

static void release(struct region_source *source)
{
    struct file_source *file = of(source);
    bool interrupts = cpu_save_interrupts();
    bool last = --file->references == 0;
    if (last && source->pages.root) {
        list_remove(&file->node);
        file->inode->programs--;
    }
    cpu_restore_interrupts(interrupts);
    if (last) {
        if (source->pages.root) {
            user_pages_remove(&source->pages, 0, USER_END);
            user_pages_destroy(&source->pages);
        }
        inode_release(file->inode);
        kfree(file);
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
    return file_source_read(of(source)->inode, to, size, offset);
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

// The source of a program that runs already, or NULL. Interrupts off.
static struct region_source *find_program(const struct inode *inode)
{
    for (struct list_node *node = programs.next; node != &programs; node = node->next) {
        struct file_source *file = LIST_ENTRY(node, struct file_source, node);
        if (file->inode == inode) {
            file->references++;
            return &file->source;
        }
    }
    return NULL;
}

struct region_source *program_source(struct inode *inode)
{
    bool interrupts = cpu_save_interrupts();
    struct region_source *source = find_program(inode);
    cpu_restore_interrupts(interrupts);
    if (source) {
        return source;
    }
    struct region_source *new = file_source(inode);
    if (!new) {
        return NULL;
    }
    if (user_pages_create(&new->pages) != 0) {
        new->pages.root = 0;
        release(new);
        return NULL;
    }
    interrupts = cpu_save_interrupts();
    source = find_program(inode); // somebody may have been faster
    inode->programs++;
    list_append(&programs, &of(new)->node);
    cpu_restore_interrupts(interrupts);
    if (source) {
        release(new);
        return source;
    }
    return new;
}
