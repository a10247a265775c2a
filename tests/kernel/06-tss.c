// The TSS of kernel/cpu/gdt.c: stacks for what may come when the current one is broken.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/layout.h"
#include "kernel/mm/kernel_area.h"
#include "tests/kernel/test.h"

#define TSS_SIZE 104
#define IST_OFFSET 36
#define IST_USED 3
#define BUSY_TSS 0x8b // present, 64-bit TSS, busy: loaded

TEST(tss_stacks, "IST 1 to 3 of the loaded TSS are the tops of three stacks with guard pages")
{
    uint16_t selector;
    struct cpu_table_pointer gdt;

    __asm__ volatile("str %0" : "=r"(selector));
    __asm__ volatile("sgdt %0" : "=m"(gdt));
    CHECK_EQUAL(selector, GDT_TSS);
    const uint8_t *descriptor = (const uint8_t *)gdt.base + GDT_TSS;
    REQUIRE(GDT_TSS + 16 <= gdt.limit + 1u);
    CHECK_EQUAL(descriptor[0] | descriptor[1] << 8, TSS_SIZE - 1);
    CHECK_EQUAL(descriptor[5], BUSY_TSS);

    virt_t base = 0;
    static const uint8_t base_bytes[] = {2, 3, 4, 7, 8, 9, 10, 11};
    for (unsigned i = 0; i < sizeof(base_bytes); i++) {
        base |= (virt_t)descriptor[base_bytes[i]] << 8 * i;
    }
    REQUIRE(base >= (virt_t)kernel_data_start && base + TSS_SIZE <= (virt_t)kernel_data_end);
    uint64_t seen[IST_USED];
    for (unsigned i = 0; i < IST_USED; i++) {
        uint64_t top;
        __builtin_memcpy(&top, (const uint8_t *)base + IST_OFFSET + i * sizeof(top), sizeof(top));
        CHECK_EQUAL(top % 16, 0);
        CHECK(kernel_area_in_stack(top - KERNEL_STACK_SIZE, KERNEL_STACK_SIZE));
        CHECK(!kernel_area_in_stack(top, 1));
        CHECK(!kernel_area_in_stack(top - KERNEL_STACK_SIZE - 1, 1));
        seen[i] = top;
        for (unsigned j = 0; j < i; j++) {
            CHECK(seen[j] != top);
        }
    }
}
