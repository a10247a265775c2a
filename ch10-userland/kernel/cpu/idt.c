#include "kernel/cpu/idt.h"

#include "kernel/cpu/cpu.h"
#include "kernel/cpu/gdt.h"
#include "kernel/cpu/trap.h"
#include "lib/assert.h"

#define GATE_PRESENT (1u << 7)
#define GATE_INTERRUPT 0x0eu // a trap gate (0x0f) would leave interrupts on
#define IST_COUNT 7
#define GATE_USER (3u << 5) // privilege level 3 is enough to use it by an instruction

struct gate {
    uint16_t offset_0;
    uint16_t selector;
    uint8_t ist;
    uint8_t type;
    uint16_t offset_16;
    uint32_t offset_32;
    uint32_t reserved;
};

_Static_assert(sizeof(struct gate) == 16, "Intel SDM vol. 3A, figure 6-8");

extern const char isr_stubs[TRAP_COUNT][ISR_STUB_SIZE];

static struct gate gates[TRAP_COUNT] __attribute__((aligned(16)));

void idt_init(void)
{
    for (unsigned vector = 0; vector < TRAP_COUNT; vector++) {
        virt_t stub = (virt_t)isr_stubs[vector];
        gates[vector] = (struct gate){
            .offset_0 = (uint16_t)stub,
            .offset_16 = (uint16_t)(stub >> 16),
            .offset_32 = (uint32_t)(stub >> 32),
            .selector = GDT_KERNEL_CODE,
            .type = GATE_PRESENT | GATE_INTERRUPT,
        };
    }
    struct cpu_table_pointer pointer = {.limit = sizeof(gates) - 1, .base = (virt_t)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

void idt_set_stack(unsigned vector, unsigned ist)
{
    ASSERT(vector < TRAP_COUNT && ist <= IST_COUNT);
    gates[vector].ist = (uint8_t)ist;
}

void idt_allow_user(unsigned vector)
{
    ASSERT(vector < TRAP_COUNT);
    gates[vector].type |= GATE_USER;
}
