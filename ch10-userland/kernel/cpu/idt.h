// The interrupt descriptor table: 256 gates to the stubs of isr.asm (Intel SDM vol. 3A, 6.14.1).
#ifndef RUNG_KERNEL_CPU_IDT_H
#define RUNG_KERNEL_CPU_IDT_H

#define ISR_STUB_SIZE 16 // from one stub of isr.asm to the next

#ifndef __ASSEMBLER__

// Fills and loads the table; all gates are interrupt gates (IF is cleared on entry) on the current
// stack. From here on an exception is reported instead of resetting the machine. Called once by
// kmain, right after gdt_init.
void idt_init(void);

// Makes a vector switch to stack `ist` (1 to 7) of the TSS, 0: no switch. ASSERTs that both are in
// range. Called by tss_init.
void idt_set_stack(unsigned vector, unsigned ist);

// Lets programs use a vector by INT n, or INT3; without it that is a general protection fault.
void idt_allow_user(unsigned vector);

#endif
#endif
