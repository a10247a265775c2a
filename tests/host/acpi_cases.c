// kernel/dev/acpi.c on the host, over memory that the cases fill: whatever is mapped is a copy of its
// own, so that the address sanitizer sees each byte that is read beyond it.
//
//     acpi_cases CASE SEED
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/acpi.c"

#define MEMORY_SIZE 0x100000
#define RSDP 0xf5a20
#define EBDA 0x9fc00
#define ROOT 0xe1000 // RSDT or XSDT
#define FADT 0xe2000
#define DSDT 0xe3000

static uint8_t memory[MEMORY_SIZE];
static int mapped; // and not unmapped yet
static uint64_t seed;

void *kernel_area_map_device(phys_t physical, size_t size)
{
    if (size == 0 || size > KERNEL_AREA_SIZE || physical >> 46) {
        return NULL;
    }
    uint8_t *copy = malloc(size);
    size_t there = physical < MEMORY_SIZE ? MEMORY_SIZE - physical : 0;
    there = there < size ? there : size;
    memcpy(copy, memory + (there > 0 ? physical : 0), there);
    memset(copy + there, 0xff, size - there); // so an empty bus reads
    mapped++;
    return copy;
}

void kernel_area_unmap_device(void *pointer)
{
    mapped--;
    free(pointer);
}

int kprintf(const char *text, ...)
{
    (void)text;
    return 0;
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % limit;
}

// ---- Tables ----

static uint8_t sum_of(const void *data, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += ((const uint8_t *)data)[i];
    }
    return sum;
}

static void fix_table(phys_t address)
{
    struct table *table = (struct table *)(memory + address);
    if (table->length >= sizeof(*table) && table->length < MEMORY_SIZE - address) {
        table->checksum -= sum_of(table, table->length);
    }
}

static void fix_pointer(phys_t address)
{
    struct pointer *pointer = (struct pointer *)(memory + address);
    pointer->checksum -= sum_of(pointer, 20);
    pointer->extended_checksum -= sum_of(pointer, sizeof(*pointer));
}

static struct table *put_table(phys_t address, const char *signature, size_t size)
{
    struct table *table = (struct table *)(memory + address);
    memcpy(table->signature, signature, 4);
    table->length = (uint32_t)size;
    return table;
}

static struct fadt *fadt(void)
{
    return (struct fadt *)(memory + FADT);
}

static const uint8_t plain_aml[] = {
    0x10, 0x05, 0x5f, 0x53, 0x42, 0x5f, // something before it
    0x08, 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x08, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00, 0xa3,
};

static void put_aml(const void *aml, size_t size)
{
    memset(memory + DSDT, 0, 0x1000);
    put_table(DSDT, "DSDT", sizeof(struct table) + size);
    memcpy(memory + DSDT + sizeof(struct table), aml, size);
    fix_table(DSDT);
}

// A machine whose tables say all there is to say, by 32-bit or by 64-bit addresses.
static void put_all(bool extended)
{
    memset(memory, 0, sizeof(memory));
    memset(&info, 0, sizeof(info));
    struct pointer *pointer = (struct pointer *)(memory + RSDP);
    memcpy(pointer->signature, "RSD PTR ", 8);
    pointer->revision = extended ? 2 : 0;
    pointer->length = sizeof(*pointer);
    pointer->xsdt = extended ? ROOT : 0;
    pointer->rsdt = extended ? 0x1234 : ROOT;
    fix_pointer(RSDP);
    // The first entry leads nowhere, the second to another table.
    size_t entry_size = extended ? 8 : 4;
    put_table(ROOT, extended ? "XSDT" : "RSDT", sizeof(struct table) + 3 * entry_size);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t address = i == 0 ? 0 : i == 1 ? ROOT : FADT;
        memcpy(memory + ROOT + sizeof(struct table) + i * entry_size, &address, entry_size);
    }
    fix_table(ROOT);
    put_table(FADT, "FACP", sizeof(struct fadt));
    fadt()->enable_port = 0xb2;
    fadt()->enable_value = 0xa0;
    fadt()->control_block[0] = 0x604;
    fadt()->x_control_block[1] = (struct register_address){.space = SPACE_PORT, .address = 0x704};
    fadt()->flags = FADT_RESET_SUPPORTED;
    fadt()->reset = (struct register_address){.space = SPACE_PORT, .address = 0xcf9};
    fadt()->reset_value = 6;
    fadt()->century = 0x32;
    fadt()->dsdt = extended ? 0 : DSDT;
    fadt()->x_dsdt = extended ? DSDT : 0;
    fix_table(FADT);
    put_aml(plain_aml, sizeof(plain_aml));
}

static void init(void)
{
    memset(&info, 0, sizeof(info));
    acpi_init();
    CHECK(mapped == 0);
    CHECK(!info.can_sleep || (info.sleep_type[0] <= 7 && info.sleep_type[1] <= 7));
    CHECK(!info.can_sleep || info.control_port[0] != 0);
}

static void check_all(void)
{
    CHECK(info.can_sleep);
    CHECK(info.control_port[0] == 0x604 && info.control_port[1] == 0x704);
    CHECK(info.sleep_type[0] == 5 && info.sleep_type[1] == 1);
    CHECK(info.enable_port == 0xb2 && info.enable_value == 0xa0);
    CHECK(info.reset_port == 0xcf9 && info.reset_value == 6);
    CHECK(info.century_register == 0x32);
}

// ---- Cases ----

#define CASE(name, claim) static void case_##name(void)

CASE(whole, "all that the tables say is found, by 32-bit and by 64-bit addresses")
{
    for (int extended = 0; extended < 2; extended++) {
        put_all(extended);
        init();
        check_all();
    }
}

CASE(ebda, "the pointer is also found in the BIOS's extended data area")
{
    put_all(true);
    memcpy(memory + EBDA + 16, memory + RSDP, sizeof(struct pointer));
    memset(memory + RSDP, 0, sizeof(struct pointer));
    init();
    CHECK(!info.can_sleep);
    memory[0x40e] = 0xc0;
    memory[0x40f] = 0x9f;
    init();
    check_all();
}

CASE(nothing, "a machine without tables, or with an empty bus in their place, has nothing")
{
    static const struct acpi_info none;
    memset(memory, 0, sizeof(memory));
    init();
    CHECK(memcmp(&info, &none, sizeof(info)) == 0);
    memset(memory, 0xff, sizeof(memory));
    init();
    CHECK(memcmp(&info, &none, sizeof(info)) == 0);
}

CASE(checksums, "a table with one wrong bit is not used")
{
    static const phys_t tables[] = {ROOT, FADT, DSDT};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        for (size_t bit = 0; bit < 8 * sizeof(struct table); bit++) {
            put_all(i % 2);
            memory[tables[i] + bit / 8] ^= (uint8_t)(1 << bit % 8);
            init();
            CHECK(!info.can_sleep);
        }
    }
    for (size_t bit = 0; bit < 8 * 20; bit++) { // the pointer's first 20 bytes
        put_all(true);
        memory[RSDP + bit / 8] ^= (uint8_t)(1 << bit % 8);
        init();
        CHECK(!info.can_sleep);
    }
}

CASE(lengths, "a length that is too small, too large or beyond all memory is not believed")
{
    static const uint32_t lengths[] = {0, 1, 35, 0x400001, 0x7fffffff, 0x80000000, 0xffffffff};
    static const phys_t tables[] = {ROOT, FADT, DSDT};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        for (size_t j = 0; j < ARRAY_LENGTH(lengths); j++) {
            put_all(true);
            ((struct table *)(memory + tables[i]))->length = lengths[j];
            fix_table(tables[i]);
            init();
            CHECK(!info.can_sleep);
        }
        put_all(true); // nothing but a header
        ((struct table *)(memory + tables[i]))->length = sizeof(struct table);
        fix_table(tables[i]);
        init();
        CHECK(!info.can_sleep);
    }
}

CASE(old, "a short FADT has no reset register and no 64-bit addresses")
{
    put_all(false);
    fadt()->table.length = 116;
    fix_table(FADT);
    init();
    CHECK(info.can_sleep && info.control_port[1] == 0 && info.reset_port == 0);
}

CASE(ports, "registers that are no ports are left alone")
{
    put_all(true);
    fadt()->control_block[0] = 0x10604;
    fadt()->reset.space = 0;
    fadt()->enable_port = 0xffffffff;
    fix_table(FADT);
    init();
    CHECK(!info.can_sleep && info.reset_port == 0 && info.enable_port == 0);
    put_all(true);
    fadt()->reset.address = 0x100000cf9;
    fadt()->flags = ~(uint32_t)FADT_RESET_SUPPORTED;
    fadt()->enable_value = 0; // ACPI is always on
    fadt()->century = 0xb2; // would be the NMI gate's bit
    fix_table(FADT);
    init();
    CHECK(info.can_sleep && info.reset_port == 0 && info.enable_port == 0);
    CHECK(info.century_register == 0);
}

CASE(aml, "the package is read in all its forms, and nothing else is taken for it")
{
    static const struct {
        const char *aml;
        size_t size;
        int types[2]; // -1: not to be found
    } forms[] = {
#define FORM(text, ...) {text, sizeof(text) - 1, {__VA_ARGS__}}
        FORM("\x08_S5_\x12\x06\x04\x00\x00\x00\x00", 0, 0),
        FORM("\x08_S5_\x12\x08\x04\x0a\x07\x0a\x06\x00\x00", 7, 6),
        FORM("\x08\\_S5_\x12\x0a\x04\x0a\x05\x0a\x05\x0a\x05\x0a\x05", 5, 5),
        FORM("\x08_S5_\x12\x48\x00\x02\x01\x00", 1, 0), // a length of two bytes
        FORM("\x08_S5_\x12\xc8\x00\x00\x00\x02\x01\x0a\x03", 1, 3),
        FORM("\x08\x08_S5_\x12\x04\x02\x01\x01", 1, 1),
        FORM("\x08_S5_\x08_S5_\x12\x04\x02\x01\x01", 1, 1), // the first is something else
        FORM("\x08_S5_\x12\x06\x04\x0a\x08\x00\x00", -1), // more than three bits
        FORM("\x08_S5_\x12\x06\x04\xff\x00\x00\x00", -1),
        FORM("\x08_S5_\x12\x06\x01\x05", -1), // one element
        FORM("\x08_S5_\x12\x06\x04\x0b\x05\x00\x00", -1),
        FORM("_S5_\x12\x06\x04\x00\x00\x00\x00", -1), // no name
        FORM("\x08_S4_\x12\x06\x04\x00\x00\x00\x00", -1),
        FORM("\x08_S5_", -1), // cut at each place
        FORM("\x08_S5_\x12", -1),
        FORM("\x08_S5_\x12\x06", -1),
        FORM("\x08_S5_\x12\x06\x04", -1),
        FORM("\x08_S5_\x12\x06\x04\x00", -1),
        FORM("\x08_S5_\x12\x06\x04\x0a", -1),
        FORM("\x08_S5_\x12\x06\x04\x01\x0a", -1),
        FORM("\x08_S5_\x12\xc6", -1),
        FORM("\x08_S5_\x12\xc6\x00\x00\x00", -1),
        FORM("\x08\\_S5", -1),
        FORM("\x08", -1),
        FORM("", -1),
    };
    for (size_t i = 0; i < ARRAY_LENGTH(forms); i++) {
        put_all(true);
        put_aml(forms[i].aml, forms[i].size);
        init();
        CHECK(info.can_sleep == (forms[i].types[0] >= 0));
        if (info.can_sleep) {
            CHECK(info.sleep_type[0] == forms[i].types[0]);
            CHECK(info.sleep_type[1] == forms[i].types[1]);
        }
    }
}

CASE(random, "20,000 hostile machines, most with right checksums, are survived")
{
    static const struct {
        phys_t start;
        size_t size;
    } places[] = {
        {EBDA, sizeof(struct pointer)}, // it is looked for there first
        {ROOT, sizeof(struct table) + 24},
        {FADT, sizeof(struct fadt)},
        {DSDT, sizeof(struct table) + sizeof(plain_aml)},
    };
    unsigned usable = 0;
    for (unsigned i = 0; i < 20000; i++) {
        put_all(true);
        memory[0x40e] = EBDA >> 4 & 0xff;
        memory[0x40f] = EBDA >> 12;
        memcpy(memory + EBDA, memory + RSDP, sizeof(struct pointer));
        memset(memory + RSDP, 0, sizeof(struct pointer));
        for (unsigned changes = 1 + random_below(6); changes > 0; changes--) {
            unsigned place = random_below(ARRAY_LENGTH(places));
            phys_t at = places[place].start + random_below((uint32_t)places[place].size);
            memory[at] = random_below(2) ? (uint8_t)random_below(256) : memory[at] ^ 1;
        }
        if (random_below(8)) {
            fix_pointer(EBDA);
            fix_table(ROOT);
            fix_table(FADT);
            fix_table(DSDT);
        }
        init();
        usable += info.can_sleep;
    }
    CHECK(usable > 1000); // the changes do reach what is behind the checks
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
    {"whole", case_whole}, {"ebda", case_ebda}, {"nothing", case_nothing},
    {"checksums", case_checksums}, {"lengths", case_lengths}, {"old", case_old},
    {"ports", case_ports}, {"aml", case_aml}, {"random", case_random},
};

int main(int argc, char **argv)
{
    if (argc != 3) {
        return 2;
    }
    seed = strtoull(argv[2], NULL, 10);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    fprintf(stderr, "no case %s\n", argv[1]);
    return 2;
}
