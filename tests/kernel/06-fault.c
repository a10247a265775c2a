// Page faults: each report names the access, the address, what is there and why it failed. The
// registers below it are those of the fault: vector, error code and CR2 are checked too.
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/trap.h"
#include "kernel/mm/kernel_area.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/pmm.h"
#include "tests/kernel/test.h"

#define PTE_RESERVED (1ull << 51) // part of an address that no processor of today has lines for

__attribute__((noinline)) static void write_to(virt_t address)
{
    *(volatile char *)address = 1;
}

__attribute__((noinline)) static void read_from(virt_t address)
{
    (void)*(volatile char *)address;
}

__attribute__((noinline)) static void call(virt_t address)
{
    void (*volatile function)(void) = (void (*)(void))address;

    function();
}

TEST_PANIC(fault_null_read, "reading through a null pointer is called that",
           "panic: page fault: read of 0x0000000000000010 \\(null pointer\\): not mapped\n"
           "vector 14 .*, error code 0x0, CR2 0x10\n")
{
    read_from(0x10);
}

TEST_PANIC(fault_null_write, "so is writing, up to 64 KiB above",
           "panic: page fault: write to 0x000000000000ffff \\(null pointer\\): not mapped\n"
           "vector 14 .*, error code 0x2, CR2 0xffff\n")
{
    write_to(0xffff);
}

TEST_PANIC(fault_null_call, "and calling, where the backtrace names the caller",
           "panic: page fault: instruction fetch from 0x0000000000000000 \\(null pointer\\): "
           "not mapped\n"
           "vector 14 .*, error code 0x10, CR2 0x0\n(.*\n)*  #1 [0-9a-f]+ call\\+")
{
    call(0);
}

TEST_PANIC(fault_user_half, "the user half is named",
           "panic: page fault: write to 0x0000000000400000 \\(user half\\): not mapped\n")
{
    write_to(0x400000);
}

TEST_PANIC(fault_text, "the kernel's text is read-only",
           "panic: page fault: write to 0xffffffff801[0-9a-f]{5} \\(the kernel's text\\): "
           "read-only\nvector 14 .*, error code 0x3,")
{
    write_to((virt_t)write_to);
}

TEST_PANIC(fault_rodata, "the kernel's constants are read-only",
           "panic: page fault: write to 0xffffffff801[0-9a-f]{5} \\(the kernel's rodata\\): "
           "read-only\n")
{
    static const char constant[] = "constant";

    write_to((virt_t)constant);
}

TEST_PANIC(fault_text_alias, "the kernel's text is read-only in the direct map too",
           "panic: page fault: write to 0xffff8000001[0-9a-f]{5} "
           "\\(direct map of the kernel's text\\): read-only\n")
{
    write_to((virt_t)phys_to_virt(image_to_phys((const void *)(virt_t)write_to)));
}

TEST_PANIC(fault_execute_data, "the kernel's data is not executable",
           "panic: page fault: instruction fetch from 0xffffffff801[0-9a-f]{5} "
           "\\(the kernel's data\\): not executable\nvector 14 .*, error code 0x11,")
{
    static char code[] = {(char)0xc3}; // RET

    call((virt_t)code);
}

TEST_PANIC(fault_execute_alias, "the kernel's text is not executable in the direct map",
           "panic: page fault: instruction fetch from .*"
           "\\(direct map of the kernel's text\\): not executable\n")
{
    call((virt_t)phys_to_virt(image_to_phys((const void *)(virt_t)write_to)));
}

TEST_PANIC(fault_execute_memory, "memory in the direct map is not executable",
           "panic: page fault: instruction fetch from .*"
           "\\(direct map of physical 0x[0-9a-f]+\\): not executable\n")
{
    call((virt_t)phys_to_virt(pmm_alloc(0, PAGE_OTHER)));
}

TEST_PANIC(fault_page_zero, "physical page 0 is named",
           "panic: page fault: read of 0xffff800000000400 "
           "\\(direct map of physical page 0, which stays unmapped\\): not mapped\n")
{
    read_from((virt_t)phys_to_virt(0x400));
}

TEST_PANIC(fault_not_ram, "the direct map ends with the memory",
           "panic: page fault: write to 0xffff8[0-9a-f]+ "
           "\\(direct map above the end of RAM, physical 0x[0-9a-f]+\\): not mapped\n")
{
    write_to((virt_t)phys_to_virt(pmm_end()));
}

TEST_PANIC(fault_dynamic_area, "the unused part of the dynamic area is named",
           "panic: page fault: write to 0xffffc07ffffff000 "
           "\\(unused part of the dynamic area\\): not mapped\n")
{
    write_to(KERNEL_AREA_BASE + KERNEL_AREA_SIZE - PAGE_SIZE);
}

TEST_PANIC(fault_nothing, "addresses of the kernel's half that are for nothing are called that",
           "panic: page fault: write to 0xffffd00000000000 "
           "\\(no part of the kernel's address space\\): not mapped\n")
{
    write_to(0xffffd00000000000);
}

TEST_PANIC(fault_not_canonical, "an address between the halves is a general protection fault",
           "panic: .*#GP general protection fault")
{
    write_to(0x0000900000000000);
}

TEST_PANIC(fault_reserved_bit, "an entry that the processor does not accept is called that",
           "panic: page fault: read of 0xffffc00[0-9a-f]+ \\(stack at 0xffffc00[0-9a-f]+\\): "
           "reserved bit in its page table entry\nvector 14 .*, error code 0x[89],")
{
    virt_t address = (virt_t)kernel_area_alloc_stack();
    phys_t table = kernel_page_table.root;
    uint64_t *entry = NULL;

    for (unsigned shift = 39; shift >= 12; shift -= 9) {
        entry = (uint64_t *)phys_to_virt(table) + (address >> shift & 511);
        table = *entry & 0x000ffffffffff000ull;
    }
    *entry |= PTE_RESERVED;
    cpu_invalidate_page(address);
    read_from(address);
}

TEST_PANIC(fault_guard_page, "touching the guard page below a stack is a stack overflow",
           "panic: kernel stack overflow: write to 0xffffc00[0-9a-f]+ "
           "\\(guard page below the stack at 0xffffc00[0-9a-f]+\\): not mapped\n"
           "vector 14 .*, error code 0x2,")
{
    write_to((virt_t)kernel_area_alloc_stack() - 1);
}

TEST_PANIC(fault_boot_guard_page, "so is touching the one below the boot stack",
           "panic: kernel stack overflow: write to 0xffffffff80[0-9a-f]{6} "
           "\\(guard page below the boot stack\\): not mapped\n")
{
    write_to((virt_t)boot_stack_guard);
}

// Calls itself until the stack is used up. The work after the call keeps it from being a loop.
__attribute__((noinline)) static unsigned recurse(volatile unsigned *depth)
{
    volatile unsigned here = ++*depth;

    return here == 0 ? 0 : recurse(depth) + here;
}

TEST_PANIC(fault_boot_stack_overflow, "endless recursion on the boot stack is a stack overflow",
           "panic: kernel stack overflow: double fault at 0xffffffff80[0-9a-f]{6} "
           "\\(guard page below the boot stack\\)\n"
           "vector 8 .*, error code 0x0, CR2 0xffffffff80[0-9a-f]{6}\n"
           "(.*\n)*  #0 [0-9a-f]+ recurse\\+.*\n  #1 [0-9a-f]+ recurse\\+")
{
    volatile unsigned depth = 0;

    recurse(&depth);
}

// What a chapter with processes does: runs a function on a stack of the dynamic area.
static void run_on_stack(char *stack, void (*function)(void))
{
    __asm__ volatile("mov %0, %%rsp\n\tcall *%1" : : "r"(stack + KERNEL_STACK_SIZE), "r"(function));
    __builtin_unreachable();
}

static void recurse_without_end(void)
{
    volatile unsigned depth = 0;

    recurse(&depth);
}

TEST_PANIC(fault_stack_overflow, "so it is on a stack of the dynamic area, with a backtrace",
           "panic: kernel stack overflow: double fault at 0xffffc00[0-9a-f]+ "
           "\\(guard page below the stack at 0xffffc00[0-9a-f]+\\)\n"
           "vector 8 .*\n(.*\n)*  #0 [0-9a-f]+ recurse\\+.*\n  #1 [0-9a-f]+ recurse\\+")
{
    run_on_stack(kernel_area_alloc_stack(), recurse_without_end);
}

TEST_PANIC(fault_double_fault, "a double fault for another reason says which address it came from",
           "panic: double fault; the last page fault was at 0x00000000000[0-9a-f]{5} \\(null "
           "pointer\\)\nvector 8 ")
{
    __asm__ volatile("mov $0x8000, %%rsp\n\tpush %%rax" : : : "memory");
}
