// Chapter 7's show: what is on the disk, a count of boots that survives any power cut, and a prompt
// to try the file system with.
#include "kernel/cpu/clock.h"
#include "kernel/cpu/tsc.h"
#include "kernel/dev/console.h"
#include "kernel/dev/input.h"
#include "kernel/dev/power.h"
#include "kernel/fs/file.h"
#include "kernel/main.h"
#include "lib/errno.h"
#include "lib/string.h"

#define LINE_SIZE 72 // with the prompt it fits into a row of the screen
#define PIECE_SIZE 0x100000
#define SHOWN_MAX 0x4000
#define DELETE 0x7f

static char piece[PIECE_SIZE];

// ---- The words. Those that are not here are the VFS's own. ----

// Called with the directory locked: to look at the inode itself is not possible from here.
static bool put_name(void *context, const struct directory_entry *entry)
{
    (void)context;
    kprintf("%8u %c %.*s\n", entry->number, "?pc?d?b?-?l?s???"[entry->type >> 12 & 15],
            (int)entry -> name_length, entry -> name);
    return true;
}

// Prints a file, or of a large one how fast it was read.
static int print(struct file *file)
{
    uint64_t start_ns = clock_now_ns(), idle = clock_idle_tsc(), size = 0;
    int64_t count;
    do {
        struct io io = io_kernel(piece, PIECE_SIZE);
        count = file_read(file, &io);
        size += count > 0 ? (uint64_t)count : 0;
    } while (count > 0);
    uint64_t spent_us = (clock_now_ns() - start_ns) / CLOCK_NS_PER_US + 1;
    uint64_t idle_us = tsc_to_ns(clock_idle_tsc() - idle) / CLOCK_NS_PER_US;
    if (size > SHOWN_MAX) {
        kprintf("%lu bytes in %lu us: %lu MB/s, the processor idle for %lu %%\n", size, spent_us,
                size / spent_us, idle_us * 100 / spent_us);
    } else {
        kprintf("%.*s\n", (int)size, piece);
    }
    return (int)count;
}

static int show(struct inode *base, const char *path)
{
    struct file *file;
    int error = file_open(base, path, O_RDONLY, 0, &file);
    if (error == 0) {
        error =
            S_ISDIR(file->inode->mode) ? file_read_directory(file, put_name, NULL) : print(file);
        file_close(file);
    }
    return error;
}

// Appends text to a file. When it returns 0, it is safe on the disk.
static int append(struct inode *base, const char *path, const char *text)
{
    struct io io = io_kernel(text, strlen(text));
    struct file *file;
    int64_t result = file_open(base, path, O_WRONLY | O_CREAT | O_APPEND, 0644, &file);
    if (result == 0) {
        result = file_write(file, &io);
        result = result < 0 ? result : io.left > 0 ? -ENOSPC : file_sync(file);
        file_close(file);
    }
    return (int)result;
}

// Makes a file that takes a while to read.
static int grow(struct inode *base, const char *path)
{
    memset(piece, 'x', PIECE_SIZE - 1);
    return append(base, path, piece);
}

static int make_directory(struct inode *base, const char *path)
{
    return vfs_mkdir(base, path, 0755);
}

static int power(struct inode *base, const char *what)
{
    (void)base;
    strcmp(what, "off") == 0 ? power_off() : strcmp(what, "again") == 0 ? power_reboot() : (void)0;
    return -EINVAL;
}

// One line for each boot, safe on the disk before the boot is called ready. A power cut on the way
// leaves the old file or the new one.
static void count_boots(void)
{
    static const char path[] = "/etc/boots", line[] = "booted\n";
    struct file_status status;
    int error = append(NULL, path, line);
    error = error ? error : vfs_stat(NULL, path, true, &status);
    kprintf("This is boot %lu of this disk%s%s\n", error ? 0 : status.size / strlen(line),
            error ? ": " : ".", error ? errno_text(error) : "");
}

static const struct word {
    const char *name;
    int (*one)(struct inode *base, const char *path);
    int (*two)(struct inode *base, const char *path, const char *other);
} words[] = {
    {"show", show, NULL},
    {"append", NULL, append},
    {"grow", grow, NULL},
    {"rm", vfs_unlink, NULL},
    {"mkdir", make_directory, NULL},
    {"rmdir", vfs_rmdir, NULL},
    {"mv", NULL, vfs_rename},
    {"ln", NULL, vfs_link},
    {"power", power, NULL},
};

// ---- The prompt ----

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

// Cuts the word before the first blank off; returns what is behind it.
static char *cut(char *text)
{
    char *blank = strchr(text, ' ');
    if (blank) {
        *blank++ = '\0';
    }
    return blank ? blank : text + strlen(text);
}

static void run(char *line)
{
    char *first = cut(line), *second = cut(first);
    for (const struct word *word = words; word < words + ARRAY_LENGTH(words); word++) {
        if (strcmp(line, word->name) == 0) {
            int error = word->one ? word->one(NULL, first) : word->two(NULL, first, second);
            kprintf("%s%s", error ? errno_text(error) : "", error ? "\n" : "");
            return;
        }
    }
    kprintf("show, grow, rm, mkdir, rmdir PATH; append PATH TEXT; mv, ln PATH PATH; power off\n");
}

void first_program(void)
{
    char line[LINE_SIZE];
    show(NULL, "/");
    show(NULL, "/etc/motd");
    count_boots();
    kprintf("%s: ready\n", CHAPTER);
    while (true) {
        kprintf("> ");
        read_line(line);
        run(line);
    }
}
