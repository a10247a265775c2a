// kernel/proc/elf.c on the host: what is a program, what isn't, and where its parts go.
//
//     elf_cases CASE SEED
//     elf_cases make          writes a program, for the fuzzer to start from
#include "elf_try.h"

#define SEGMENTS 20 // of which a program has three, and a test adds some
#define TEXT 0x400000
#define DATA 0x402e10
#define MALFORMED 20000
#define MADE_SIZE 0x2200 // all of its segments

struct file {
    struct elf_header header;
    struct program_header segments[SEGMENTS];
    uint8_t rest[0x4000];
};

static struct file file;
static struct elf_plan plan;
static uint64_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

// A program as a linker makes it: headers and text, data with .bss behind it, a stack's rights.
static void make_program(void)
{
    memset(&file, 0, sizeof(file));
    file.header = (struct elf_header){
        .magic = ELF_MAGIC,
        .class = ELF_CLASS_64,
        .data = ELF_DATA_LITTLE_ENDIAN,
        .ident_version = 1,
        .type = ELF_TYPE_EXECUTABLE,
        .machine = ELF_MACHINE_X86_64,
        .version = 1,
        .entry = TEXT + 0x1010,
        .program_headers = sizeof(struct elf_header),
        .size = sizeof(struct elf_header),
        .program_header_size = sizeof(struct program_header),
        .program_header_count = 3,
    };
    file.segments[0] = (struct program_header){.type = PT_LOAD,
                                               .flags = PF_X | 4,
                                               .address = TEXT,
                                               .file_size = 0x1800,
                                               .memory_size = 0x1800};
    file.segments[1] = (struct program_header){.type = PT_LOAD,
                                               .flags = PF_W | 4,
                                               .address = DATA,
                                               .offset = 0x1e10,
                                               .file_size = 0x300,
                                               .memory_size = 0x2800};
    file.segments[2] = (struct program_header){.type = 0x6474e551, .flags = 6};
}

static int try(void)
{
    return elf_try(&file, sizeof(file), &plan);
}

static bool same(const struct elf_segment *segment, struct elf_segment expected)
{
    return segment->start == expected.start && segment->end == expected.end &&
           segment->offset == expected.offset && segment->file_end == expected.file_end &&
           segment->write == expected.write && segment->execute == expected.execute;
}

#define CASE(name, claim) static void name(void)

CASE(plain, "an executable is planned as its headers say, in whole pages")
{
    make_program();
    CHECK(try() == 0 && plan.segment_count == 2 && !plan.relocatable);
    CHECK(same(&plan.segments[0], (struct elf_segment){.start = TEXT,
                                                       .end = TEXT + 0x2000,
                                                       .file_end = TEXT + 0x1800,
                                                       .execute = true}));
    CHECK(same(&plan.segments[1], (struct elf_segment){.start = 0x402000,
                                                       .end = 0x406000,
                                                       .offset = 0x1000,
                                                       .file_end = DATA + 0x300,
                                                       .write = true}));
    CHECK(plan.entry == TEXT + 0x1010 && plan.end == 0x406000);
    CHECK(plan.headers == TEXT + sizeof(struct elf_header) && plan.header_count == 3);
}

CASE(static_pie, "all addresses of a static-pie count from the base")
{
    make_program();
    file.header.type = ELF_TYPE_DYNAMIC;
    file.header.entry -= TEXT;
    file.segments[0].address -= TEXT;
    file.segments[1].address -= TEXT;
    CHECK(try() == 0 && plan.relocatable && plan.segments[0].start == BASE);
    CHECK(plan.segments[1].file_end == BASE + DATA - TEXT + 0x300);
    CHECK(plan.entry == BASE + 0x1010 && plan.end == BASE + 0x6000);
    CHECK(plan.headers == BASE + sizeof(struct elf_header));
}

CASE(bss_alone, "a segment without bytes in the file is zeroes, whatever its offset is")
{
    make_program();
    file.segments[1].file_size = 0;
    file.segments[1].offset = 0xfedcba9876543210 & 0xfff;
    CHECK(try() == 0 && plan.segments[1].file_end == plan.segments[1].start);
    CHECK(plan.segments[1].offset == 0);
}

CASE(headers_unmapped, "program headers that are in no segment have no address")
{
    make_program();
    file.segments[0].offset = 0x1000;
    file.segments[0].address = TEXT + 0x1000;
    file.segments[0].file_size = file.segments[0].memory_size = 0x800;
    CHECK(try() == 0 && plan.headers == 0);
}

CASE(empty_segments, "segments of no bytes are left out, however many there are")
{
    make_program();
    for (unsigned i = 3; i < SEGMENTS; i++) {
        file.segments[i] = (struct program_header){.type = PT_LOAD, .address = ~0ul};
    }
    file.header.program_header_count = SEGMENTS;
    CHECK(try() == 0 && plan.segment_count == 2);
}

// Sets one thing in a good program: it must be refused.
#define REFUSED(member, value)                                                                     \
    do {                                                                                           \
        make_program();                                                                            \
        file.member = (value);                                                                     \
        CHECK(try() == -ENOEXEC);                                                                  \
    } while (0)

CASE(wrong_kind, "what is no static ELF64 executable for x86-64 is refused")
{
    REFUSED(header.magic, 0x464c457e);
    REFUSED(header.class, 1);
    REFUSED(header.data, 2);
    REFUSED(header.ident_version, 0);
    REFUSED(header.version, 2);
    REFUSED(header.type, 1);
    REFUSED(header.type, 4);
    REFUSED(header.machine, 3);
    REFUSED(header.program_header_size, 32);
    REFUSED(segments[2].type, PT_INTERP);
}

CASE(wrong_headers, "program headers that are not wholly in the file are refused")
{
    REFUSED(header.program_header_count, 0);
    REFUSED(header.program_header_count, ELF_PROGRAM_HEADERS_MAX + 1);
    REFUSED(header.program_header_count, 0xffff);
    REFUSED(header.program_headers, sizeof(file) - 3 * sizeof(struct program_header) + 1);
    REFUSED(header.program_headers, ~0ul - 8);
    make_program();
    CHECK(elf_try(&file, sizeof(file.header) - 1, &plan) == -ENOEXEC);
    CHECK(elf_try(&file, sizeof(file.header) + 3 * sizeof(struct program_header) - 1, &plan) ==
          -ENOEXEC);
}

CASE(wrong_segments,
     "segments outside of the file or of user addresses, or on top of each other, are refused")
{
    REFUSED(segments[1].file_size, 0x2801); // more than in memory
    REFUSED(segments[0].offset, sizeof(file) & ~0xffful);
    REFUSED(segments[0].offset, ~0xffful);
    REFUSED(segments[1].offset, 0x1e11);
    REFUSED(segments[0].address, 0);
    REFUSED(segments[0].address, LOW - 0x1000);
    REFUSED(segments[1].address, HIGH - 0x1000 + 0xe10);
    REFUSED(segments[1].address, 0xffffffff80000e10);
    REFUSED(segments[1].address, 0xfffffffffffffe10); // wraps round
    REFUSED(segments[1].memory_size, ~0ul);
    REFUSED(segments[1].memory_size, HIGH);
    REFUSED(segments[1].address, TEXT + 0x1e10); // the text's last page
    REFUSED(segments[1].address, TEXT - 0x2000 + 0xe10); // out of order
    make_program();
    for (unsigned i = 2; i <= ELF_SEGMENTS_MAX; i++) {
        file.segments[i] = (struct program_header){
            .type = PT_LOAD, .address = 0x500000 + i * 0x1000ul, .memory_size = 1};
    }
    file.header.program_header_count = ELF_SEGMENTS_MAX;
    CHECK(try() == 0 && plan.segment_count == ELF_SEGMENTS_MAX);
    file.header.program_header_count++;
    CHECK(try() == -ENOEXEC);
}

CASE(wrong_entry, "a program that would start where it may not execute is refused")
{
    REFUSED(header.entry, 0);
    REFUSED(header.entry, DATA);
    REFUSED(header.entry, TEXT + 0x2000);
    REFUSED(header.entry, 0xffffffff80000000);
    REFUSED(segments[0].flags, 4);
}

CASE(malformed, "20,000 malformed and random files: refused, or planned within all bounds")
{
    static const uint64_t values[] = {0, 1, 0xfff, 0x1000, TEXT, LOW, HIGH, BASE, sizeof(file),
                                      1ul << 31, 1ul << 32, 1ul << 47, 1ul << 63, ~0ul, ~0xffful};
    unsigned planned = 0, refused = 0;
    for (unsigned i = 0; i < MALFORMED; i++) {
        make_program();
        uint8_t *bytes = (uint8_t *)&file;
        size_t headers = offsetof(struct file, segments[3]), size = sizeof(file);
        for (unsigned change = random_below(6); change > 0; change--) {
            uint64_t value = values[random_below(ARRAY_LENGTH(values))] + random_below(3) - 1;
            size_t length = 1ul << random_below(4);
            size_t place = random_below((uint32_t)(headers - length) + 1) & ~(length - 1);
            memcpy(bytes + place, &value, length);
        }
        if (i % 16 == 0) {
            size = random_below((uint32_t)size + 1);
        }
        for (size_t at = 0; i % 64 == 0 && at < headers; at++) {
            bytes[at] = at < 5 ? bytes[at] : (uint8_t)random_below(256);
        }
        *(elf_try(&file, size, &plan) == 0 ? &planned : &refused) += 1;
    }
    CHECK(planned > MALFORMED / 20 && refused > MALFORMED / 4);
}

#undef CASE
#define CASE(name) {#name, name}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {CASE(plain), CASE(static_pie), CASE(bss_alone), CASE(headers_unmapped),
             CASE(empty_segments), CASE(wrong_kind), CASE(wrong_headers), CASE(wrong_segments),
             CASE(wrong_entry), CASE(malformed)};

int main(int argc, char **argv)
{
    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (size_t i = 0; argc > 1 && i < ARRAY_LENGTH(cases); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    if (argc > 1 && strcmp(argv[1], "make") == 0) {
        make_program();
        return fwrite(&file, 1, MADE_SIZE, stdout) != MADE_SIZE;
    }
    fprintf(stderr, "no such case\n");
    return 2;
}
