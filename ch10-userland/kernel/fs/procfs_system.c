// Files of /proc about the system as a whole.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/cpu/tsc.h"
#include "kernel/fs/procfs.h"
#include "kernel/layout.h"
#include "kernel/mm/pmm.h"

#define HZ_PER_MHZ 1000000

static unsigned long kilobytes(size_t pages)
{
    return pages * (PAGE_SIZE / 1024);
}

static int make_meminfo(struct procfs_text *text, int pid)
{
    unsigned long cached = kilobytes(pmm_used_pages(PAGE_CACHE));
    const struct {
        const char *name;
        unsigned long kilobytes;
    } rows[] = {
        {"MemTotal", kilobytes(pmm_total_pages())}, {"MemFree", kilobytes(pmm_free_pages())},
        // The file system's cache does not shrink for others.
        {"MemAvailable", kilobytes(pmm_free_pages())},
        {"Buffers", 0}, {"Cached", cached}, {"SwapCached", 0}, {"Shmem", 0},
        {"Slab", kilobytes(pmm_used_pages(PAGE_SLAB) + pmm_used_pages(PAGE_LARGE))},
        {"KernelStack", kilobytes(pmm_used_pages(PAGE_STACK))},
        {"PageTables", kilobytes(pmm_used_pages(PAGE_TABLE))},
        {"SwapTotal", 0}, {"SwapFree", 0}, {"Dirty", 0}, {"Writeback", 0},
    };

    (void)pid;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        procfs_print(text, "%s:%*lu kB\n", rows[i].name, 23 - (int)__builtin_strlen(rows[i].name),
                     rows[i].kilobytes);
    }
    return 0;
}

// Seconds with two digits behind the point.
static void print_time(struct procfs_text *text, uint64_t time_ns, char end)
{
    procfs_print(text, "%lu.%02lu%c", time_ns / CLOCK_NS_PER_SECOND,
                 time_ns % CLOCK_NS_PER_SECOND / (CLOCK_NS_PER_SECOND / 100), end);
}

static int make_uptime(struct procfs_text *text, int pid)
{
    (void)pid;
    print_time(text, clock_now_ns(), ' ');
    print_time(text, tsc_to_ns(clock_idle_tsc()), '\n');
    return 0;
}

static int make_version(struct procfs_text *text, int pid)
{
    (void)pid;
    procfs_print(text, "Rung (%s)\n", __VERSION__);
    return 0;
}

static int make_cpuinfo(struct procfs_text *text, int pid)
{
    (void)pid;
    procfs_print(text, "processor\t: 0\nmodel name\t: %s\ncpu MHz\t\t: %lu\n", cpuid_name(),
                 tsc_hz() / HZ_PER_MHZ);
    procfs_print(text, "address sizes\t: %u bits physical\n\n", cpuid_physical_bits());
    return 0;
}

static int make_mounts(struct procfs_text *text, int pid)
{
    (void)pid;
    for (struct filesystem *at = vfs_filesystems(); at; at = at->next) {
        const char *name = at->operations->name;
        procfs_print(text, "%s %s %s %s 0 0\n", at->covered ? name : "/dev/root", at->path, name,
                     at->read_only ? "ro" : "rw");
    }
    return 0;
}

static int make_filesystems(struct procfs_text *text, int pid)
{
    (void)pid;
    for (struct filesystem *at = vfs_filesystems(); at; at = at->next) {
        procfs_print(text, "%s\t%s\n", at->covered ? "nodev" : "", at->operations->name);
    }
    return 0;
}

void procfs_add_system(void)
{
    static struct procfs_file files[] = {
        {.name = "meminfo", .make = make_meminfo}, {.name = "uptime", .make = make_uptime},
        {.name = "version", .make = make_version}, {.name = "cpuinfo", .make = make_cpuinfo},
        {.name = "mounts", .make = make_mounts}, {.name = "filesystems", .make = make_filesystems},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
        procfs_add(&files[i]);
    }
}
