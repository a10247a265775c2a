#include "kernel/cpu/gdt.h"

#include "boot/cmos.h"
#include "kernel/cpu/cpu.h"
#include "kernel/cpu/cpuid.h"
#include "kernel/cpu/idt.h"
#include "kernel/cpu/io.h"
#include "kernel/cpu/trap.h"
#include "kernel/cpu/user_mode.h"
#include "kernel/layout.h"
#include "kernel/panic.h"

// Segment descriptor (Intel SDM vol. 3A, 3.4.5). 64-bit code and data have no base and no limit.
struct __attribute__((packed)) segment_descriptor {
    uint16_t limit_low;
    uint16_t base_low;
    uint8_t base_middle;
    uint8_t access;
    uint8_t flags; // and bits 19 to 16 of the limit
    uint8_t base_high;
};

_Static_assert(sizeof(struct segment_descriptor) == 8, "selectors count in steps of 8");

#define ACCESS_P 0x80 // present
#define ACCESS_S 0x10 // code or data, no system segment
#define ACCESS_CODE 0x08 // code, else data
#define ACCESS_RW 0x02 // readable code, writable data
#define ACCESS_ACCESSED 0x01 // set from the start, so that the processor need not do it
#define ACCESS_SEGMENT (ACCESS_P | ACCESS_S | ACCESS_RW | ACCESS_ACCESSED)
#define FLAGS_L 0x20 // 64-bit code
#define ACCESS_TSS 0x09 // a system segment: 64-bit TSS, not busy
#define ACCESS_USER 0x60 // privilege level 3

#define CMOS_STATUS_D 0x0d // a register that reading leaves as it is

static struct segment_descriptor gdt[] = {
    [GDT_KERNEL_CODE / 8] = {.access = ACCESS_SEGMENT | ACCESS_CODE, .flags = FLAGS_L},
    [GDT_KERNEL_DATA / 8] = {.access = ACCESS_SEGMENT},
    [GDT_TSS / 8 + 1] = {0}, // a TSS takes two descriptors, filled by tss_init
    [GDT_USER_DATA / 8] = {.access = ACCESS_SEGMENT | ACCESS_USER},
    [GDT_USER_CODE / 8] = {.access = ACCESS_SEGMENT | ACCESS_CODE | ACCESS_USER, .flags = FLAGS_L},
};

void gdt_init(void)
{
    const struct cpu_table_pointer pointer = {.limit = sizeof(gdt) - 1, .base = (virt_t)gdt};

    __asm__ volatile("lgdt %0" : : "m"(pointer));
    // CS changes only by a jump, call or return to another segment.
    __asm__ volatile("pushq %0\n"
                     "leaq 1f(%%rip), %%rax\n"
                     "pushq %%rax\n"
                     "lretq\n"
                     "1:\n"
                     "movl %1, %%eax\n"
                     "movl %%eax, %%ds\n"
                     "movl %%eax, %%es\n"
                     "movl %%eax, %%ss\n"
                     "movl %%eax, %%fs\n"
                     "movl %%eax, %%gs\n"
                     :
                     : "i"(GDT_KERNEL_CODE), "i"(GDT_KERNEL_DATA)
                     : "rax", "memory");
    // After reset there is an LDT of 64 KiB at address 0 (Intel SDM vol. 3A, table 10-1).
    __asm__ volatile("lldt %w0" : : "r"(0));
}

// Task state segment (Intel SDM vol. 3A, 7.7): in long mode hardly more than a table of stacks.
struct __attribute__((packed)) tss {
    uint32_t reserved_0;
    uint64_t rsp[3]; // by privilege level, for interrupts that come from a lesser one
    uint64_t reserved_1;
    uint64_t ist[7]; // IST1 to IST7, for vectors whose gate names one
    uint64_t reserved_2;
    uint16_t reserved_3;
    uint16_t io_map_base; // sizeof(struct tss): there is no I/O map
};

_Static_assert(sizeof(struct tss) == 104, "as in the manual");

static struct tss tss = {.io_map_base = sizeof(struct tss)};

// The descriptor of a TSS is one of 16 bytes: the upper half of the base follows.
static void set_tss_descriptor(void)
{
    virt_t base = (virt_t)&tss;

    gdt[GDT_TSS / 8] = (struct segment_descriptor){
        .limit_low = sizeof(tss) - 1,
        .base_low = (uint16_t)base,
        .base_middle = (uint8_t)(base >> 16),
        .access = ACCESS_P | ACCESS_TSS,
        .base_high = (uint8_t)(base >> 24),
    };
    gdt[GDT_TSS / 8 + 1] = (struct segment_descriptor){
        .limit_low = (uint16_t)(base >> 32),
        .base_low = (uint16_t)(base >> 48),
    };
}

// The index port of the clock's CMOS memory has a bit beside the index that keeps NMIs back; the
// loader has set it. An access to the data port has to follow.
static void enable_nmi(void)
{
    out8(CMOS_INDEX, CMOS_STATUS_D);
    in8(CMOS_DATA);
}

void tss_init(void *(*alloc_stack)(void))
{
    // These can come when the current stack is no place to push anything.
    static const uint8_t vectors[] = {TRAP_DOUBLE_FAULT, TRAP_NMI, TRAP_MACHINE_CHECK};

    for (unsigned i = 0; i < sizeof(vectors); i++) {
        char *stack = alloc_stack();

        if (stack == NULL) {
            panic("tss: no memory for the stack of vector %u", vectors[i]);
        }
        tss.ist[i] = (virt_t)(stack + KERNEL_STACK_SIZE);
        idt_set_stack(vectors[i], i + 1);
    }
    set_tss_descriptor();
    __asm__ volatile("ltr %w0" : : "r"(GDT_TSS) : "memory");
    enable_nmi();
    if (cpuid_has(CPU_FEATURE_MCE)) { // without the bit a machine check shuts the processor down
        cpu_write_cr4(cpu_read_cr4() | CR4_MCE);
    }
}

void tss_set_stack(virt_t top)
{
    tss.rsp[0] = top;
    syscall_stack = top; // the SYSCALL instruction does not look into the TSS
}
