// kernel/long_mode.asm: the state in which it hands the processor over, and the first page tables.
#include "kernel/cpu/cpu.h"
#include "kernel/layout.h"
#include "tests/kernel/test.h"

#define ENTRIES 512
#define EFER_LMA 0x400
#define PTE_P 0x1
#define PTE_XD 0x8000000000000000

static const uint64_t *pml4(void)
{
    uint64_t cr3;
    __asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
    return phys_to_virt(cr3);
}

TEST(long_mode_registers, "64-bit mode is on, with write protection and no-execute pages")
{
    uint64_t cr0, cr4;
    uint32_t low, high;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
    CHECK_EQUAL(cr0 & (CR0_PG | CR0_WP), CR0_PG | CR0_WP);
    CHECK_EQUAL(cr4 & CR4_PAE, CR4_PAE);
    CHECK_EQUAL(low & (EFER_LME | EFER_LMA | EFER_NXE), EFER_LME | EFER_LMA | EFER_NXE);
}

TEST(long_mode_halves, "nothing is mapped in the lower half, and in the upper one what DESIGN says")
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        bool expected = i == (DIRECT_MAP_BASE >> 39 & 511) || i == (KERNEL_BASE >> 39 & 511);
        CHECK_EQUAL(pml4()[i] & PTE_P, expected);
    }
    CHECK_EQUAL(pml4()[DIRECT_MAP_BASE >> 39 & 511] & PTE_XD, PTE_XD);
    CHECK_EQUAL(pml4()[KERNEL_BASE >> 39 & 511] & PTE_XD, 0);
}

TEST(long_mode_alias, "image and direct map show the same memory, all 4 GiB of it in the latter")
{
    static volatile uint32_t variable;
    volatile uint32_t *alias = phys_to_virt(image_to_phys((const void *)&variable));
    const volatile uint32_t *last = phys_to_virt(0xfffffffc); // in the BIOS's ROM

    *alias = 0x12345678;
    CHECK_EQUAL(variable, 0x12345678);
    (void)*last;
}
