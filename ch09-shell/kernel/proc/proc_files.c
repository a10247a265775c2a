#include "kernel/proc/proc_files.h"

#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/tsc.h"
#include "kernel/dev/rtc.h"
#include "kernel/fs/procfs.h"
#include "kernel/layout.h"
#include "kernel/proc/process.h"
#include "lib/errno.h"

#define TICKS_PER_SECOND 100 // of times in these files (USER_HZ)
#define NS_PER_TICK (CLOCK_NS_PER_SECOND / TICKS_PER_SECOND)

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
        snapshot->user_ns = tsc_to_ns(process->cpu_tsc);
    }
    cpu_restore_interrupts(interrupts);
    return process ? 0 : -ESRCH;
}

static char letter(enum process_state state)
{
    return "RRSZ"[state];
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
    uint64_t user = (now_ns - idle_ns) / NS_PER_TICK, system = 0;
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
