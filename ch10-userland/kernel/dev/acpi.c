// A pointer (RSDP) in the BIOS's memory leads to a table of tables (RSDT, XSDT with 64-bit
// addresses), that to the FADT with the ports, and that to the DSDT, which holds AML. Structures
// and offsets: ACPI Specification 6.5, chapter 5.2; AML: chapter 20.
#include "kernel/dev/acpi.h"

#include "kernel/dev/console.h"
#include "kernel/mm/kernel_area.h"
#include "lib/string.h"

#define EBDA_SEGMENT 0x40e // a word in the BIOS's data area: where its extended one begins
#define EBDA_SEARCHED 0x400
#define EBDA_MIN 0x80000 // below, it is something else
#define VGA_MEMORY 0xa0000
#define BIOS_START 0xe0000
#define BIOS_END 0x100000

#define TABLE_SIZE_MAX 0x400000
#define TABLES_MAX 256

struct __attribute__((packed)) pointer {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    // from revision 2 on
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
};
_Static_assert(offsetof(struct pointer, length) == 20, "all that revision 0 has");

struct __attribute__((packed)) table {
    char signature[4];
    uint32_t length; // with this header
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
};
_Static_assert(sizeof(struct table) == 36, "the header of all tables");

struct __attribute__((packed)) register_address {
    uint8_t space, bits, offset, access;
    uint64_t address;
};
#define SPACE_PORT 1

struct __attribute__((packed)) fadt {
    struct table table;
    uint32_t facs, dsdt;
    uint8_t reserved1, profile;
    uint16_t interrupt;
    uint32_t enable_port;
    uint8_t enable_value, disable_value, s4, p_state;
    uint32_t event_block[2], control_block[2], control2_block, timer_block, gpe_block[2];
    uint8_t block_lengths[8];
    uint16_t c2_latency, c3_latency, flush_size, flush_stride;
    uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
    uint16_t boot_flags;
    uint8_t reserved2;
    uint32_t flags;
    struct register_address reset;
    uint8_t reset_value;
    uint16_t arm_flags;
    uint8_t minor_version;
    uint64_t x_facs, x_dsdt;
    struct register_address x_event_block[2], x_control_block[2];
};
_Static_assert(offsetof(struct fadt, flags) == 112, "Table 5.9");
_Static_assert(offsetof(struct fadt, x_control_block) == 172, "Table 5.9");
#define FADT_RESET_SUPPORTED (1u << 10)

// AML's byte codes.
#define AML_ZERO 0x00
#define AML_ONE 0x01
#define AML_NAME 0x08
#define AML_BYTE 0x0a
#define AML_PACKAGE 0x12
#define SLEEP_TYPE_MAX 7

static struct acpi_info info;

const struct acpi_info *acpi_info(void)
{
    return &info;
}

static bool sums_to_zero(const void *data, size_t size)
{
    uint8_t sum = 0;
    for (const uint8_t *byte = data; size > 0; size--) {
        sum += *byte++;
    }
    return sum == 0;
}

// ---- Finding tables ----

static bool search_pointer(phys_t start, size_t size, struct pointer *pointer)
{
    const char *area = kernel_area_map_device(start, size);
    bool found = false;
    for (size_t i = 0; area && !found && i + sizeof(*pointer) <= size; i += 16) {
        memcpy(pointer, area + i, sizeof(*pointer));
        found = memcmp(pointer->signature, "RSD PTR ", sizeof(pointer->signature)) == 0 &&
                sums_to_zero(pointer, offsetof(struct pointer, length));
    }
    if (area) {
        kernel_area_unmap_device((void *)(virt_t)area);
    }
    return found;
}

static bool find_pointer(struct pointer *pointer)
{
    const uint16_t *segment = kernel_area_map_device(EBDA_SEGMENT, sizeof(*segment));
    phys_t ebda = segment ? (phys_t)*segment << 4 : 0;
    if (segment) {
        kernel_area_unmap_device((void *)(virt_t)segment);
    }
    bool there = ebda >= EBDA_MIN && ebda <= VGA_MEMORY - EBDA_SEARCHED;
    return (there && search_pointer(ebda, EBDA_SEARCHED, pointer)) ||
           search_pointer(BIOS_START, BIOS_END - BIOS_START, pointer);
}

// Maps a table: NULL when at this address there is none, or another, or a damaged one.
static const struct table *map_table(phys_t address, const char *signature)
{
    struct table *table = address ? kernel_area_map_device(address, sizeof(*table)) : NULL;
    if (!table) {
        return NULL;
    }
    uint32_t length = table->length;
    bool fits = memcmp(table->signature, signature, sizeof(table->signature)) == 0 &&
                length >= sizeof(*table) && length <= TABLE_SIZE_MAX;
    kernel_area_unmap_device(table);
    table = fits ? kernel_area_map_device(address, length) : NULL;
    if (table && (table->length != length || !sums_to_zero(table, length))) {
        kernel_area_unmap_device(table);
        return NULL;
    }
    return table;
}

static void unmap_table(const struct table *table)
{
    kernel_area_unmap_device((void *)(virt_t)table);
}

// Copies the FADT that a table of tables leads to; what it is too short for is 0.
static bool find_fadt(phys_t root_address, const char *signature, size_t entry_size,
                      struct fadt *fadt)
{
    const struct table *root = map_table(root_address, signature), *table = NULL;
    size_t count = root ? (root->length - sizeof(*root)) / entry_size : 0;
    for (size_t i = 0; i < count && i < TABLES_MAX && !table; i++) {
        uint64_t address = 0;
        memcpy(&address, (const char *)(root + 1) + i * entry_size, entry_size);
        table = map_table(address, "FACP");
    }
    memset(fadt, 0, sizeof(*fadt));
    if (table) {
        memcpy(fadt, table, table->length < sizeof(*fadt) ? table->length : sizeof(*fadt));
        unmap_table(table);
    }
    if (root) {
        unmap_table(root);
    }
    return table;
}

// ---- Sleep types ----

// Reads a small constant from AML; a larger one ends the reading. Returns the byte after it.
static const uint8_t *read_constant(const uint8_t *at, const uint8_t *end, uint8_t *value)
{
    if (at == end || (*at == AML_BYTE && end - at < 2) || (*at > AML_ONE && *at != AML_BYTE)) {
        return NULL;
    }
    *value = *at == AML_BYTE ? at[1] : *at;
    return *value > SLEEP_TYPE_MAX ? NULL : at + (*at == AML_BYTE ? 2 : 1);
}

// Reads a package of at least two small constants. Its length, in one to four bytes (the first's
// top bits say how many follow), need not be known: the table's end is checked.
static bool read_package(const uint8_t *at, const uint8_t *end, uint8_t types[2])
{
    if (end - at < 2 || at[0] != AML_PACKAGE || end - at < 3 + (at[1] >> 6)) {
        return false;
    }
    at += 2 + (at[1] >> 6);
    uint8_t count = *at++;
    at = count < 2 ? NULL : read_constant(at, end, &types[0]);
    return at && read_constant(at, end, &types[1]);
}

// Looks for Name(\_S5, Package{a, b, ...}), which firmware writes as plain constants.
static bool find_sleep_types(phys_t dsdt, uint8_t types[2])
{
    static const char name[] = {'_', 'S', '5', '_'};
    const struct table *table = map_table(dsdt, "DSDT");
    bool found = false;
    if (!table) {
        return false;
    }
    const uint8_t *at = (const uint8_t *)(table + 1), *end = (const uint8_t *)table + table->length;
    for (; !found && end - at >= 2 + (ptrdiff_t)sizeof(name); at++) {
        const uint8_t *text = at + (at[1] == '\\' ? 2 : 1);
        found = *at == AML_NAME && memcmp(text, name, sizeof(name)) == 0 &&
                read_package(text + sizeof(name), end, types);
    }
    unmap_table(table);
    return found;
}

// ---- All of it ----

static uint16_t port_of(uint32_t port, const struct register_address *extended)
{
    uint64_t address = port ? port : extended->space == SPACE_PORT ? extended->address : 0;
    return address <= UINT16_MAX ? (uint16_t)address : 0;
}

void acpi_init(void)
{
    static const struct register_address none;
    struct pointer pointer;
    struct fadt fadt;
    if (!find_pointer(&pointer)) {
        kprintf("acpi: none\n");
        return;
    }
    bool extended = pointer.revision >= 2 && sums_to_zero(&pointer, sizeof(pointer));
    if (!(extended && find_fadt(pointer.xsdt, "XSDT", sizeof(uint64_t), &fadt)) &&
        !find_fadt(pointer.rsdt, "RSDT", sizeof(uint32_t), &fadt)) {
        kprintf("acpi: the tables are damaged\n");
        return;
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(info.control_port); i++) {
        info.control_port[i] = port_of(fadt.control_block[i], &fadt.x_control_block[i]);
    }
    info.can_sleep = info.control_port[0] && (find_sleep_types(fadt.x_dsdt, info.sleep_type) ||
                                              find_sleep_types(fadt.dsdt, info.sleep_type));
    info.enable_port = fadt.enable_value ? port_of(fadt.enable_port, &none) : 0;
    info.enable_value = fadt.enable_value;
    info.reset_port = fadt.flags & FADT_RESET_SUPPORTED ? port_of(0, &fadt.reset) : 0;
    info.reset_value = fadt.reset_value;
    info.century_register = fadt.century < 0x80 ? fadt.century : 0;
    kprintf("acpi: power-off %s\n", info.can_sleep ? "possible" : "not possible");
}
