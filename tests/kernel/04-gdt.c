// kernel/cpu/gdt.c: what the segment registers hold.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/layout.h"
#include "tests/kernel/test.h"

TEST(gdt_registers,
     "all segment registers hold selectors of the kernel's GDT, which is in its data")
{
    uint16_t cs, ds, es, ss, fs, gs;
    struct cpu_table_pointer pointer;

    __asm__ volatile("movw %%cs, %0" : "=r"(cs));
    __asm__ volatile("movw %%ds, %0" : "=r"(ds));
    __asm__ volatile("movw %%es, %0" : "=r"(es));
    __asm__ volatile("movw %%ss, %0" : "=r"(ss));
    __asm__ volatile("movw %%fs, %0" : "=r"(fs));
    __asm__ volatile("movw %%gs, %0" : "=r"(gs));
    __asm__ volatile("sgdt %0" : "=m"(pointer));
    CHECK_EQUAL(cs, GDT_KERNEL_CODE);
    CHECK_EQUAL(ds, GDT_KERNEL_DATA);
    CHECK_EQUAL(es, GDT_KERNEL_DATA);
    CHECK_EQUAL(ss, GDT_KERNEL_DATA);
    CHECK_EQUAL(fs, GDT_KERNEL_DATA);
    CHECK_EQUAL(gs, GDT_KERNEL_DATA);
    CHECK(pointer.base >= (virt_t)kernel_data_start);
    CHECK(pointer.base + pointer.limit < (virt_t)kernel_data_end);
}

TEST(gdt_reload, "selectors can be loaded anew, so the descriptors behind them are good")
{
    gdt_init();
    __asm__ volatile("movl %0, %%eax\n movl %%eax, %%ss\n movl %%eax, %%ds"
                     :
                     : "i"(GDT_KERNEL_DATA)
                     : "eax");
    CHECK(true);
}
