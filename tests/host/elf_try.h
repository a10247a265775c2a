// kernel/proc/elf.c as kernel/proc/exec.c uses it, over a file in memory, and what has to hold of every
// plan that it makes.
#ifndef RUNG_TESTS_HOST_ELF_TRY_H
#define RUNG_TESTS_HOST_ELF_TRY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/proc/elf.c"

#define LOW 0x10000
#define HIGH 0x7fffff7ff000
#define BASE 0x555555554000

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void check_plan(const struct elf_plan *plan, const uint8_t *file, size_t size)
{
    uint64_t last = LOW;
    bool entry = false;
    CHECK(plan->segment_count > 0 && plan->segment_count <= ELF_SEGMENTS_MAX);
    for (unsigned i = 0; i < plan->segment_count; i++) {
        const struct elf_segment *segment = &plan->segments[i];
        CHECK(segment->start % PAGE_SIZE == 0 && segment->end % PAGE_SIZE == 0);
        CHECK(segment->start >= last && segment->start < segment->end && segment->end <= HIGH);
        CHECK(segment->file_end >= segment->start && segment->file_end <= segment->end);
        CHECK(segment->offset % PAGE_SIZE == 0 && segment->offset <= size);
        CHECK(segment->file_end - segment->start <= size - segment->offset);
        entry = entry ||
                (segment->execute && plan->entry >= segment->start && plan->entry < segment->end);
        last = segment->end;
        // What AT_PHDR says is where the file's program headers are.
        if (plan->headers >= segment->start && plan->headers < segment->end) {
            const struct elf_header *header = (const struct elf_header *)(const void *)file;
            uint64_t offset = plan->headers - segment->start + segment->offset;
            CHECK(offset == header->program_headers);
            CHECK(plan->headers + plan->header_count * ELF_PROGRAM_HEADER_SIZE <=
                  segment->file_end);
        }
    }
    CHECK(entry && plan->end == last);
}

// Plans a file's load: 0, or a negative error.
static int elf_try(const void *file, size_t size, struct elf_plan *plan)
{
    uint64_t offset;
    if (size < ELF_HEADER_SIZE) {
        return -ENOEXEC;
    }
    // Copies, so that the sanitizer sees each byte that is read beyond what the contract gives.
    char *header = memcpy(malloc(ELF_HEADER_SIZE), file, ELF_HEADER_SIZE), *headers = NULL;
    int count = elf_check_header(header, size, &offset), error = count;
    if (count >= 0) {
        size_t length = (size_t)count * ELF_PROGRAM_HEADER_SIZE;
        CHECK(count > 0 && count <= ELF_PROGRAM_HEADERS_MAX);
        CHECK(offset <= size && length <= size - offset);
        headers = memcpy(malloc(length), (const char *)file + offset, length);
        error = elf_plan(header, headers, (unsigned)count, size, BASE, LOW, HIGH, plan);
    }
    CHECK(error == 0 || error == -ENOEXEC);
    if (error == 0) {
        check_plan(plan, (const uint8_t *)header, size);
    }
    free(headers);
    free(header);
    return error;
}

#endif
