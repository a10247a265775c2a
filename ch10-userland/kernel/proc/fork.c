#include "kernel/proc/fork.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/fpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/mm/user_copy.h"
#include "kernel/proc/process.h"
#include "kernel/proc/sched.h"
#include "lib/errno.h"
#include "lib/string.h"

// What a child gets copies of, and process_make knows nothing about.
struct copies {
    struct address_space *address_space;
    struct fpu_state *fpu;
    char *command_line, *executable;
};

static void free_copies(struct copies *copies)
{
    address_space_destroy(copies->address_space);
    kfree(copies->fpu);
    kfree(copies->command_line);
    kfree(copies->executable);
}

static char *copy_bytes(const char *bytes, size_t size)
{
    char *copy = kmalloc(size);
    return copy ? memcpy(copy, bytes, size) : NULL;
}

static int make_copies(const struct process *parent, bool share, struct copies *copies)
{
    *copies = (struct copies){
        .fpu = kmalloc(sizeof(*copies->fpu)),
        .command_line = copy_bytes(parent->command_line, parent->command_line_size),
        .executable = copy_bytes(parent->executable, strlen(parent->executable) + 1),
    };
    if (!copies->fpu || !copies->command_line || !copies->executable) {
        return -ENOMEM;
    }
    fpu_save(copies->fpu);
    if (share) {
        parent->address_space->references++; // by the one process that has it and does not wait
        copies->address_space = parent->address_space;
        return 0;
    }
    return address_space_copy(parent->address_space, &copies->address_space);
}

// What a child does first, as a process of the kernel: then it goes where its parent was.
static int begin(void *set_tid)
{
    struct process *self = process_current();
    if (set_tid) {
        copy_to_user((uint64_t)set_tid, &self->thread.pid, sizeof(self->thread.pid)); // or not
    }
    cpu_disable_interrupts();
    trap_leave(process_frame(self));
}

int fork_process(const struct fork_options *options)
{
    struct process *parent = process_current(), *child;
    struct copies copies;
    struct address_space *space = parent->address_space;
    unsigned references = space->references;
    int error = make_copies(parent, options->share, &copies);
    if (error == 0) {
        error = process_make(parent->thread.name, begin, (void *)options->set_tid, &child);
    }
    if (error) {
        free_copies(&copies);
        return error;
    }
    child->address_space = copies.address_space;
    child->fpu = copies.fpu;
    child->command_line = copies.command_line;
    child->command_line_size = parent->command_line_size;
    child->executable = copies.executable;
    child->fs_base = options->fs_base ? options->fs_base : parent->fs_base;
    child->gs_base = parent->gs_base;
    struct trap_frame *frame = process_frame(child);
    *frame = *process_frame(parent);
    frame->rax = 0;
    frame->rsp = options->stack ? options->stack : frame->rsp;
    int pid = child->thread.pid; // it may be gone when we come to the end
    sched_start(child);
    if (options->share) { // the stack, too
        wait_until(&space->returned, space->references <= references);
    }
    return pid;
}
