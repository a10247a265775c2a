// top: the processes that use the processor most, again and again.
#include "user/libc/command.h"
#include "user/libc/proc.h"
#include "user/libc/screen.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 512

struct sample {
    struct proc_process process;
    uint64_t used; // ticks since the last picture
};

struct times {
    uint64_t user, system, idle, all;
};

struct top {
    bool batch;
    int64_t delay_ms, rounds;
    int order; // 'P', 'M', 'N'
    struct proc_process *last; // of the last picture
    size_t last_count;
    struct times last_times;
    unsigned row;
    struct output *out; // batch
};

static void print(struct top *top, const char *style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void print(struct top *top, const char *style, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (top->batch) {
        output_text(top->out, line);
        output_char(top->out, '\n');
        return;
    }
    screen_row(top->row++);
    screen_style(style);
    screen_text(line);
    if (*style != '\0') {
        screen_fill(screen_columns());
    }
}

// "cpu user nice system idle iowait irq softirq ..." of /proc/stat.
static struct times read_times(void)
{
    struct times times = {0};
    char *text = proc_read("/proc/stat");
    const char *at = text;
    uint64_t numbers[8] = {0};
    char *end = text != NULL ? strchr(text, '\n') : NULL;
    if (end != NULL) {
        *end = '\0';
        for (int i = 0; i < 8; i++) {
            numbers[i] = proc_number(&at);
            times.all += numbers[i];
        }
    }
    times.user = numbers[0] + numbers[1];
    times.idle = numbers[3] + numbers[4];
    times.system = times.all - times.user - times.idle;
    free(text);
    return times;
}

static int compare_use(const void *left, const void *right)
{
    const struct sample *one = left, *other = right;
    if (one->used != other->used) {
        return one->used < other->used ? 1 : -1;
    }
    return one->process.pid - other->process.pid;
}

static int compare_memory(const void *left, const void *right)
{
    const struct sample *one = left, *other = right;
    if (one->process.resident != other->process.resident) {
        return one->process.resident < other->process.resident ? 1 : -1;
    }
    return one->process.pid - other->process.pid;
}

static uint64_t ticks_before(const struct top *top, const struct proc_process *process)
{
    for (size_t i = 0; i < top->last_count; i++) {
        if (top->last[i].pid == process->pid && top->last[i].start == process->start) {
            return top->last[i].ticks;
        }
    }
    return 0;
}

static void print_head(struct top *top, const struct proc_process *processes, size_t count,
                       const struct times *times, const char *memory)
{
    char *up = proc_read("/proc/uptime"), *load = proc_read("/proc/loadavg");
    const char *at = up != NULL ? up : "";
    uint64_t minutes = proc_number(&at) / 60;
    time_t now = time(NULL);
    struct tm date;
    static const char states[] = "RSTZ";
    char clock[16] = "";
    size_t counts[4] = {0};
    if (gmtime_r(&now, &date) != NULL) {
        strftime(clock, sizeof(clock), "%H:%M:%S", &date);
    }
    if (load != NULL) {
        load[strcspn(load, "\n")] = '\0';
    }
    for (size_t i = 0; i < count; i++) {
        const char *state = memchr(states, processes[i].state, 4);
        counts[state != NULL ? state - states : 1]++;
    }
    print(top, "", "top - %s up %llu:%02llu, load average: %.14s", clock,
          (unsigned long long)minutes / 60, (unsigned long long)minutes % 60,
          load != NULL ? load : "?");
    print(top, "", "Tasks: %zu total, %zu running, %zu sleeping, %zu stopped, %zu zombie", count,
          counts[0], counts[1], counts[2], counts[3]);
    const struct times *last = &top->last_times;
    uint64_t all = times->all > last->all ? times->all - last->all : 1;
    unsigned user = (unsigned)((times->user - last->user) * 1000 / all);
    unsigned system = (unsigned)((times->system - last->system) * 1000 / all);
    unsigned idle = user + system < 1000 ? 1000 - user - system : 0;
    print(top, "", "%%Cpu(s): %3u.%u us, %3u.%u sy, %3u.%u id", user / 10, user % 10, system / 10,
          system % 10, idle / 10, idle % 10);
    uint64_t total = proc_memory(memory, "MemTotal"), unused = proc_memory(memory, "MemFree");
    uint64_t cache = proc_memory(memory, "Buffers") + proc_memory(memory, "Cached");
    print(top, "", "KiB Mem : %8llu total, %8llu free, %8llu used, %8llu buff/cache",
          (unsigned long long)total / 1024, (unsigned long long)unused / 1024,
          (unsigned long long)(total - unused - (cache < total - unused ? cache : 0)) / 1024,
          (unsigned long long)cache / 1024);
    print(top, "", "%s", "");
    free(up);
    free(load);
}

static void show(struct top *top)
{
    size_t count;
    struct proc_process *processes = proc_processes(&count);
    char *memory = proc_read("/proc/meminfo");
    struct times times = read_times();
    if (processes == NULL || memory == NULL) {
        err(1, "/proc");
    }
    top->row = 0;
    if (!top->batch) {
        screen_begin();
    }
    print_head(top, processes, count, &times, memory);
    print(top, "7", "  PID  PPID S  %%CPU  %%MEM     TIME+     RES COMMAND");
    struct sample *samples = must_malloc((count + 1) * sizeof(*samples));
    for (size_t i = 0; i < count; i++) {
        samples[i].process = processes[i];
        samples[i].used = processes[i].ticks - ticks_before(top, &processes[i]);
    }
    if (top->order != 'N' && count > 1) {
        qsort(samples, count, sizeof(*samples), top->order == 'M' ? compare_memory : compare_use);
    }
    uint64_t all = times.all > top->last_times.all ? times.all - top->last_times.all : 1;
    uint64_t pages = proc_memory(memory, "MemTotal") / PROC_PAGE;
    for (size_t i = 0; i < count && (top->batch || top->row < screen_rows()); i++) {
        const struct proc_process *process = &samples[i].process;
        unsigned share = (unsigned)(samples[i].used * 1000 / all);
        unsigned part = pages > 0 ? (unsigned)(process->resident * 1000 / pages) : 0;
        unsigned long long hundredths = process->ticks * 100 / PROC_TICKS;
        char name[40];
        snprintf(name, sizeof(name), "[%s]", process->name);
        print(top, process->state == 'R' ? "1" : "",
              "%5d %5d %c %3u.%u %3u.%u %6llu:%02llu.%02llu %7llu %s", process->pid,
              process->parent, process->state, share / 10, share % 10, part / 10, part % 10,
              hundredths / 6000, hundredths / 100 % 60, hundredths % 100,
              (unsigned long long)process->resident * PROC_PAGE / 1024,
              process->command != NULL ? process->command : name);
    }
    while (!top->batch && top->row < screen_rows()) {
        print(top, "", "%s", "");
    }
    free(samples);
    free(memory);
    proc_free(top->last, top->last_count);
    top->last = processes;
    top->last_count = count;
    top->last_times = times;
}

int main(int argc, char **argv)
{
    struct top top = {.delay_ms = 2000, .rounds = -1, .order = 'P'};
    int option;
    while ((option = getopt(argc, argv, "bd:n:")) != -1) {
        if (option == '?') {
            command_usage("top [-b] [-d seconds] [-n rounds]");
        } else if (option == 'd') {
            top.delay_ms = command_count(optarg, "delay") * 1000;
        } else if (option == 'n') {
            top.rounds = command_count(optarg, "number of rounds");
        }
        top.batch |= option == 'b';
    }
    if (top.delay_ms > 1000000) {
        top.delay_ms = 1000000;
    }
    if (top.batch) {
        top.out = output_open(STDOUT_FILENO);
    } else {
        screen_open();
    }
    while (top.rounds != 0) {
        show(&top);
        top.rounds -= top.rounds > 0;
        if (top.batch) {
            output_flush(top.out);
            struct timespec span = {top.delay_ms / 1000, 0};
            if (top.rounds != 0) {
                nanosleep(&span, NULL);
            }
            continue;
        }
        screen_show_hidden();
        int key = top.rounds != 0 ? screen_key((int)top.delay_ms) : 'q';
        if (key == 'q' || key == 'Q' || key == CONTROL('C') || key == KEY_CLOSED) {
            break;
        }
        key &= ~0x20;
        top.order = key == 'P' || key == 'M' || key == 'N' ? key : top.order;
    }
    proc_free(top.last, top.last_count);
    return top.batch ? output_close(top.out) : 0;
}
