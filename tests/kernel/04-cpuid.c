// kernel/cpu/cpuid.c against the instruction itself.
#include "kernel/cpu/cpuid.h"
#include "tests/kernel/test.h"

struct registers {
    uint32_t eax, ebx, ecx, edx;
};

static struct registers query(uint32_t leaf)
{
    struct registers result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(0));
    return result;
}

TEST(cpuid_features, "a feature is there when the processor's bit for it is set")
{
    struct registers basic = query(1), extended = query(0x80000001);

    CHECK(cpuid_has(CPU_FEATURE_LM) && cpuid_has(CPU_FEATURE_NX)); // or we were not here
    CHECK(cpuid_has(CPU_FEATURE_PAE));
    CHECK_EQUAL(cpuid_has(CPU_FEATURE_TSC), basic.edx >> 4 & 1);
    CHECK_EQUAL(cpuid_has(CPU_FEATURE_PGE), basic.edx >> 13 & 1);
    CHECK_EQUAL(cpuid_has(CPU_FEATURE_HYPERVISOR), basic.ecx >> 31);
    CHECK_EQUAL(cpuid_has(CPU_FEATURE_PDPE1GB), extended.edx >> 26 & 1);
    if (query(0).eax >= 7) {
        CHECK_EQUAL(cpuid_has(CPU_FEATURE_SMEP), query(7).ebx >> 7 & 1);
        CHECK_EQUAL(cpuid_has(CPU_FEATURE_SMAP), query(7).ebx >> 20 & 1);
    } else {
        CHECK(!cpuid_has(CPU_FEATURE_SMEP) && !cpuid_has(CPU_FEATURE_SMAP));
    }
}

TEST(cpuid_addresses, "the width of physical addresses is the processor's")
{
    CHECK_EQUAL(cpuid_physical_bits(), query(0x80000008).eax & 255);
    CHECK(cpuid_physical_bits() >= 36 && cpuid_physical_bits() <= 52);
}
