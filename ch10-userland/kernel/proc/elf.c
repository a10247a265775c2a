// What of an ELF file is believed: nothing that has not been checked against the file's size and
// the bounds of user addresses. What Linux lets pass and no linker makes (segments that share a
// page or come out of order) is refused.
#include "kernel/proc/elf.h"

#include "kernel/layout.h"
#include "lib/errno.h"
#include "lib/string.h"

#define ELF_MAGIC 0x464c457f // "\x7f" "ELF"
#define ELF_CLASS_64 2
#define ELF_DATA_LITTLE_ENDIAN 1
#define ELF_VERSION 1
#define ELF_TYPE_EXECUTABLE 2
#define ELF_TYPE_DYNAMIC 3
#define ELF_MACHINE_X86_64 62

#define PT_LOAD 1
#define PT_INTERP 3
#define PF_X 1
#define PF_W 2

struct elf_header {
    uint32_t magic;
    uint8_t class, data, ident_version, os_abi, abi_version, padding[7];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t size, program_header_size, program_header_count;
    uint16_t section_header_size, section_header_count, section_names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, alignment;
};

_Static_assert(sizeof(struct elf_header) == ELF_HEADER_SIZE, "gABI 4-3");
_Static_assert(sizeof(struct program_header) == ELF_PROGRAM_HEADER_SIZE, "gABI 5-1");

// Whether [start, start + size) lies within a file.
static bool in_file(uint64_t start, uint64_t size, uint64_t file_size)
{
    return start <= file_size && size <= file_size - start;
}

int elf_check_header(const void *header, uint64_t file_size, uint64_t *offset)
{
    struct elf_header elf; // header need not be aligned
    memcpy(&elf, header, sizeof(elf));
    if (elf.magic != ELF_MAGIC || elf.class != ELF_CLASS_64 || elf.data != ELF_DATA_LITTLE_ENDIAN ||
        elf.ident_version != ELF_VERSION || elf.version != ELF_VERSION ||
        (elf.type != ELF_TYPE_EXECUTABLE && elf.type != ELF_TYPE_DYNAMIC) ||
        elf.machine != ELF_MACHINE_X86_64) {
        return -ENOEXEC;
    }
    unsigned count = elf.program_header_count;
    if (elf.program_header_size != ELF_PROGRAM_HEADER_SIZE || count == 0 ||
        count > ELF_PROGRAM_HEADERS_MAX ||
        !in_file(elf.program_headers, count * ELF_PROGRAM_HEADER_SIZE, file_size)) {
        return -ENOEXEC;
    }
    *offset = elf.program_headers;
    return (int)count;
}

// Plans one PT_LOAD with something in it. Addresses count from base.
static int plan_segment(const struct program_header *header, uint64_t file_size, uint64_t base,
                        uint64_t low, uint64_t high, struct elf_plan *plan)
{
    uint64_t start, end, in_page;
    if (plan->segment_count == ELF_SEGMENTS_MAX || header->file_size > header->memory_size ||
        !in_file(header->offset, header->file_size, file_size) ||
        __builtin_add_overflow(header->address, base, &start) ||
        __builtin_add_overflow(start, header->memory_size, &end) || start < low || end > high) {
        return -ENOEXEC;
    }
    in_page = start % PAGE_SIZE;
    if (header->file_size > 0 && header->offset % PAGE_SIZE != in_page) {
        return -ENOEXEC; // a page of memory would have to come from parts of two pages of the file
    }
    struct elf_segment *segment = &plan->segments[plan->segment_count++];
    *segment = (struct elf_segment){
        .start = start - in_page,
        .end = (end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ul),
        .offset = header->file_size > 0 ? header->offset - in_page : 0,
        .file_end = header->file_size > 0 ? start + header->file_size : start - in_page,
        .write = header->flags & PF_W,
        .execute = header->flags & PF_X,
    };
    if (segment->start < plan->end || segment->start < low || segment->end > high) {
        return -ENOEXEC;
    }
    plan->end = segment->end;
    return 0;
}

// Where [offset, offset + size) of the file is in memory; 0: nowhere.
static uint64_t find_loaded(const struct elf_plan *plan, uint64_t offset, uint64_t size)
{
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        uint64_t loaded = segment->file_end - segment->start;
        if (offset >= segment->offset && in_file(offset - segment->offset, size, loaded)) {
            return segment->start + (offset - segment->offset);
        }
    }
    return 0;
}

static bool executable(const struct elf_plan *plan, uint64_t address)
{
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        if (address >= segment->start && address < segment->end) {
            return segment->execute;
        }
    }
    return false;
}

int elf_plan(const void *header, const void *headers, unsigned count, uint64_t file_size,
             uint64_t base, uint64_t low, uint64_t high, struct elf_plan *plan)
{
    struct elf_header elf;
    memcpy(&elf, header, sizeof(elf));
    *plan = (struct elf_plan){
        .relocatable = elf.type == ELF_TYPE_DYNAMIC,
        .header_count = count,
    };
    base = plan->relocatable ? base : 0;
    for (unsigned i = 0; i < count; i++) {
        struct program_header program;
        memcpy(&program, (const char *)headers + i * sizeof(program), sizeof(program));
        if (program.type == PT_INTERP) {
            return -ENOEXEC;
        }
        if (program.type == PT_LOAD && program.memory_size > 0) {
            int error = plan_segment(&program, file_size, base, low, high, plan);
            if (error) {
                return error;
            }
        }
    }
    plan->entry = elf.entry + base; // where that wraps round, it is in no segment
    plan->headers = find_loaded(plan, elf.program_headers, count * ELF_PROGRAM_HEADER_SIZE);
    return executable(plan, plan->entry) ? 0 : -ENOEXEC;
}
