#include "kernel/proc/proc_files.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/tsc.h"
#include "kernel/dev/rtc.h"
#include "kernel/fs/descriptor.h"
#include "kernel/fs/devfs.h"
#include "kernel/fs/procfs.h"
#include "kernel/layout.h"
#include "kernel/mm/address_space.h"
#include "kernel/mm/kmalloc.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TICKS_PER_SECOND 100 // of times in these files (USER_HZ)
#define NS_PER_TICK (CLOCK_NS_PER_SECOND / TICKS_PER_SECOND)
#define COMMAND_LINE_MAX 4096 // of cmdline; the rest is cut
#define MAPS_MAX 60000 // of maps, and a line

// What is told of a process, all of one moment.
struct snapshot {
    struct process_info info;
    int group, session;
    uint64_t start_ns;
    uint32_t umask;
    signal_set_t pending, blocked, ignored, caught;
    uint64_t user_ns, system_ns, children_user_ns, children_system_ns;
    size_t reserved_pages, present_pages;
};

static int take(int pid, struct snapshot *snapshot)
{
    *snapshot = (struct snapshot){0};
    bool interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    if (process) {
        process_next(pid - 1, &snapshot->info);
        snapshot->group = process->group;
        snapshot->session = process->session;
        snapshot->start_ns = process->start_ns;
        snapshot->umask = process->umask;
        snapshot->pending = process->signals.pending;
        snapshot->ignored = process->signals.ignored;
        snapshot->blocked = process->signals.blocked;
        snapshot->caught = process->signals.caught;
        snapshot->user_ns = tsc_to_ns(process->user_tsc);
        snapshot->system_ns = tsc_to_ns(process->system_tsc);
        snapshot->children_user_ns = tsc_to_ns(process->children_user_tsc);
        snapshot->children_system_ns = tsc_to_ns(process->children_system_tsc);
        if (process->address_space) {
            snapshot->reserved_pages = process->address_space->reserved_count;
            snapshot->present_pages = process->address_space->page_count;
        }
    }
    cpu_restore_interrupts(interrupts);
    return process ? 0 : -ESRCH;
}

static char letter(enum process_state state)
{
    return "RRSZT"[state];
}

// proc(5). What this kernel has not is 0, or what Linux says where it has not.
static int make_stat(struct procfs_text *text, int pid)
{
    struct snapshot of;
    int error = take(pid, &of);
    if (error != 0) {
        return error;
    }
    const struct process_info *info = &of.info;
    procfs_print(text, "%d (%s) %c %d %d %d 0 -1 0 0 0 0 0 ", pid, info->name, letter(info->state),
                 info->parent, of.group, of.session); // up to 13: cmajflt
    procfs_print(text, "%lu %lu %lu %lu 20 0 1 0 %lu ", of.user_ns / NS_PER_TICK,
                 of.system_ns / NS_PER_TICK, of.children_user_ns / NS_PER_TICK,
                 of.children_system_ns / NS_PER_TICK,
                 of.start_ns / NS_PER_TICK); // up to 22: starttime
    procfs_print(text, "%lu %lu 18446744073709551615 0 0 0 0 0 ", of.reserved_pages * PAGE_SIZE,
                 of.present_pages); // up to 30: kstkeip
    procfs_print(text, "%lu %lu %lu %lu 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", of.pending,
                 of.blocked, of.ignored, of.caught);
    return 0;
}

static int make_status(struct procfs_text *text, int pid)
{
    static const char *const words[] = {"R (running)", "R (running)", "S (sleeping)", "Z (zombie)",
                                        "T (stopped)"};
    struct snapshot of;
    int error = take(pid, &of);
    if (error != 0) {
        return error;
    }
    procfs_print(text, "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nPid:\t%d\nPPid:\t%d\n",
                 of.info.name, of.umask, words[of.info.state], pid, pid, of.info.parent);
    procfs_print(text, "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nNSpgid:\t%d\nNSsid:\t%d\n", of.group,
                 of.session);
    procfs_print(text, "VmSize:\t%8lu kB\nVmRSS:\t%8lu kB\nThreads:\t1\n",
                 of.reserved_pages * (PAGE_SIZE / 1024), of.present_pages * (PAGE_SIZE / 1024));
    procfs_print(text, "SigPnd:\t%016lx\nSigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n",
                 of.pending, of.blocked, of.ignored, of.caught);
    return 0;
}

static int make_statm(struct procfs_text *text, int pid)
{
    struct snapshot of;
    int error = take(pid, &of);
    procfs_print(text, "%lu %lu 0 0 0 0 0\n", of.reserved_pages, of.present_pages);
    return error;
}

static int make_comm(struct procfs_text *text, int pid)
{
    struct snapshot of;
    int error = take(pid, &of);
    procfs_print(text, "%s\n", of.info.name);
    return error;
}

// What it waits for.
static int make_wchan(struct procfs_text *text, int pid)
{
    struct snapshot of;
    int error = take(pid, &of);
    procfs_print(text, "%s", of.info.waits_for[0] ? of.info.waits_for : "0");
    return error;
}

// The arguments, each with its NUL. The text grows with interrupts off: the owner may change its
// command line.
static int make_cmdline(struct procfs_text *text, int pid)
{
    bool interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    if (process && process->command_line) {
        size_t size = process->command_line_size, at = 0;
        size = size < COMMAND_LINE_MAX ? size : COMMAND_LINE_MAX;
        while (at < size) {
            const char *argument = process->command_line + at;
            procfs_print(text, "%.*s%c", (int)(size - at), argument, '\0');
            at += strnlen(argument, size - at) + 1;
        }
    }
    cpu_restore_interrupts(interrupts);
    return process ? 0 : -ESRCH;
}

static int make_exe(struct procfs_text *text, int pid)
{
    int error = -ENOENT;
    bool interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    if (process && process->executable) {
        procfs_print(text, "%s", process->executable);
        error = 0;
    }
    cpu_restore_interrupts(interrupts);
    return error;
}

// The caller's own alone: others change theirs while we look.
static int make_maps(struct procfs_text *text, int pid)
{
    const struct process *self = process_current();
    struct address_space *space = self->thread.pid == pid ? self->address_space : NULL;
    const struct list_node *node = space ? space->regions.next : NULL;
    for (; node && node != &space->regions && text->length < MAPS_MAX; node = node->next) {
        const struct region *region = LIST_ENTRY(node, struct region, node);
        bool heap = region->start >= space->heap_start && region->end <= space->heap_end;
        procfs_print(text, "%08lx-%08lx %c%c%c%c %08lx 00:00 0 %s\n", region->start, region->end,
                     region->rights & PAGE_NONE ? '-' : 'r',
                     region->rights & PAGE_WRITE ? 'w' : '-',
                     region->rights & PAGE_EXECUTE ? 'x' : '-',
                     region->kind == REGION_SHARED ? 's' : 'p', region->offset,
                     region->kind == REGION_STACK ? "         [stack]"
                     : heap                       ? "         [heap]"
                     : region->source             ? self->executable
                                                  : "");
    }
    return 0;
}

// ---- What a process has of the file system ----

// Holds the directory where a process is.
static int follow_cwd(int pid, int number, struct inode **inode)
{
    (void)number;
    bool interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    struct inode *directory = !process || process->ended ? NULL
                              : process->directory       ? process->directory
                                                         : vfs_root();
    *inode = directory ? inode_hold(directory) : NULL;
    cpu_restore_interrupts(interrupts);
    return *inode ? 0 : -ENOENT;
}

static int print_path(struct procfs_text *text, struct inode *directory)
{
    char *path = kmalloc(PATH_MAX);
    if (!path) {
        return -ENOMEM;
    }
    int length = vfs_path(directory, path, PATH_MAX);
    procfs_print(text, "%s", length > 0 ? path : "");
    kfree(path);
    return length < 0 ? length : 0;
}

static int make_cwd(struct procfs_text *text, int pid)
{
    struct inode *directory;
    int error = follow_cwd(pid, 0, &directory);
    if (error == 0) {
        error = print_path(text, directory);
        inode_release(directory);
    }
    return error;
}

static int next_descriptor(int pid, int number)
{
    bool found = false, interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    while (process && !found && ++number < DESCRIPTOR_MAX) {
        found = descriptor_file(process->descriptors, number);
    }
    cpu_restore_interrupts(interrupts);
    return found ? number : -1;
}

// Holds what a process has open by a number; NULL: nothing.
static struct file *hold_file(int pid, int number)
{
    bool interrupts = cpu_save_interrupts();
    const struct process *process = process_find(pid);
    struct file *file = process ? descriptor_file(process->descriptors, number) : NULL;
    file = file ? file_hold(file) : NULL;
    cpu_restore_interrupts(interrupts);
    return file;
}

// The inode itself: so it is found where no path leads to it any more, or ever did.
static int follow_fd(int pid, int number, struct inode **inode)
{
    struct file *file = hold_file(pid, number);
    if (!file) {
        return -ENOENT;
    }
    *inode = inode_hold(file->inode);
    file_close(file);
    return 0;
}

// What Linux says for it, but a regular file's path is the one that it was opened by.
static int describe_file(struct procfs_text *text, const struct file *file)
{
    struct inode *inode = file->inode;
    int error = 0;
    if (S_ISDIR(inode->mode)) {
        return print_path(text, inode);
    }
    if (S_ISREG(inode->mode) && file->path) {
        bool relative = *file->path != '/';
        error = relative && file->base ? print_path(text, file->base) : 0;
        procfs_print(text, "%s%s", relative ? "/" : "", file->path);
    } else if (S_ISCHR(inode->mode) && inode->filesystem->device == DEVFS_DEVICE) {
        procfs_print(text, "/dev/%s", LIST_ENTRY(inode, struct device, inode)->name);
    } else {
        procfs_print(text, "%s:[%u]", S_ISFIFO(inode->mode) ? "pipe" : "file", inode->number);
    }
    return error;
}

static int make_fd(struct procfs_text *text, int pid)
{
    struct file *file = hold_file(pid, text->number);
    if (!file) {
        return -ENOENT;
    }
    int error = describe_file(text, file);
    file_close(file);
    return error;
}

// ---- All of them together ----

// How many wanted to run, on average over the last one, five and fifteen minutes: each sample
// counts less than the next one by the factor e^(-SAMPLE/minutes). Parts of 2^11.
#define LOAD_SHIFT 11
#define LOAD_SAMPLE_NS (5 * CLOCK_NS_PER_SECOND)
static const unsigned long load_decay[] = {1884, 2014, 2037};
static unsigned long load[ARRAY_LENGTH(load_decay)];

static void count(unsigned *running, unsigned *total)
{
    *running = *total = 0;
    bool interrupts = cpu_save_interrupts();
    for (struct process *process = NULL; (process = process_after(process));) {
        *running += !process->ended && !process->thread.queue;
        *total += 1;
    }
    cpu_restore_interrupts(interrupts);
}

static void sample_load(struct clock_timer *timer)
{
    unsigned running, total;
    count(&running, &total);
    for (size_t i = 0; i < ARRAY_LENGTH(load); i++) {
        unsigned long now = (unsigned long)running << LOAD_SHIFT, one = 1ul << LOAD_SHIFT;
        load[i] = (load[i] * load_decay[i] + now * (one - load_decay[i])) >> LOAD_SHIFT;
    }
    clock_start_timer(timer, timer->deadline_ns + LOAD_SAMPLE_NS, sample_load);
}

static int make_loadavg(struct procfs_text *text, int pid)
{
    unsigned running, total;
    (void)pid;
    count(&running, &total);
    for (size_t i = 0; i < ARRAY_LENGTH(load); i++) {
        unsigned long hundredths = (load[i] * 100 + (1ul << (LOAD_SHIFT - 1))) >> LOAD_SHIFT;
        procfs_print(text, "%lu.%02lu ", hundredths / 100, hundredths % 100);
    }
    procfs_print(text, "%u/%u %d\n", running, total, process_last_pid());
    return 0;
}

static int make_system_stat(struct procfs_text *text, int pid)
{
    uint64_t now_ns = clock_now_ns(), idle_ns = tsc_to_ns(clock_idle_tsc());
    uint64_t user = tsc_to_ns(this_cpu()->user_tsc) / NS_PER_TICK;
    uint64_t system = tsc_to_ns(this_cpu()->system_tsc) / NS_PER_TICK;
    unsigned running, total;
    (void)pid;
    count(&running, &total);
    for (unsigned i = 0; i < 2; i++) {
        procfs_print(text, "%s %lu 0 %lu %lu 0 0 0 0 0 0\n", i == 0 ? "cpu " : "cpu0", user, system,
                     idle_ns / NS_PER_TICK);
    }
    procfs_print(text, "ctxt %lu\nbtime %lu\nprocs_running %u\nprocs_blocked 0\n",
                 this_cpu()->switches, (rtc_now_ns() - now_ns) / CLOCK_NS_PER_SECOND, running);
    return 0;
}

static int next_pid(int pid)
{
    struct process_info info;
    return process_next(pid, &info);
}

static int self_pid(void)
{
    return process_current()->thread.pid;
}

void proc_files_init(void)
{
    static struct procfs_file files[] = {
        {.name = "stat", .per_process = true, .make = make_stat},
        {.name = "status", .per_process = true, .make = make_status},
        {.name = "statm", .per_process = true, .make = make_statm},
        {.name = "comm", .per_process = true, .make = make_comm},
        {.name = "wchan", .per_process = true, .make = make_wchan},
        {.name = "cmdline", .per_process = true, .make = make_cmdline},
        {.name = "maps", .per_process = true, .make = make_maps},
        {.name = "exe", .per_process = true, .is_link = true, .make = make_exe},
        {.name = "cwd", .per_process = true, .is_link = true, .make = make_cwd,
         .follow = follow_cwd},
        {.name = "fd", .per_process = true, .is_link = true, .make = make_fd, .follow = follow_fd,
         .next_number = next_descriptor},
        {.name = "stat", .make = make_system_stat},
        {.name = "loadavg", .make = make_loadavg},
    };
    static struct clock_timer load_timer;

    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        procfs_add(&files[i]);
    }
    procfs_init(next_pid, self_pid);
    clock_start_timer(&load_timer, clock_now_ns() + LOAD_SAMPLE_NS, sample_load);
}
