// Chapter 8's show: philosophers who dine, producers and consumers, and a scribe who keeps the disk
// busy, drawn at the top of the screen. Below it is a prompt, where each word is a process.
#include "kernel/cpu/clock.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "kernel/dev/vga.h"
#include "kernel/fs/file.h"
#include "kernel/main.h"
#include "kernel/proc/process.h"
#include "kernel/sync/condition.h"
#include "kernel/sync/spinlock.h"
#include "lib/printf.h"
#include "lib/string.h"

#define LINE_SIZE 72 // with the prompt it fits into a row of the screen
#define DELETE 0x7f
#define COLUMN_2 44
#define BELT_SIZE 24
#define A_WHILE_MS (100 + clock_now_ns() / 1024 % 400)

static bool stopped = true, careless;
static struct wait_queue go = {.name = "the word start"};

// Draws the caller's line: who, what it does, how often it has done it.
static void show(unsigned row, unsigned column, enum vga_color color, const char *what, unsigned n)
{
    char text[VGA_COLUMNS];
    int end = snprintf(text, sizeof(text), "%-10s%-7s%6u", process_current()->thread.name, what, n);
    for (int i = 0; i < end; i++) {
        vga_put_at(row, column + (unsigned)i, text[i], color, VGA_BLACK);
    }
}

// ---- Philosophers: five, and five forks; to eat takes two ----

static const char *const guests[] = {"Hypatia", "Laozi", "Avicenna", "Kant", "Arendt"};
static struct mutex forks[] = {MUTEX("fork 0"), MUTEX("fork 1"), MUTEX("fork 2"), MUTEX("fork 3"),
                               MUTEX("fork 4")};

static int dine(void *argument)
{
    unsigned left = (unsigned)(virt_t)argument, right = (left + 1) % ARRAY_LENGTH(forks);
    for (unsigned meals = 0;; meals++) {
        show(left, 0, VGA_LIGHT_GREY, "thinks", meals);
        clock_sleep_ms(A_WHILE_MS);
        wait_until(&go, !stopped);
        // The fork with the lower number first: so nobody can wait in a circle.
        struct mutex *first = &forks[left < right || careless ? left : right];
        struct mutex *second = first == &forks[left] ? &forks[right] : &forks[left];
        show(left, 0, VGA_YELLOW, "hungry", meals);
        mutex_lock(first);
        clock_sleep_ms(careless ? 1000 : 100);
        mutex_lock(second);
        show(left, 0, VGA_LIGHT_GREEN, "eats", meals);
        clock_sleep_ms(A_WHILE_MS);
        mutex_unlock(second);
        mutex_unlock(first);
    }
}

// ---- Two producers and three consumers, and a belt between them ----

static struct mutex belt = MUTEX("belt");
static struct condition room = CONDITION("room on the belt"), goods = CONDITION("goods");
static unsigned goods_count;

static int work(void *argument)
{
    unsigned row = (unsigned)(virt_t)argument;
    bool makes = row < 2;
    for (unsigned done = 0;; done++) {
        show(row, COLUMN_2, VGA_LIGHT_GREEN, makes ? "makes" : "uses", done);
        clock_sleep_ms(makes ? A_WHILE_MS * 2 / 3 : A_WHILE_MS); // there are two and three
        wait_until(&go, !stopped);
        show(row, COLUMN_2, VGA_YELLOW, "waits", done);
        mutex_lock(&belt);
        while (goods_count == (makes ? BELT_SIZE : 0)) {
            condition_wait(makes ? &room : &goods, &belt);
        }
        makes ? goods_count++ : goods_count--;
        for (unsigned i = 0; i < BELT_SIZE; i++) {
            vga_put_at(5, COLUMN_2 + i, i < goods_count ? '#' : '.', VGA_LIGHT_CYAN, VGA_BLACK);
        }
        condition_signal(makes ? &goods : &room);
        mutex_unlock(&belt);
    }
}

// ---- The scribe: counts, and has each number safe on the disk before the next ----

static int write_numbers(void *argument)
{
    struct file *file = argument;
    for (unsigned n = 0; file_open(NULL, "/etc/n", O_WRONLY | O_CREAT, 0644, &file) == 0; n++) {
        show(5, 0, VGA_LIGHT_MAGENTA, "writes", n);
        wait_until(&go, !stopped);
        struct io io = io_kernel(&n, sizeof(n));
        file_write(file, &io);
        file_sync(file);
        file_close(file);
    }
    return -1;
}

// ---- The prompt ----

static void print_processes(void)
{
    struct process_info info;
    kprintf("  pid parent  cpu ms   waits for          name\n");
    for (int pid = 0; (pid = process_next(pid, &info)) != 0;) {
        kprintf("%5d  %5d %7lu %c %-18s %s\n", pid, info.parent, info.cpu_ns / CLOCK_NS_PER_MS,
                "RrSZ"[info.state], info.waits_for, info.name);
    }
}

// The process that a word is. What goes wrong is meant to.
static int run_word(void *word)
{
    static struct spinlock pillow = SPINLOCK("pillow");
    volatile int deeper = 1;
    if (strcmp(word, "ps") == 0) {
        print_processes();
    } else if (!strcmp(word, "start") || !strcmp(word, "stop") || !strcmp(word, "deadlock")) {
        stopped = strcmp(word, "stop") == 0;
        careless = strcmp(word, "deadlock") == 0;
        wait_wake_all(&go);
    } else if (strcmp(word, "sleep-with-spinlock") == 0) {
        spinlock_acquire(&pillow);
        clock_sleep_ms(1);
    } else if (strcmp(word, "double-unlock") == 0) {
        mutex_lock(&belt);
        mutex_unlock(&belt);
        mutex_unlock(&belt);
    } else if (strcmp(word, "overflow") == 0) {
        deeper += run_word(word);
    } else {
        kprintf("ps start stop deadlock sleep-with-spinlock double-unlock overflow\n");
    }
    return deeper;
}

static void read_line(char *line)
{
    size_t length = 0;
    for (char byte; (byte = input_read()) != '\r' && byte != '\n';) {
        if (byte == DELETE && length > 0) {
            kprintf("\b \b");
            length--;
        } else if (byte >= ' ' && byte < DELETE && length + 1 < LINE_SIZE) {
            kprintf("%c", line[length++] = byte);
        }
    }
    line[length] = '\0';
    kprintf("\n");
}

void first_program(void)
{
    char line[LINE_SIZE];
    vga_clear();
    vga_keep_rows(6); // for the picture
    for (size_t i = 0; i < ARRAY_LENGTH(guests); i++) {
        process_create(guests[i], dine, (void *)i);
        process_create(i < 2 ? "producer" : "consumer", work, (void *)i);
    }
    process_create("scribe", write_numbers, NULL);
    kprintf("%s: ready\n", CHAPTER);
    while (true) {
        kprintf("> ");
        read_line(line);
        process_wait(process_create(line, run_word, line), NULL);
    }
}
