#include "kernel/cpu/user_mode.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/trap.h"

// What SYSCALL clears of RFLAGS: the kernel runs without interrupts at first, without being traced,
// with string instructions that go up, with programs' pages closed (AC), and can IRETQ (NT).
#define SYSCALL_CLEARS (RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT)

// SYSRET counts from a base: it loads SS with base + 8 and, for 64-bit code, CS with base + 16.
#define SYSRET_BASE (GDT_USER_DATA - 8)
_Static_assert(SYSRET_BASE + 16 == GDT_USER_CODE, "as SYSRET has it");
_Static_assert(GDT_KERNEL_CODE + 8 == GDT_KERNEL_DATA, "as SYSCALL has it");

extern const char syscall_entry[]; // syscall.asm
extern bool user_copy_smap; // user_copy.asm

void user_mode_init(void)
{
    uint64_t cr4 = cpu_read_cr4();

    cpu_write_msr(MSR_STAR, (uint64_t)SYSRET_BASE << 48 | (uint64_t)GDT_KERNEL_CODE << 32);
    cpu_write_msr(MSR_LSTAR, (virt_t)syscall_entry);
    cpu_write_msr(MSR_SFMASK, SYSCALL_CLEARS);
    cpu_write_msr(MSR_EFER, cpu_read_msr(MSR_EFER) | EFER_SCE);
    idt_allow_user(TRAP_BREAKPOINT);
    user_copy_smap = cpuid_has(CPU_FEATURE_SMAP);
    cr4 |= cpuid_has(CPU_FEATURE_SMEP) ? CR4_SMEP : 0;
    cr4 |= cpuid_has(CPU_FEATURE_SMAP) ? CR4_SMAP : 0;
    cr4 |= cpuid_has(CPU_FEATURE_UMIP) ? CR4_UMIP : 0;
    cpu_write_cr4(cr4);
}

void user_mode_set_bases(uint64_t fs, uint64_t gs)
{
    // What one program has put there is nothing that the next one should find. A null selector can
    // take the base away, so the bases come after it.
    __asm__ volatile("movl %0, %%ds\n movl %0, %%es\n movl %0, %%fs\n movl %0, %%gs" : : "r"(0));
    cpu_write_msr(MSR_FS_BASE, fs);
    cpu_write_msr(MSR_GS_BASE, gs);
}
