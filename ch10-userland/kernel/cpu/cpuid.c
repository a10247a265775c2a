#include "kernel/cpu/cpuid.h"

#include "kernel/dev/console.h"
#include "lib/assert.h"
#include "lib/string.h"

// Leaves: what EAX asks for.
#define LEAF_VENDOR 0x00000000 // EAX: the highest leaf of this range
#define LEAF_SIGNATURE 0x00000001
#define LEAF_STRUCTURED 0x00000007
#define LEAF_EXTENDED 0x80000000 // EAX: the highest leaf of this range
#define LEAF_EXTENDED_FEATURES 0x80000001
#define LEAF_BRAND 0x80000002 // and the two that follow
#define LEAF_POWER 0x80000007
#define LEAF_ADDRESSES 0x80000008

enum { EAX, EBX, ECX, EDX, REGISTER_COUNT };

static const struct {
    const char *name;
    uint32_t leaf;
    uint8_t result, bit;
} features[CPU_FEATURE_COUNT] = {
    [CPU_FEATURE_FPU] = {"fpu", LEAF_SIGNATURE, EDX, 0},
    [CPU_FEATURE_TSC] = {"tsc", LEAF_SIGNATURE, EDX, 4},
    [CPU_FEATURE_PAE] = {"pae", LEAF_SIGNATURE, EDX, 6},
    [CPU_FEATURE_PGE] = {"pge", LEAF_SIGNATURE, EDX, 13},
    [CPU_FEATURE_FXSR] = {"fxsr", LEAF_SIGNATURE, EDX, 24},
    [CPU_FEATURE_MCE] = {"mce", LEAF_SIGNATURE, EDX, 7},
    [CPU_FEATURE_SSE] = {"sse", LEAF_SIGNATURE, EDX, 25},
    [CPU_FEATURE_SSE2] = {"sse2", LEAF_SIGNATURE, EDX, 26},
    [CPU_FEATURE_NX] = {"nx", LEAF_EXTENDED_FEATURES, EDX, 20},
    [CPU_FEATURE_LM] = {"lm", LEAF_EXTENDED_FEATURES, EDX, 29},
    [CPU_FEATURE_PDPE1GB] = {"pdpe1gb", LEAF_EXTENDED_FEATURES, EDX, 26},
    [CPU_FEATURE_SMEP] = {"smep", LEAF_STRUCTURED, EBX, 7},
    [CPU_FEATURE_SMAP] = {"smap", LEAF_STRUCTURED, EBX, 20},
    [CPU_FEATURE_UMIP] = {"umip", LEAF_STRUCTURED, ECX, 2},
    [CPU_FEATURE_INVARIANT_TSC] = {"invariant-tsc", LEAF_POWER, EDX, 8},
    [CPU_FEATURE_HYPERVISOR] = {"hypervisor", LEAF_SIGNATURE, ECX, 31},
};

static char vendor[3 * sizeof(uint32_t) + 1];
static char brand[3 * REGISTER_COUNT * sizeof(uint32_t) + 1];
static unsigned family, model, stepping;
static unsigned physical_bits, virtual_bits;
static uint32_t present; // a bit for each enum cpu_feature

_Static_assert(CPU_FEATURE_COUNT <= 32, "features fit into `present`");

// Executes CPUID, subleaf 0. A leaf that this processor does not have gives all zeroes (Intel's own
// answer to it is that of some other leaf).
static void query(uint32_t leaf, uint32_t result[REGISTER_COUNT])
{
    uint32_t range = leaf & LEAF_EXTENDED, highest;

    __asm__("cpuid"
            : "=a"(highest), "=b"(result[EBX]), "=c"(result[ECX]), "=d"(result[EDX])
            : "a"(range), "c"(0));
    // Without any extended leaf the highest is one of the basic range.
    if (highest < leaf || (highest & LEAF_EXTENDED) != range) {
        memset(result, 0, REGISTER_COUNT * sizeof(*result));
        return;
    }
    __asm__("cpuid"
            : "=a"(result[EAX]), "=b"(result[EBX]), "=c"(result[ECX]), "=d"(result[EDX])
            : "a"(leaf), "c"(0));
}

static void read_names(void)
{
    uint32_t result[REGISTER_COUNT];

    query(LEAF_VENDOR, result);
    memcpy(vendor, &result[EBX], sizeof(uint32_t));
    memcpy(vendor + 4, &result[EDX], sizeof(uint32_t));
    memcpy(vendor + 8, &result[ECX], sizeof(uint32_t));
    for (unsigned i = 0; i < 3; i++) {
        query(LEAF_BRAND + i, result);
        memcpy(brand + i * sizeof(result), result, sizeof(result));
    }
}

// Family and model are two fields each; the second ones count where the first ones are full.
static void read_signature(void)
{
    uint32_t result[REGISTER_COUNT];

    query(LEAF_SIGNATURE, result);
    stepping = result[EAX] & 15;
    model = result[EAX] >> 4 & 15;
    family = result[EAX] >> 8 & 15;
    if (family == 6 || family == 15) {
        model |= (result[EAX] >> 16 & 15) << 4;
    }
    if (family == 15) {
        family += result[EAX] >> 20 & 255;
    }
}

static void read_address_sizes(void)
{
    uint32_t result[REGISTER_COUNT];

    query(LEAF_ADDRESSES, result);
    physical_bits = result[EAX] & 255;
    virtual_bits = result[EAX] >> 8 & 255;
    if (physical_bits == 0) { // what the first 64-bit processors had
        physical_bits = 36;
        virtual_bits = 48;
    }
}

void cpuid_init(void)
{
    uint32_t result[REGISTER_COUNT];

    read_names();
    read_signature();
    read_address_sizes();
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        query(features[i].leaf, result);
        present |= (result[features[i].result] >> features[i].bit & 1) << i;
    }
}

bool cpuid_has(enum cpu_feature feature)
{
    ASSERT(feature < CPU_FEATURE_COUNT);
    return present >> feature & 1;
}

unsigned cpuid_physical_bits(void)
{
    return physical_bits;
}

const char *cpuid_name(void)
{
    const char *name = brand;

    while (*name == ' ') { // Intel aligned it to the right once
        name++;
    }
    return name;
}

void cpuid_print(void)
{
    const char *name = brand;

    while (*name == ' ') { // Intel aligned it to the right once
        name++;
    }
    kprintf("processor   %s, %s\n", vendor, *name != '\0' ? name : "without a name");
    kprintf("            family %u, model %u, stepping %u; addresses of %u bits, physical %u\n",
            family, model, stepping, virtual_bits, physical_bits);
    kprintf("features   ");
    for (unsigned i = 0; i < CPU_FEATURE_COUNT; i++) {
        if (cpuid_has((enum cpu_feature)i)) {
            kprintf(" %s", features[i].name);
        }
    }
    kprintf("\n");
}
