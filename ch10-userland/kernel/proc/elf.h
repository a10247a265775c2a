// ELF64 (System V ABI, gABI chapters 4 and 5): checks a program's headers and plans what to map
// where. Pure: no memory is taken and nothing is mapped, so that it runs on the host too.
#ifndef RUNG_KERNEL_PROC_ELF_H
#define RUNG_KERNEL_PROC_ELF_H

#include "lib/types.h"

#define ELF_HEADER_SIZE 64
#define ELF_PROGRAM_HEADER_SIZE 56
#define ELF_SEGMENTS_MAX 16 // PT_LOAD
#define ELF_PROGRAM_HEADERS_MAX 64

struct elf_segment {
    uint64_t start, end; // addresses, page aligned
    uint64_t offset; // in the file, of start
    uint64_t file_end; // address: from here on zeroes
    bool write, execute;
};

struct elf_plan {
    struct elf_segment segments[ELF_SEGMENTS_MAX]; // in order of addresses, none overlapping
    unsigned segment_count;
    uint64_t entry;
    uint64_t headers; // address of the program headers in memory, 0: not mapped (AT_PHDR)
    unsigned header_count; // AT_PHNUM
    uint64_t end; // behind the last segment: where the heap starts
    bool relocatable; // ET_DYN (static-pie): addresses count from a base that the caller chooses
};

// Where a file's program headers are: from its first ELF_HEADER_SIZE bytes. Returns their number
// and sets *offset; -ENOEXEC for what is no static ELF64 executable for x86-64.
int elf_check_header(const void *header, uint64_t file_size, uint64_t *offset);

// Plans a load. headers: what elf_check_header found. base: added to all addresses if relocatable.
// -ENOEXEC for what makes no sense, would need an interpreter, or is out of [low, high).
int elf_plan(const void *header, const void *headers, unsigned count, uint64_t file_size,
             uint64_t base, uint64_t low, uint64_t high, struct elf_plan *plan);

#endif
