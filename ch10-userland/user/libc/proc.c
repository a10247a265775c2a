#include "user/libc/proc.h"
#include "user/libc/walk.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 1024

// Reads all there is; the size of such a file is not known before.
static char *read_all(const char *path, size_t *length)
{
    int descriptor = open(path, O_RDONLY);
    if (descriptor < 0) {
        return NULL;
    }
    size_t used = 0, size = READ_SIZE;
    char *text = must_malloc(size + 1);
    ssize_t got;
    while ((got = read(descriptor, text + used, size - used)) > 0) {
        used += (size_t)got;
        if (used == size) {
            size *= 2;
            text = must_realloc(text, size + 1);
        }
    }
    close(descriptor);
    if (got < 0) {
        free(text);
        return NULL;
    }
    text[used] = '\0';
    *length = used;
    return text;
}

char *proc_read(const char *path)
{
    size_t length;
    return read_all(path, &length);
}

uint64_t proc_number(const char **text)
{
    const char *at = *text;
    uint64_t number = 0;
    while (*at != '\0' && (*at < '0' || *at > '9')) {
        at++;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        number = number * 10 + (uint64_t)(*at - '0');
    }
    *text = at;
    return number;
}

// Takes "PID (NAME) S PARENT GROUP ..." apart. A name may hold anything, parentheses too.
static bool parse_stat(struct proc_process *process, const char *text)
{
    const char *name = strchr(text, '('), *end = strrchr(text, ')');
    if (name == NULL || end == NULL || end[1] != ' ' || end[2] == '\0') {
        return false;
    }
    size_t length = (size_t)(end - name - 1);
    snprintf(process->name, sizeof(process->name), "%.*s", (int)length, name + 1);
    process->state = end[2];
    const char *at = end + 3;
    for (int field = 4; field <= 24 && *at != '\0'; field++) {
        uint64_t number = proc_number(&at);
        switch (field) {
        case 4:
            process->parent = (int)number;
            break;
        case 5:
            process->group = (int)number;
            break;
        case 14:
        case 15:
            process->ticks += number; // in the program, in the kernel
            break;
        case 22:
            process->start = number;
            break;
        case 23:
            process->size = number;
            break;
        case 24:
            process->resident = number;
            break;
        }
    }
    return true;
}

static bool read_process(struct proc_process *process, const char *name)
{
    char path[64];
    *process = (struct proc_process){0};
    int64_t pid;
    if (!command_number(name, &pid)) {
        return false;
    }
    process->pid = (int)pid;
    snprintf(path, sizeof(path), "/proc/%.20s/stat", name);
    char *stat = proc_read(path);
    if (stat == NULL || !parse_stat(process, stat)) {
        free(stat);
        return false;
    }
    free(stat);
    snprintf(path, sizeof(path), "/proc/%.20s/cmdline", name);
    size_t length;
    char *command = read_all(path, &length);
    if (command != NULL && length == 0) {
        free(command);
        command = NULL;
    }
    for (size_t i = 0; command != NULL && i + 1 < length; i++) {
        command[i] = command[i] == '\0' ? ' ' : command[i]; // a NUL ends each argument
    }
    process->command = command;
    return true;
}

static int compare(const void *left, const void *right)
{
    const struct proc_process *one = left, *other = right;
    return one->pid - other->pid;
}

struct proc_process *proc_processes(size_t *count)
{
    struct names names;
    if (names_read(&names, "/proc") != 0) {
        warn("/proc");
        return NULL;
    }
    struct proc_process *processes = must_malloc((names.count + 1) * sizeof(*processes));
    *count = 0;
    for (size_t i = 0; i < names.count; i++) {
        *count += read_process(&processes[*count], names.name[i]);
    }
    names_free(&names);
    if (*count > 1) {
        qsort(processes, *count, sizeof(*processes), compare);
    }
    return processes;
}

void proc_free(struct proc_process *processes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(processes[i].command);
    }
    free(processes);
}

uint64_t proc_memory(const char *meminfo, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = meminfo; line != NULL && *line != '\0';) {
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1;
            return proc_number(&line) * 1024;
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return 0;
}
