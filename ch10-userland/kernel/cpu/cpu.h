// Single instructions that C has no words for. Names as in the Intel SDM. Any context, except where
// a function says otherwise.
#ifndef RUNG_KERNEL_CPU_CPU_H
#define RUNG_KERNEL_CPU_CPU_H

#include "lib/types.h"

// Control registers (Intel SDM vol. 3A, 2.5) and model-specific registers (vol. 4), with those of
// their bits that this kernel uses. Also read by nasm.
#define CR0_WP 0x00010000
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define EFER_NXE 0x800
#define CR4_PGE 0x80
#define CR4_MCE 0x40
#define RFLAGS_IF 0x200
#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_TS 0x8
#define CR0_NE 0x20
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define CR4_UMIP 0x800
#define CR4_OSXSAVE 0x40000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000
#define EFER_SCE 0x1
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define RFLAGS_TF 0x100
#define RFLAGS_DF 0x400
#define RFLAGS_NT 0x4000
#define RFLAGS_RF 0x10000
#define RFLAGS_AC 0x40000
#define RFLAGS_FIXED 0x2 // always set
#define RFLAGS_USER 0x254dd5 // a program may change: CF PF AF ZF SF TF DF OF NT RF AC ID

// What LGDT and LIDT take: the pseudo-descriptor of Intel SDM vol. 3A, 3.5.1.
struct __attribute__((packed)) cpu_table_pointer {
    uint16_t limit; // size of the table less one
    uint64_t base;
};

// Stops this CPU for good.
_Noreturn static inline void cpu_halt(void)
{
    while (true) {
        __asm__ volatile("cli; hlt" : : : "memory");
    }
}

// Turns interrupts off.
static inline void cpu_disable_interrupts(void)
{
    __asm__ volatile("cli" : : : "memory");
}

// Reads the time stamp counter.
static inline uint64_t cpu_read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

// Reads a model-specific register, which must exist.
static inline uint64_t cpu_read_msr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

// Writes a model-specific register, which must exist and take the value.
static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

    __asm__ volatile("wrmsr" : : "a"(low), "d"(high), "c"(msr) : "memory");
}

// Read and write control registers.
static inline uint64_t cpu_read_cr0(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr0(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr3(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr3(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline uint64_t cpu_read_cr4(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void cpu_write_cr4(uint64_t value)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory");
}

// Forgets the translation of one page, global or not.
static inline void cpu_invalidate_page(virt_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

// Reads the address of the last page fault.
static inline uint64_t cpu_read_cr2(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

// Turns interrupts on.
static inline void cpu_enable_interrupts(void)
{
    __asm__ volatile("sti" : : : "memory");
}

// Reads RFLAGS.
static inline uint64_t cpu_read_flags(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
    return flags;
}

// Whether interrupts are on.
static inline bool cpu_interrupts_enabled(void)
{
    return cpu_read_flags() & RFLAGS_IF;
}

// Turns interrupts off and tells whether they were on, for cpu_restore_interrupts.
static inline bool cpu_save_interrupts(void)
{
    bool enabled = cpu_interrupts_enabled();

    cpu_disable_interrupts();
    return enabled;
}

// Turns interrupts on again if they were.
static inline void cpu_restore_interrupts(bool enabled)
{
    if (enabled) {
        cpu_enable_interrupts();
    }
}

#endif
