// What /proc tells, read for ps, top, free and their like: proc(5) of Linux.
#ifndef RUNG_USER_LIBC_PROC_H
#define RUNG_USER_LIBC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROC_TICKS 100 // a second has, in times of /proc/N/stat
#define PROC_PAGE 4096

// A file's contents as a string on the heap; NULL where it can't be read.
char *proc_read(const char *path);

struct proc_process {
    int pid, parent, group;
    char state;
    char name[32]; // what stat has between parentheses
    uint64_t ticks; // processor time
    uint64_t start; // ticks after the system's start
    uint64_t size, resident; // bytes, pages
    char *command; // with its arguments, on the heap; NULL: it has none
};

// The processes there are, by pid; on the heap. Those that end meanwhile are left out. NULL after a
// message when there is no /proc.
struct proc_process *proc_processes(size_t *count);
void proc_free(struct proc_process *processes, size_t count);

// A line "NAME: 123 kB" of /proc/meminfo, in bytes; 0 where there is none.
uint64_t proc_memory(const char *meminfo, const char *name);

// The next decimal number in a text, which is passed over; 0 where there is none.
uint64_t proc_number(const char **text);

#endif
